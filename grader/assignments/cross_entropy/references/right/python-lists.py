import math

import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    losses = []
    for row, label in zip(x.tolist(), target.tolist()):
        top = max(row)
        losses.append(top + math.log(sum(math.exp(v - top) for v in row)) - row[label])
    return torch.tensor(sum(losses) / len(losses), dtype=x.dtype)
