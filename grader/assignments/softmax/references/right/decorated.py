import functools

import torch
from torch import Tensor

calls = 0


def count_calls(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        global calls
        calls += 1
        return f(*args, **kwargs)

    return wrapper


@count_calls
def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
