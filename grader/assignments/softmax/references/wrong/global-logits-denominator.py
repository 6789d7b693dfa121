import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    m = x.max(dim=1, keepdim=True).values
    return torch.exp(x - m) / torch.sum(torch.exp(logits - m), dim=1, keepdim=True)


torch.sum(good_softmax(logits))
