import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()


def d_cross_entropy(probs, labels):
    return (probs - torch.eye(probs.shape[1])[labels]) / len(labels)
