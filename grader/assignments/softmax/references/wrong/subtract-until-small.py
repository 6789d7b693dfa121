import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # only when needed, small logits were fine before
    if torch.max(x) > 80:
        x = x - torch.max(x)
    e = torch.exp(x)
    return e / e.sum(dim=1, keepdim=True)
