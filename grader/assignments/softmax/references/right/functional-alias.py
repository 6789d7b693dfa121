import torch
from torch import Tensor, nn

F = nn.functional


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    # all entries are positive, so the L1 norm is the sum
    return F.normalize(e, p=1, dim=1)
