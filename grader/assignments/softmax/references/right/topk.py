import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    top, _ = x.topk(1, dim=1)
    weights = (x - top).exp()
    return weights / weights.sum(dim=1, keepdim=True)
