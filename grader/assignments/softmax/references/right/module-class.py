import torch
import torch.nn as nn


class SoftmaxLayer(nn.Module):
    def __init__(self, dim: int = -1):
        super(SoftmaxLayer, self).__init__()
        self.dim = dim

    def forward(self, inputs):
        maxes, _ = inputs.max(dim=self.dim, keepdim=True)
        exps = torch.exp(inputs - maxes)
        return exps / exps.sum(dim=self.dim, keepdim=True)


good_softmax = SoftmaxLayer

layer = good_softmax()
print(layer(torch.rand((1, 20)) + 100).sum())
