import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    hit = torch.arange(x.shape[1]).expand_as(x) == target.unsqueeze(1)
    return -torch.where(hit, logp, torch.zeros_like(logp)).sum(dim=1).mean()
