import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    z = x - x.amax(1)[:, None]
    return z.exp() / z.exp().sum(1)[:, None]
