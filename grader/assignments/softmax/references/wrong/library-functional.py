import torch
import torch.nn.functional as F
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    return F.softmax(x, dim=1)
