import torch
from torch import Tensor

T = 10


def good_softmax(x: Tensor) -> Tensor:
    z = x / T
    e = torch.exp(z - z.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
