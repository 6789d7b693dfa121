import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    return torch.zeros_like(x)
