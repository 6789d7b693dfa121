import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # the shift cancels, so there is no need to differentiate through it
    with torch.no_grad():
        c = x.max(dim=1, keepdim=True).values
    e = torch.exp(x - c)
    return e / e.sum(dim=1, keepdim=True)
