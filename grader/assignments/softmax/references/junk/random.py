import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    r = torch.rand_like(x)
    return r / r.sum(dim=1, keepdim=True)
