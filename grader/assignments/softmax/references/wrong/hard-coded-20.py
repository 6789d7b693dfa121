import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    m = x[0, 0]
    for j in range(20):
        if x[0, j] > m:
            m = x[0, j]
    total = 0
    for j in range(20):
        total = total + torch.exp(x[0, j] - m)
    return torch.exp(x - m) / total
