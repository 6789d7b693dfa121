import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max()
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()
