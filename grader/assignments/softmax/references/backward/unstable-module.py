import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    shifted = x - x.max(dim=-1, keepdim=True).values
    powers = torch.exp(shifted)
    return powers / powers.sum(dim=-1, keepdim=True)


class SoftmaxLayer(torch.nn.Module):
    def forward(self, x):
        self.p = torch.exp(x) / torch.exp(x).sum(dim=-1, keepdim=True)
        return self.p

    def backward(self, grad_output):
        return self.p * (grad_output - (self.p * grad_output).sum(dim=-1, keepdim=True))
