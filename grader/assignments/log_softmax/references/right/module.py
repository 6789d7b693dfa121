import torch
from torch import nn


class LogSoftmax(nn.Module):
    def forward(self, x):
        shifted = x - x.amax(dim=1, keepdim=True)
        return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


good_log_softmax = LogSoftmax()
