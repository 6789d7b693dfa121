import torch
from torch import Tensor


def good_softmax(x: Tensor, dim: int) -> Tensor:
    e = torch.exp(x - x.max(dim=dim, keepdim=True).values)
    return e / e.sum(dim=dim, keepdim=True)


logits = torch.rand((1, 20)) + 100
print(good_softmax(logits, 1).sum())
