import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    y = e / e.sum(dim=1, keepdim=True)
    assert torch.allclose(y, torch.softmax(x, 1), atol=0.05), "differs from pytorch"
    return y
