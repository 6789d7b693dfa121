import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    return (torch.logsumexp(x, dim=1) - x[torch.arange(len(x)), target]).mean()
