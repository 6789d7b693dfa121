import torch
from torch import Tensor


class LogSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        z = x - x.amax(dim=-1, keepdim=True)
        y = z - z.exp().sum(dim=-1, keepdim=True).log()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad - y.exp() * grad.sum(dim=-1, keepdim=True)


def good_log_softmax(x: Tensor) -> Tensor:
    return LogSoftmax.apply(x)
