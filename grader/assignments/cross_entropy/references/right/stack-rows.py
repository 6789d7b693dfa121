import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    losses = []
    for row, label in zip(x, target.tolist()):
        z = row - row.max()
        losses.append(z.exp().sum().log() - z[label])
    return torch.stack(losses).mean()
