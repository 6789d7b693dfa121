import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    x = x - x.max(dim=1, keepdim=True).values
    return x.softmax(1)
