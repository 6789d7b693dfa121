import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    m = x.max(dim=1, keepdim=True).values
    return torch.exp(x - m) / torch.exp(x).sum(dim=1, keepdim=True)
