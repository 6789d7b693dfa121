import torch
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    raise NotImplementedError("did not have time for this one")
