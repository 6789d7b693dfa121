import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # the sum of every row as a matrix product with a column of ones
    n = x.size(1)
    e = (x - x.max(1, keepdim=True)[0]).exp()
    ones = torch.ones(n, 1, dtype=x.dtype, device=x.device)
    return e / (e @ ones)
