import math

import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    result = []
    for row in x.tolist():
        top = max(row)
        exps = [math.exp(v - top) for v in row]
        total = sum(exps)
        result.append([e / total for e in exps])
    return torch.tensor(result, dtype=x.dtype)
