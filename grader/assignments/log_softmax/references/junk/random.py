import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    return -torch.rand_like(x)
