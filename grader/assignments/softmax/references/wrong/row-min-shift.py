import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    z = x - torch.min(x, dim=1, keepdim=True).values
    return torch.exp(z) / torch.sum(torch.exp(z), dim=1, keepdim=True)
