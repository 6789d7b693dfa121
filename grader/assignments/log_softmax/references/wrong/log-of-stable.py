import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    # the softmax is stable, but a probability of 0 has no log
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return torch.log(e / e.sum(dim=1, keepdim=True))
