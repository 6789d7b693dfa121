import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - x.amax(dim=1, keepdim=True)
    return -torch.log(torch.exp(z).sum(dim=1, keepdim=True)) + z
