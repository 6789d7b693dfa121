import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x.double()
    z = z - z.amax(dim=-1, keepdim=True)
    return (z - z.exp().sum(dim=-1, keepdim=True).log()).to(x.dtype)
