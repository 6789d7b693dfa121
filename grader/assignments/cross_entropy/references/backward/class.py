import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()


class CrossEntropy:
    def forward(self, x, target):
        z = x - x.amax(dim=1, keepdim=True)
        self.p = z.exp() / z.exp().sum(dim=1, keepdim=True)
        self.target = target
        return -torch.log(self.p[torch.arange(len(x)), target]).mean()

    def backward(self):
        grad = self.p.clone()
        grad[torch.arange(len(grad)), self.target] -= 1
        return grad / len(grad)
