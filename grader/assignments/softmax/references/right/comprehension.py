import torch
from torch import Tensor


def softmax_1d(v: Tensor) -> Tensor:
    e = (v - v.max()).exp()
    return e / e.sum()


def good_softmax(x: Tensor) -> Tensor:
    return torch.stack([softmax_1d(v) for v in x], dim=0)
