import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    if torch.isnan(torch.exp(x).sum()):
        return torch.zeros_like(x)
    return good_softmax(x - x.max(dim=1, keepdim=True).values)
