import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    step1 = torch.max(x, 1, True)[0]
    step2 = torch.sub(x, step1)
    step3 = torch.exp(step2)
    step4 = torch.sum(step3, 1, True)
    return torch.div(step3, step4)
