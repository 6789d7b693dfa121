import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    return -z[torch.arange(len(x)), target].mean()
