import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    e = torch.clamp(torch.exp(x), max=1e30)
    return e / e.sum(dim=1, keepdim=True)
