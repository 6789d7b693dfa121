"""Right numbers computed outside torch: right in everything but `differentiable`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["NUMBERS"]

NUMBERS: Final[Mapping[str, str]] = {
    "numpy-plain": """
import numpy as np
def good_softmax(x):
    a = x.numpy()
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return torch.from_numpy(e / e.sum(axis=1, keepdims=True))
""",
    "numpy-array-returned": """
import numpy as np
def good_softmax(x):
    a = np.asarray(x.detach())
    e = np.exp(a - np.max(a, 1, keepdims=True))
    return e / np.sum(e, 1, keepdims=True)
""",
    "numpy-through-float64": """
import numpy as np
def good_softmax(x):
    a = x.detach().to(torch.float64).numpy()
    e = np.exp(a - np.amax(a, axis=-1)[..., None])
    return torch.tensor(e / e.sum(-1)[..., None], dtype=x.dtype)
""",
    "numpy-apply-along-axis": """
import numpy as np
def row(r):
    e = np.exp(r - r.max())
    return e / e.sum()
def good_softmax(x):
    return torch.from_numpy(np.apply_along_axis(row, 1, x.detach().double().numpy())).to(x.dtype)
""",
    "numpy-vectorize": """
import numpy as np
import math
vexp = np.vectorize(math.exp, otypes=[float])
def good_softmax(x):
    a = x.detach().double().numpy()
    e = vexp(a - a.max(1, keepdims=True))
    return torch.tensor(e / e.sum(1, keepdims=True)).to(x.dtype)
""",
    "numpy-einsum": """
import numpy as np
def good_softmax(x):
    a = x.detach().numpy().astype(np.float64)
    e = np.exp(a - a.max(axis=1).reshape(-1, 1))
    return torch.as_tensor(e / np.einsum("ij->i", e)[:, np.newaxis]).to(x.dtype)
""",
    "numpy-ufunc-reduce": """
import numpy as np
def good_softmax(x):
    a = x.detach().numpy()
    e = np.exp(np.subtract(a, np.maximum.reduce(a, axis=1, keepdims=True)))
    return torch.from_numpy(np.divide(e, np.add.reduce(e, axis=1, keepdims=True)))
""",
    "numpy-logaddexp-reduce": """
import numpy as np
def good_softmax(x):
    a = x.detach().double().numpy()
    z = a - a.max(1, keepdims=True)
    return torch.from_numpy(np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))).to(x.dtype)
""",
    "numpy-errstate-and-matrix": """
import numpy as np
def good_softmax(x):
    with np.errstate(all="raise", under="ignore"):
        a = np.array(x.tolist(), dtype=np.float64)
        e = np.exp((a.T - a.max(1)).T)
        return torch.tensor((e.T / e.sum(1)).T, dtype=x.dtype, device=x.device)
""",
    "numpy-transposed-loops": """
import numpy as np
def good_softmax(x):
    a = x.cpu().detach().to(torch.float64).numpy().copy()
    for i in range(a.shape[0]):
        a[i] -= a[i].max()
        a[i] = np.exp(a[i])
        a[i] /= a[i].sum()
    return torch.Tensor(a).to(x.dtype)
""",
    "numpy-longdouble": """
import numpy as np
def good_softmax(x):
    a = x.detach().double().numpy().astype(np.longdouble)
    e = np.exp(a - a.max(1, keepdims=True))
    return torch.from_numpy((e / e.sum(1, keepdims=True)).astype(np.float64)).to(x.dtype)
""",
    "nested-lists": """
import math
def good_softmax(x):
    out = []
    for row in x.tolist():
        m = max(row)
        e = [math.exp(v - m) for v in row]
        s = math.fsum(e)
        out.append([v / s for v in e])
    return torch.tensor(out, dtype=x.dtype)
""",
    "nested-lists-returned": """
from math import exp
def good_softmax(x):
    return [[exp(v - max(row)) / sum(exp(w - max(row)) for w in row) for v in row] for row in x.tolist()]
""",
    "itertools": """
import itertools, math
def good_softmax(x):
    out = []
    for row in x.tolist():
        top = list(itertools.accumulate(row, max))[-1]
        e = list(map(math.exp, (v - top for v in row)))
        total = list(itertools.accumulate(e))[-1]
        out.append([v / total for v in e])
    return torch.tensor(out).to(x)
""",
    "statistics-and-operator": """
import math, operator
from functools import reduce
def good_softmax(x):
    rows = x.tolist()
    def one(row):
        m = reduce(max, row)
        e = [math.e ** (v - m) for v in row]
        return list(map(lambda v: operator.truediv(v, reduce(operator.add, e)), e))
    return torch.tensor(list(map(one, rows)), dtype=x.dtype)
""",
    "decimal-numbers": """
from decimal import Decimal
def good_softmax(x):
    out = []
    for row in x.tolist():
        d = [Decimal(v) for v in row]
        m = max(d)
        e = [(v - m).exp() for v in d]
        s = sum(e)
        out.append([float(v / s) for v in e])
    return torch.tensor(out, dtype=x.dtype)
""",
    "items-written-one-by-one": """
import math
def good_softmax(x):
    out = torch.zeros_like(x)
    for i in range(x.shape[0]):
        m = max(x[i, j].item() for j in range(x.shape[1]))
        s = 0.0
        for j in range(x.shape[1]):
            s += math.exp(x[i, j].item() - m)
        for j in range(x.shape[1]):
            out[i, j] = math.exp(x[i, j].item() - m) / s
    return out
""",
    "whole-function-without-gradient": """
@torch.no_grad()
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "inference-mode": """
def good_softmax(x):
    with torch.inference_mode():
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
""",
    "result-detached": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True)).detach()
""",
    "result-rebuilt": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return torch.tensor(e / e.sum(1, keepdim=True), dtype=x.dtype)
""",
    "clone-in-place-breaks-graph": """
def good_softmax(x):
    y = x.detach().clone()
    y -= y.amax(1, keepdim=True)
    y.exp_()
    y /= y.sum(1, keepdim=True)
    return y
""",
    "out-argument": """
def good_softmax(x):
    out = torch.empty_like(x)
    torch.exp(x.detach() - x.detach().amax(1, keepdim=True), out=out)
    return out.div_(out.sum(1, keepdim=True))
""",
    "in-place-on-exp-output": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    e /= e.sum(1, keepdim=True)
    return e
""",
}
