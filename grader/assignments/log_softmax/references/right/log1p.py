import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    # the largest term of the sum is exactly 1, log1p takes the rest
    ordered = x.sort(dim=1, descending=True).values
    top = ordered[:, :1]
    rest = torch.exp(ordered[:, 1:] - top).sum(dim=1, keepdim=True)
    return (x - top) - torch.log1p(rest)
