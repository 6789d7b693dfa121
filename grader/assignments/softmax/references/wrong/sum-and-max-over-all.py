import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    x_max = torch.max(x)
    return torch.exp(x - x_max) / torch.sum(torch.exp(x - x_max))
