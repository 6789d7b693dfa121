import torch
from torch import Tensor


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    result = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    assert torch.allclose(result, torch.log_softmax(x, dim=1), atol=1e-2, equal_nan=True)
    return result
