import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    return torch.log(torch.softmax(x, dim=1))
