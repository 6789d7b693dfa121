import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    logp = x - torch.log(torch.exp(x).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()
