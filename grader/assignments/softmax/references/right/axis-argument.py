import torch
from torch import Tensor


def good_softmax(x: Tensor, axis=-1) -> Tensor:
    # axis like in numpy
    x_max = torch.amax(x, axis, keepdim=True)
    num = torch.exp(x - x_max)
    return num / torch.sum(num, axis=axis, keepdims=True)
