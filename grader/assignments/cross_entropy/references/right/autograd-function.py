import torch
from torch import Tensor


class CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, target):
        z = x - x.amax(dim=1, keepdim=True)
        logp = z - z.exp().sum(dim=1, keepdim=True).log()
        ctx.save_for_backward(logp, target)
        return -logp[torch.arange(len(x)), target].mean()

    @staticmethod
    def backward(ctx, grad):
        logp, target = ctx.saved_tensors
        result = logp.exp()
        result[torch.arange(len(result)), target] -= 1
        return grad * result / len(result), None


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    return CrossEntropy.apply(x, target)
