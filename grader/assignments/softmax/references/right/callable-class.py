import torch
from torch import Tensor


class StableSoftmax:
    def __init__(self, dim=1):
        self.dim = dim

    def __call__(self, x: Tensor) -> Tensor:
        top = x.max(dim=self.dim, keepdim=True).values
        e = torch.exp(x - top)
        return e / e.sum(dim=self.dim, keepdim=True)


good_softmax = StableSoftmax()
print(good_softmax(torch.rand((1, 20)) + 100).sum())
