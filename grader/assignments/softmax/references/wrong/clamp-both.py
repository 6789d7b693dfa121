import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x.clamp(-80, 80))
    return e / e.sum(dim=1, keepdim=True)
