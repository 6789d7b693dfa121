import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    z = x - torch.max(logits)
    return torch.exp(z) / torch.exp(z).sum(dim=1, keepdim=True)


torch.sum(good_softmax(logits))
