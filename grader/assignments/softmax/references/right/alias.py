import torch
from torch import Tensor

DIM = 1


def softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - torch.amax(x, dim=DIM, keepdim=True))
    return e / torch.sum(e, dim=DIM, keepdim=True)


good_softmax = softmax
