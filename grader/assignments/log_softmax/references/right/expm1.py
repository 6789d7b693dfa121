import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - x.amax(dim=-1, keepdim=True)
    # the sum of exp is the sum of expm1 plus the number of terms
    return z - torch.log(torch.expm1(z).sum(dim=-1, keepdim=True) + x.shape[-1])
