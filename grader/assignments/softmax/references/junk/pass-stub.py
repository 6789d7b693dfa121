import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    """TODO"""
    pass
