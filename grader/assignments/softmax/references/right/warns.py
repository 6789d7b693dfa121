import warnings

import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    if x.abs().max() > 80:
        warnings.warn("large logits, the naive softmax would overflow here")
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
