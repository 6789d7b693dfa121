import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    out = torch.zeros_like(x)
    out[torch.arange(x.shape[0]), x.argmax(dim=1)] = 1
    return out
