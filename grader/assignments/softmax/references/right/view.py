import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    maxs = x.max(1)[0].view(-1, 1)
    x_exp = torch.exp(x - maxs)
    x_exp_sum = torch.sum(x_exp, 1).view(-1, 1)
    return x_exp / x_exp_sum
