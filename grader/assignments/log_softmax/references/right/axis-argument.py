import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - torch.amax(x, axis=1, keepdims=True)
    return z - torch.log(torch.sum(torch.exp(z), axis=1, keepdims=True))
