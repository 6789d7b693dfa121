import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    shifted = x - x.max(dim=-1, keepdim=True).values
    powers = torch.exp(shifted)
    return powers / powers.sum(dim=-1, keepdim=True)


def softmax_backward(grad_output: Tensor, x: Tensor) -> Tensor:
    leaf = x.detach().clone().requires_grad_()
    good_softmax(leaf).backward(grad_output)
    return leaf.grad
