import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    top = torch.amax(x, dim=-1, keepdim=True)
    lse = top + torch.log(torch.exp(x - top).sum(dim=-1, keepdim=True))
    return x - lse
