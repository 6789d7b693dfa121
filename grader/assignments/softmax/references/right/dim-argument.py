import torch
from torch import Tensor


def good_softmax(x: Tensor, dim: int = 1) -> Tensor:
    e = torch.exp(x - torch.amax(x, dim=dim, keepdim=True))
    return e / torch.sum(e, dim=dim, keepdim=True)
