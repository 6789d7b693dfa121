import torch
from torch import nn


class Softmax(nn.Module):
    """my own layer, same name as the one in torch.nn"""

    def __init__(self):
        super().__init__()

    def forward(self, x):
        c = torch.amax(x, dim=1, keepdim=True)
        z = torch.exp(x - c)
        return z / torch.sum(z, dim=1, keepdim=True)


good_softmax = Softmax()
logits = torch.rand((1, 20)) + 100
good_softmax(logits)
