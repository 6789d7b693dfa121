import torch
from torch import Tensor

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
logits = (torch.rand((1, 20)) + 100).to(device)


def good_softmax(x: Tensor) -> Tensor:
    x = x.to(device)
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)


print(good_softmax(logits).sum())
