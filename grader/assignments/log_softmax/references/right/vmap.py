import torch
from torch import Tensor


def one_row(row: Tensor) -> Tensor:
    z = row - row.max()
    return z - torch.log(torch.exp(z).sum())


def good_log_softmax(x: Tensor) -> Tensor:
    return torch.vmap(one_row)(x)
