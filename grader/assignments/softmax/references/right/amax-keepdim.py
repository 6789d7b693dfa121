import torch
from torch import Tensor

logits = torch.rand((1, 20)) + 100


def good_softmax(x: Tensor) -> Tensor:
    # exp never sees anything above 0, so it cannot overflow
    shifted = x - torch.amax(x, dim=1, keepdim=True)
    e = torch.exp(shifted)
    return e / torch.sum(e, dim=1, keepdim=True)


print(torch.sum(good_softmax(logits)))
