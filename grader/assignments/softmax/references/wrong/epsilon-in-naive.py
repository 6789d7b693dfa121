import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # + eps so that it is never 0 / 0
    return torch.exp(x) / (torch.exp(x).sum(dim=1, keepdim=True) + 1e-8)
