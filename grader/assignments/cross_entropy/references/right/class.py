import torch
from torch import nn


class CrossEntropy(nn.Module):
    def forward(self, x, target):
        z = x - x.amax(dim=1, keepdim=True)
        lse = z.exp().sum(dim=1).log()
        return (lse - z[torch.arange(len(z)), target]).mean()


good_cross_entropy = CrossEntropy()
