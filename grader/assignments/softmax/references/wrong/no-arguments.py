import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax() -> Tensor:
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)


good_softmax()
