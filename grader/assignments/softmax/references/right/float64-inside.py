import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    d = x.double()
    d = d - d.max(dim=1, keepdim=True).values
    e = torch.exp(d)
    return (e / e.sum(dim=1, keepdim=True)).to(x.dtype)
