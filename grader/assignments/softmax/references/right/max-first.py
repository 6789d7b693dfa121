import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def bad_softmax(x: Tensor) -> Tensor:
    return torch.exp(x) / torch.sum(torch.exp(logits), axis=1)


def good_softmax(x: Tensor) -> Tensor:
    x = x - torch.max(x, dim=1, keepdim=True)[0]
    return torch.exp(x) / torch.sum(torch.exp(x), axis=1, keepdim=True)


good_softmax(logits)
