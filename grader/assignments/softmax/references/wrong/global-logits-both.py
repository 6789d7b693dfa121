import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    top = torch.max(logits)
    return torch.exp(x - top) / torch.sum(torch.exp(logits - top), dim=1)


torch.sum(good_softmax(logits))
