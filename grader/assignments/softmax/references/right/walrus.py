import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    return (e := torch.exp(x - x.amax(1, keepdim=True))) / e.sum(1, keepdim=True)
