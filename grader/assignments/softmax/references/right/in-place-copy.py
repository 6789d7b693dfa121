import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    y = x.clone()  # the caller keeps his tensor
    y -= y.max(dim=1, keepdim=True).values
    y.exp_()
    return y / y.sum(dim=1, keepdim=True)
