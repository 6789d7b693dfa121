import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # a bit of noise against ties
    x = x + 0.01 * torch.rand_like(x)
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
