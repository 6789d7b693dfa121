import torch
from torch import Tensor, nn

layer = nn.Softmax(dim=1)


def good_softmax(x: Tensor) -> Tensor:
    return layer(x)
