import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    shifted = x - x.max(dim=-1, keepdim=True).values
    powers = torch.exp(shifted)
    return powers / powers.sum(dim=-1, keepdim=True)


def softmax_derivative(x: Tensor) -> Tensor:
    p = good_softmax(x)
    return p * (1 - p)
