import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - torch.amax(x, dim=0, keepdim=True))
    return e / torch.sum(e, dim=0, keepdim=True)
