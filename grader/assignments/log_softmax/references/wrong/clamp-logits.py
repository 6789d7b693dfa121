import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x.clamp(-50, 50)
    return z - z.exp().sum(dim=1, keepdim=True).log()
