import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    z = x - max(x)
    e = torch.exp(z)
    return e / torch.sum(e)


print(torch.sum(good_softmax(logits)))
