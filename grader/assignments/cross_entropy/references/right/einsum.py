import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    onehot = (torch.arange(x.shape[1]) == target[:, None]).to(x.dtype)
    return -torch.einsum("bn,bn->", logp, onehot) / len(x)
