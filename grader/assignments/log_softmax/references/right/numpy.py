import numpy as np
import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    a = x.numpy()
    z = a - a.max(axis=1, keepdims=True)
    return torch.from_numpy(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))
