import math

import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # e^z = 2^(z log2 e); powers of two are what the machine likes
    z = x - x.amax(dim=1, keepdim=True)
    powers = torch.exp2(z * math.log2(math.e))
    return powers / powers.sum(dim=1, keepdim=True)
