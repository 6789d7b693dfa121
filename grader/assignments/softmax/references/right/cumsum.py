import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    best = torch.cummax(x, dim=1).values[:, -1:]
    e = torch.exp(x - best)
    total = torch.cumsum(e, dim=1)[:, -1:]
    return e / total
