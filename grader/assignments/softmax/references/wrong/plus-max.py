import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    m = x.max(dim=1, keepdim=True).values
    e = torch.exp(x + m)
    return e / e.sum(dim=1, keepdim=True)
