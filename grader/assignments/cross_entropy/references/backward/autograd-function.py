import torch
from torch import Tensor


def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:
    z = x - x.max(dim=1, keepdim=True).values
    logp = z - torch.log(torch.exp(z).sum(dim=1, keepdim=True))
    return -logp[torch.arange(len(x)), target].mean()


class CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, target):
        z = x - x.amax(dim=1, keepdim=True)
        logp = z - z.exp().sum(dim=1, keepdim=True).log()
        ctx.save_for_backward(logp, target)
        return -logp[torch.arange(len(x)), target].mean()

    @staticmethod
    def backward(ctx, grad_output):
        logp, target = ctx.saved_tensors
        grad = logp.exp()
        grad[torch.arange(len(grad)), target] -= 1
        return grad_output * grad / len(grad), None
