import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    x = x - x.max(dim=1, keepdim=True).values
    # do it again in case of rounding, it should be 0 now
    x = x - x.max(dim=1, keepdim=True).values
    return torch.exp(x) / torch.exp(x).sum(dim=1, keepdim=True)
