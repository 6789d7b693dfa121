import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    total = 0
    for row, label in zip(x, target):
        z = row - row.max()
        total = total + torch.log(torch.exp(z).sum()) - z[label]
    return total / len(x)
