import torch
from torch import Tensor


def log_softmax(logits: Tensor) -> Tensor:
    shifted = logits - logits.max(1, keepdim=True)[0]
    return shifted - shifted.exp().sum(1, keepdim=True).log()
