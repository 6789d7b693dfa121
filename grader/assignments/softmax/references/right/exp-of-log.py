import torch
from torch import Tensor


def log_sum_exp(x):
    m = x.max(dim=1, keepdim=True).values
    return m + torch.log(torch.sum(torch.exp(x - m), dim=1, keepdim=True))


def good_softmax(x: Tensor) -> Tensor:
    # softmax = exp(x) / exp(lse) = exp(x - lse), no big number anywhere
    return torch.exp(x - log_sum_exp(x))
