import torch
from torch import Tensor


class MySoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        e = torch.exp(x - x.amax(dim=1, keepdim=True))
        p = e / e.sum(dim=1, keepdim=True)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, grad):
        # (diag(p) - p p^T) grad, without building the matrix
        (p,) = ctx.saved_tensors
        return p * (grad - (grad * p).sum(dim=1, keepdim=True))


def good_softmax(x: Tensor) -> Tensor:
    return MySoftmax.apply(x)
