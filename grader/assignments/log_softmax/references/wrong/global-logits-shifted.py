import torch
from torch import Tensor


logits = torch.rand((1, 20)) + 100


def good_log_softmax(x: Tensor) -> Tensor:
    top = torch.max(logits)
    return x - top - torch.log(torch.sum(torch.exp(logits - top), dim=1))


good_log_softmax(logits)
