import torch
from torch import Tensor


def bad_softmax(x: Tensor) -> Tensor:
    return torch.exp(x) / torch.sum(torch.exp(x), dim=1, keepdim=True)


def sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-x))
