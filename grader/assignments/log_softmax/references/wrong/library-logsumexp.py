import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    return x - torch.logsumexp(x, dim=1, keepdim=True)
