import torch

_exp = lambda x: torch.exp(x - x.max(dim=1, keepdim=True).values)
good_softmax = lambda x: _exp(x) / _exp(x).sum(dim=1, keepdim=True)

print(good_softmax(torch.rand((1, 20)) + 100).sum())
