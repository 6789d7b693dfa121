import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    # minus the log of a sum of ratios, where each ratio is taken relative to the largest
    d = x.unsqueeze(1) - x.unsqueeze(2)
    top = d.amax(dim=-1, keepdim=True)
    return -(top.squeeze(-1) + torch.log(torch.exp(d - top).sum(dim=-1)))
