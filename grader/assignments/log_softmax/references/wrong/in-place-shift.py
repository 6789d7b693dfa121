import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    x -= x.max(dim=1, keepdim=True).values
    return x - torch.log(torch.exp(x).sum(dim=1, keepdim=True))
