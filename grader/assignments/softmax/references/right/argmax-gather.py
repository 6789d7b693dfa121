import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    where = torch.argmax(x, dim=1, keepdim=True)
    e = torch.exp(x - torch.gather(x, 1, where))
    return e / e.sum(dim=1, keepdim=True)
