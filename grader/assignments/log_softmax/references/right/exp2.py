import math

import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - x.amax(dim=-1, keepdim=True)
    total = torch.exp2(z / math.log(2)).sum(dim=-1, keepdim=True)
    return z - torch.log2(total) * math.log(2)
