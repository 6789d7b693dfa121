import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor, shift=logits.max()) -> Tensor:
    e = torch.exp(x - shift)
    return e / e.sum(dim=1, keepdim=True)


good_softmax(logits)
