import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    max = torch.amax(x, dim=1, keepdim=True)
    exp = torch.exp(x - max)
    sum = torch.sum(exp, dim=1, keepdim=True)
    softmax = exp / sum
    return softmax
