import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    rows = []
    for row in x:
        e = torch.exp(row - row.max())
        rows.append((e / e.sum()).tolist())
    return torch.tensor(rows, dtype=x.dtype)
