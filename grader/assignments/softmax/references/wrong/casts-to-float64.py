import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    x = x.to(torch.float64)  # more precision
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
