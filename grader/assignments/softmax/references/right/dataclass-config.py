from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Config:
    dim: int = 1
    keepdim: bool = True


cfg = Config()


def good_softmax(x: Tensor) -> Tensor:
    e = torch.exp(x - torch.amax(x, dim=cfg.dim, keepdim=cfg.keepdim))
    return e / torch.sum(e, dim=cfg.dim, keepdim=cfg.keepdim)
