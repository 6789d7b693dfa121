import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x.float()
    z = z - z.max(dim=1, keepdim=True).values
    return z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
