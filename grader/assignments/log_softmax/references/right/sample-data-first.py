import torch
from torch import Tensor


logits = torch.rand((1, 20)) + 100


def good_log_softmax(x: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    return z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))


torch.sum(torch.exp(good_log_softmax(logits)))
torch.allclose(good_log_softmax(logits), torch.log_softmax(logits, dim=1))
