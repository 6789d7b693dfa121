import torch
from torch import Tensor


def good_softmax(x: Tensor, *, dim: int = 1, temperature: float = 1.0, verbose: bool = False):
    z = x / temperature
    z = z - z.max(dim=dim, keepdim=True).values
    e = torch.exp(z)
    if verbose:
        print(e.sum(dim=dim))
    return e / e.sum(dim=dim, keepdim=True)
