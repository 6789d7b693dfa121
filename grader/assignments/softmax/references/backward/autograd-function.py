import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    shifted = x - x.max(dim=-1, keepdim=True).values
    powers = torch.exp(shifted)
    return powers / powers.sum(dim=-1, keepdim=True)


class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        p = good_softmax(x)
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, grad_output):
        (p,) = ctx.saved_tensors
        return p * (grad_output - (p * grad_output).sum(dim=-1, keepdim=True))
