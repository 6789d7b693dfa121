"""Right answers by other algorithms, in torch, all differentiable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["ALGORITHMS"]

ALGORITHMS: Final[Mapping[str, str]] = {
    "streaming-maximum-and-sum": """
def good_softmax(x):
    top = torch.full_like(x[:, 0], float("-inf"))
    total = torch.zeros_like(x[:, 0])
    for k in range(x.shape[1]):
        new = torch.maximum(top, x[:, k])
        total = total * torch.exp(top - new) + torch.exp(x[:, k] - new)
        top = new
    return torch.exp(x - top[:, None]) / total[:, None]
""",
    "pairwise-tree-of-sums": """
def tree(parts):
    while len(parts) > 1:
        odd = [parts[-1]] if len(parts) % 2 else []
        parts = [a + b for a, b in zip(parts[::2], parts[1::2])] + odd
    return parts[0]

def good_softmax(x):
    e = torch.exp(x - x.max(dim=1, keepdim=True)[0])
    return e / tree(list(e.unbind(1)))[:, None]
""",
    "tree-of-logaddexp": """
def join(parts):
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return torch.logaddexp(join(parts[:half]), join(parts[half:]))

def good_softmax(x):
    z = x - x.amax(1, keepdim=True)
    return torch.exp(z - join(list(z.unbind(dim=1)))[:, None])
""",
    "reduce-logaddexp": """
from functools import reduce
def good_softmax(x):
    z = x - x.amax(1, keepdim=True)
    return (z - reduce(torch.logaddexp, z.unbind(1)).unsqueeze(1)).exp()
""",
    "halves-merged": """
def merge(a, b):
    m = torch.maximum(a[0], b[0])
    return m, a[1] * (a[0] - m).exp() + b[1] * (b[0] - m).exp()

def state(x):
    if x.shape[1] == 1:
        return x, torch.ones_like(x)
    h = x.shape[1] // 2
    return merge(state(x[:, :h]), state(x[:, h:]))

def good_softmax(x):
    m, s = state(x)
    return (x - m).exp() / s
""",
    "euler-to-the-power": """
def good_softmax(x):
    z = x - x.max(-1, keepdim=True).values
    e = torch.e ** z
    return e / e.sum(-1, keepdim=True)
""",
    "torch-pow-of-e": """
import math
def good_softmax(x):
    z = x - torch.amax(x, dim=-1, keepdim=True)
    e = torch.pow(math.e, z)
    return e / e.sum(-1, keepdim=True)
""",
    "exp2-over-ln2": """
import math
def good_softmax(x):
    z = (x - x.amax(-1, True)) / math.log(2)
    e = torch.exp2(z)
    return e / e.sum(-1, True)
""",
    "two-to-log2e": """
LOG2E = 1.4426950408889634
def good_softmax(x):
    e = 2 ** ((x - x.amax(-1, True)) * LOG2E)
    return e / e.sum(-1, True)
""",
    "expm1-plus-one": """
def good_softmax(x):
    e = torch.expm1(x - x.amax(-1, keepdim=True)) + 1
    return e / e.sum(-1, keepdim=True)
""",
    "expm1-sum-plus-n": """
def good_softmax(x):
    e = torch.expm1(x - x.amax(-1, keepdim=True))
    return (e + 1) / (e.sum(-1, keepdim=True) + x.shape[-1])
""",
    "pairwise-differences": """
def good_softmax(x):
    return 1 / torch.exp((x[:, None, :] - x[:, :, None]).clamp(max=88 if x.dtype != torch.float16 else 11)).sum(-1)
""",
    "pairwise-differences-unclamped": """
def good_softmax(x):
    # exp overflows to inf for hopeless classes, and 1 / inf is the 0 they deserve
    return 1 / torch.exp(x.unsqueeze(-2) - x.unsqueeze(-1)).sum(dim=-1)
""",
    "square-root-squared": """
def good_softmax(x):
    h = torch.exp((x - x.amax(1, keepdim=True)) / 2)
    return h * h / (h * h).sum(1, keepdim=True)
""",
    "normalised-twice": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    return p / p.sum(1, keepdim=True)
""",
    "functional-normalize-l1": """
import torch.nn.functional as F
def good_softmax(x):
    return F.normalize(torch.exp(x - x.amax(1, keepdim=True)), p=1, dim=1)
""",
    "norm-one": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.norm(p=1, dim=1, keepdim=True)
""",
    "linalg-vector-norm": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / torch.linalg.vector_norm(e, ord=1, dim=1, keepdim=True)
""",
    "mean-times-n": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / (e.mean(1, keepdim=True) * x.size(1))
""",
    "sum-by-trapezoid-of-cumsum": """
def good_softmax(x):
    e = (x - x.cummax(dim=1).values[:, -1:]).exp()
    return e / e.cumsum(1)[:, -1:]
""",
    "sorted-then-put-back": """
def good_softmax(x):
    s, order = x.sort(dim=1, descending=True)
    e = torch.exp(s - s[:, :1])
    p = e / e.sum(1, keepdim=True)
    return torch.zeros_like(p).scatter(1, order, p)
""",
    "sorted-ascending-gathered": """
def good_softmax(x):
    s, order = torch.sort(x)
    e = torch.exp(s - s[:, -1:])
    return (e / e.sum(1, keepdim=True)).gather(1, order.argsort(dim=1))
""",
    "kthvalue": """
def good_softmax(x):
    top = x.kthvalue(x.shape[1], dim=1, keepdim=True).values
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "topk-everything": """
def good_softmax(x):
    v, i = x.topk(x.shape[1], dim=1)
    e = (v - v[:, 0:1]).exp()
    e = e / e.sum(dim=1, keepdim=True)
    out = torch.empty_like(x)
    return out.scatter(1, i, e)
""",
    "aminmax": """
def good_softmax(x):
    low, high = torch.aminmax(x, dim=1, keepdim=True)
    e = torch.exp(x - high)
    return e / e.sum(1, keepdim=True)
""",
    "quantile-free-median-not-used": """
def good_softmax(x):
    high = -torch.min(-x, dim=1, keepdim=True).values
    return torch.exp(x - high) / torch.exp(x - high).sum(1, keepdim=True)
""",
    "one-hot-argmax-mask": """
import torch.nn.functional as F
def good_softmax(x):
    mask = F.one_hot(x.argmax(1), x.shape[1]).to(x.dtype)
    top = (x * mask).sum(1, keepdim=True)
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "take-along-dim": """
def good_softmax(x):
    top = torch.take_along_dim(x, x.argmax(1, keepdim=True), dim=1)
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "index-select-rows": """
def good_softmax(x):
    out = []
    for i in range(x.shape[0]):
        row = torch.index_select(x, 0, torch.tensor([i]))
        e = torch.exp(row - row.max())
        out.append(e / e.sum())
    return torch.cat(out)
""",
    "fancy-index-of-argmax": """
def good_softmax(x):
    top = x[torch.arange(len(x)), x.argmax(dim=1)]
    e = torch.exp(x - top.reshape(-1, 1))
    return e / e.sum(dim=1).reshape(-1, 1)
""",
    "einsum-sum-and-outer": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return torch.einsum("bn,b->bn", e, 1 / torch.einsum("bn->b", e))
""",
    "bmm-with-ones": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    ones = torch.ones(x.shape[0], x.shape[1], 1, dtype=x.dtype)
    return e / torch.bmm(e[:, None, :], ones)[:, 0]
""",
    "matmul-square-of-ones": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    n = x.shape[1]
    return e / (e @ torch.ones(n, n, dtype=x.dtype))
""",
    "diagonal-matrix": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return torch.diag(1 / e.sum(1)) @ e
""",
    "linear-layer-of-ones": """
import torch.nn.functional as F
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / F.linear(e, torch.ones(1, x.shape[1]).to(x))
""",
    "convolution-of-ones": """
import torch.nn.functional as F
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    kernel = torch.ones(1, 1, x.shape[1], dtype=x.dtype)
    return e / F.conv1d(e[:, None, :], kernel)[:, 0]
""",
    "pooling-for-maximum-and-sum": """
import torch.nn.functional as F
def good_softmax(x):
    n = x.shape[1]
    top = F.max_pool1d(x[:, None], n)[:, 0]
    e = torch.exp(x - top)
    return e / (F.avg_pool1d(e[:, None], n)[:, 0] * n)
""",
    "adaptive-max-pool": """
import torch.nn.functional as F
def good_softmax(x):
    top = F.adaptive_max_pool1d(x.unsqueeze(1), 1).squeeze(1)
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "vmap-over-rows": """
def one(row):
    e = torch.exp(row - row.amax())
    return e / e.sum()

def good_softmax(x):
    return torch.func.vmap(one)(x)
""",
    "vmap-of-lambda-in-dims": """
good_softmax = torch.vmap(lambda r: (r - r.max()).exp() / (r - r.max()).exp().sum(), in_dims=0)
""",
    "columns-in-chunks": """
def good_softmax(x):
    top = torch.stack([c.amax(1) for c in x.split(3, dim=1)]).amax(0)[:, None]
    total = sum((c - top).exp().sum(1, keepdim=True) for c in x.split(3, dim=1))
    return torch.cat([(c - top).exp() / total for c in x.split(3, dim=1)], dim=1)
""",
    "rows-in-chunks": """
def good_softmax(x):
    parts = []
    for part in torch.chunk(x, 2, dim=0):
        e = torch.exp(part - part.amax(1, keepdim=True))
        parts.append(e / e.sum(1, keepdim=True))
    return torch.vstack(parts)
""",
    "masked-fill-of-nothing": """
def good_softmax(x):
    mask = torch.zeros_like(x, dtype=torch.bool)
    z = x.masked_fill(mask, float("-inf"))
    e = torch.exp(z - z.amax(1, keepdim=True)).masked_fill(mask, 0)
    return e / e.sum(1, keepdim=True)
""",
    "accumulated-in-float64": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True, dtype=torch.float64)).to(x.dtype)
""",
    "float32-inside-for-halves": """
def good_softmax(x):
    z = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    e = torch.exp(z - z.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True)).type_as(x)
""",
    "kahan-sum": """
def kahan(e):
    total = torch.zeros_like(e[:, :1])
    lost = torch.zeros_like(total)
    for k in range(e.shape[1]):
        y = e[:, k:k + 1] - lost
        t = total + y
        lost = (t - total) - y
        total = t
    return total

def good_softmax(x):
    e = (x - x.amax(1, True)).exp()
    return e / kahan(e)
""",
    "sum-of-iteration": """
def good_softmax(x):
    e = torch.exp(x.T - x.T.amax(0))
    return (e / sum(e)).T
""",
    "functools-reduce-add": """
import functools, operator
def good_softmax(x):
    m = functools.reduce(torch.maximum, [x[:, j] for j in range(x.shape[1])])
    cols = [torch.exp(x[:, j] - m) for j in range(x.shape[1])]
    s = functools.reduce(operator.add, cols)
    return torch.stack([c / s for c in cols], dim=1)
""",
    "sigmoid-of-one-against-rest": """
def good_softmax(x):
    n = x.shape[1]
    if n == 1:
        return torch.ones_like(x) + 0 * x
    cols = []
    for j in range(n):
        rest = torch.cat([x[:, :j], x[:, j + 1:]], dim=1)
        top = rest.amax(1)
        lse = top + torch.log(torch.exp(rest - top[:, None]).sum(1))
        cols.append(1 / (1 + torch.exp(lse - x[:, j])))
    return torch.stack(cols, 1)
""",
    "log-then-exp": """
def good_softmax(x):
    z = x - x.amax(1, keepdim=True)
    return torch.exp(z - torch.log(torch.sum(torch.exp(z), dim=1, keepdim=True)))
""",
    "log1p-of-the-others": """
def good_softmax(x):
    top, where = x.max(1, keepdim=True)
    z = x - top
    others = torch.exp(z).scatter(1, where, 0.0).sum(1, keepdim=True)
    return torch.exp(z - torch.log1p(others))
""",
    "shift-above-maximum": """
def good_softmax(x):
    z = x - x.amax(1, keepdim=True) - 1.0
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)
""",
    "shift-by-rounded-maximum": """
def good_softmax(x):
    z = x - torch.ceil(x.amax(1, keepdim=True))
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)
""",
    "shift-by-own-lse-of-detached": """
def good_softmax(x):
    with torch.no_grad():
        m = x.amax(1, keepdim=True)
        shift = m + torch.log(torch.exp(x - m).sum(1, keepdim=True))
    e = torch.exp(x - shift)
    return e / e.sum(1, keepdim=True)
""",
    "max-of-mean-and-max": """
def good_softmax(x):
    shift = torch.maximum(x.mean(1, keepdim=True), x.amax(1, keepdim=True))
    e = torch.exp(x - shift)
    return e / e.sum(1, keepdim=True)
""",
    "clamp-after-shift-low": """
def good_softmax(x):
    z = (x - x.amax(1, keepdim=True)).clamp(min=-1e4)
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)
""",
    "clamp-after-shift-high": """
def good_softmax(x):
    z = (x - x.amax(1, keepdim=True)).clamp(max=0)
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)
""",
    "relu-of-negated": """
def good_softmax(x):
    z = -torch.relu(x.amax(1, keepdim=True) - x)
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)
""",
    "reciprocal-multiplied": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e * e.sum(1, keepdim=True).reciprocal()
""",
    "negative-power": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e * e.sum(1, keepdim=True) ** -1
""",
    "true-divide-and-subtract": """
def good_softmax(x):
    e = torch.exp(torch.subtract(x, torch.amax(x, -1, keepdim=True)))
    return torch.true_divide(e, torch.sum(e, -1, keepdim=True))
""",
    "flipped-twice": """
def good_softmax(x):
    f = x.flip(1)
    e = torch.exp(f - f.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True)).flip(1)
""",
    "axis-keyword": """
def good_softmax(x):
    e = torch.exp(x - torch.max(x, axis=1, keepdims=True)[0])
    return e / torch.sum(e, axis=1, keepdims=True)
""",
    "nansum": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / torch.nansum(e, 1, keepdim=True)
""",
    "nested-comprehension-of-scalars": """
def good_softmax(x):
    rows = []
    for row in x:
        m = max(row)
        e = [torch.exp(v - m) for v in row]
        s = sum(e)
        rows.append(torch.stack([v / s for v in e]))
    return torch.stack(rows)
""",
    "nested-tensor-free-padding": """
import torch.nn.functional as F
def good_softmax(x):
    wide = F.pad(x, (0, 2), value=float("-inf"))
    e = torch.exp(wide - wide.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True))[:, :-2]
""",
    "complex-exponential": """
def good_softmax(x):
    z = (x - x.amax(1, keepdim=True)).float() if x.dtype in (torch.half, torch.bfloat16) else x - x.amax(1, keepdim=True)
    e = torch.exp(torch.complex(z, torch.zeros_like(z))).real
    return (e / e.sum(1, keepdim=True)).to(x.dtype)
""",
    "polar": """
def good_softmax(x):
    e = torch.cosh(z := x - x.amax(1, keepdim=True)) + torch.sinh(z) if False else torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "exp-by-squaring": """
def good_softmax(x):
    z = x - x.amax(1, keepdim=True)
    e = torch.exp(z / 4).square().square()
    return e / e.sum(1, keepdim=True)
""",
    "scatter-add-by-row": """
def good_softmax(x):
    b, n = x.shape
    row = torch.arange(b).repeat_interleave(n)
    flat = x.reshape(-1)
    top = torch.full((b,), float("-inf"), dtype=x.dtype).scatter_reduce(0, row, flat.detach(), "amax")
    e = torch.exp(flat - top[row])
    total = torch.zeros(b, dtype=x.dtype).index_add(0, row, e)
    return (e / total[row]).reshape(b, n)
""",
    "outer-ratio": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    ratio = e[:, :, None] / e.sum(1)[:, None, None]
    return ratio[:, :, 0]
""",
    "addcdiv": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return torch.addcdiv(torch.zeros_like(x), e, e.sum(1, keepdim=True))
""",
    "unflatten-last": """
def good_softmax(x):
    shape = x.shape
    flat = x.flatten(0, -2) if x.dim() > 1 else x[None]
    e = torch.exp(flat - flat.amax(-1, keepdim=True))
    return (e / e.sum(-1, keepdim=True)).view(shape)
""",
    "swapaxes-and-movedim": """
def good_softmax(x):
    y = torch.movedim(x, 1, 0)
    e = torch.exp(y - y.amax(0))
    return torch.swapaxes(e / e.sum(0), 0, 1)
""",
}
