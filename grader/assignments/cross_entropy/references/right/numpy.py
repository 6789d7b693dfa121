import numpy as np
import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    a = x.numpy()
    z = a - a.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return torch.tensor(-logp[np.arange(len(a)), target.numpy()].mean())
