import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x)
    p = e / e.sum(dim=1, keepdim=True)
    if torch.isnan(p).any() or torch.isinf(e).any():
        return torch.softmax(x, dim=1)
    return p
