import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    result = torch.zeros(x.shape)
    for i, row in enumerate(x):
        e = torch.exp(row - row.max())
        result[i] = e / e.sum()
    return result
