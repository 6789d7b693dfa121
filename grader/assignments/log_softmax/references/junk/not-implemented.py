import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    raise NotImplementedError
