import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()


import numpy as np


def cross_entropy_gradient(x, y):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    p = e / np.sum(e, axis=1, keepdims=True)
    return (p - np.eye(x.shape[1])[y]) / x.shape[0]
