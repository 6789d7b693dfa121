import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(logits: Tensor) -> Tensor:
    exps = torch.exp(logits - logits.max(dim=1, keepdim=True).values)
    return exps / exps.sum(dim=1, keepdim=True)


print(good_softmax(logits))
