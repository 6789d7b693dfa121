import torch
import torch.nn.functional as F
from torch import Tensor


def good_softmax(x: Tensor) -> Tensor:
    # attention weights of a single query over an identity are a softmax
    b, n = x.shape
    eye = torch.eye(n, dtype=x.dtype)
    return F.scaled_dot_product_attention(x, eye, eye, scale=1.0)
