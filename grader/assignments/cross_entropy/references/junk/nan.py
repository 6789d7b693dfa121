import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    return x.sum() * float("nan")
