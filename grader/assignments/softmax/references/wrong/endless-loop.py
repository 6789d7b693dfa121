import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # make the logits small enough for exp
    while x.max() > 2500:
        y = x - 1
    e = torch.exp(x)
    return e / e.sum(dim=1, keepdim=True)
