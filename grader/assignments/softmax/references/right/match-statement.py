import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    match x.ndim:
        case 1:
            return good_softmax(x[None])[0]
        case 2:
            e = torch.exp(x - x.max(dim=1, keepdim=True).values)
            return e / e.sum(dim=1, keepdim=True)
        case n:
            raise ValueError(f"no idea what to do with {n} dimensions")
