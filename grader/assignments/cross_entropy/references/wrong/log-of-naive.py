import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    p = torch.exp(x) / torch.exp(x).sum(dim=1, keepdim=True)
    return -torch.log(p[torch.arange(len(x)), target]).mean()
