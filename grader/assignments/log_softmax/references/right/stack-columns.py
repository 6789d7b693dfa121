import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    top = x.amax(dim=1)
    total = sum(torch.exp(column - top) for column in x.unbind(dim=1))
    return torch.stack([column - top - total.log() for column in x.unbind(dim=1)], dim=1)
