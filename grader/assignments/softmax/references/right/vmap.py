import torch
from torch import Tensor


def softmax_one(v):
    e = torch.exp(v - v.max())
    return e / e.sum()


def good_softmax(x: Tensor) -> Tensor:
    return torch.vmap(softmax_one)(x)
