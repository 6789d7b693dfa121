import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # 2**x grows slower than e**x
    e = torch.pow(2, x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
