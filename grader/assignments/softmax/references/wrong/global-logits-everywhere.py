import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)


torch.sum(good_softmax(logits))
