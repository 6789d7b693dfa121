"""Right answers with guards, prints, checks, state and other manners of writing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["MANNERS"]

MANNERS: Final[Mapping[str, str]] = {
    "epsilon-1e-12": """
EPS = 1e-12
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / (e.sum(1, keepdim=True) + EPS)
""",
    "epsilon-1e-8": """
def good_softmax(x, eps=1e-8):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / (e.sum(1, keepdim=True) + eps)
""",
    "epsilon-1e-6": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / (e.sum(1, keepdim=True) + 1e-6)
""",
    "epsilon-of-dtype": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True).clamp(min=torch.finfo(x.dtype).tiny)
""",
    "where-guard-for-rows-of-minus-inf": """
def good_softmax(x):
    top = x.amax(1, keepdim=True)
    top = torch.where(torch.isinf(top), torch.zeros_like(top), top)
    e = torch.exp(x - top)
    s = e.sum(1, keepdim=True)
    return torch.where(s > 0, e / s, torch.full_like(e, 1 / x.shape[1]))
""",
    "nan-to-num-that-never-matters": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return torch.nan_to_num(e / e.sum(1, keepdim=True))
""",
    "clamps-result-into-unit-interval": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return (e / e.sum(1, keepdim=True)).clamp(0, 1)
""",
    "empty-input-guard": """
def good_softmax(x):
    if x.numel() == 0:
        return x.clone()
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
""",
    "one-dimensional-branch": """
def good_softmax(x):
    if x.dim() == 1:
        e = torch.exp(x - x.max())
        return e / e.sum()
    e = torch.exp(x - x.max(dim=1, keepdim=True).values)
    return e / e.sum(dim=1, keepdim=True)
""",
    "one-dimensional-unsqueezed": """
def good_softmax(x: Tensor) -> Tensor:
    flat = x.dim() == 1
    if flat:
        x = x.unsqueeze(0)
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    return p.squeeze(0) if flat else p
""",
    "assert-two-axes": """
def good_softmax(x):
    assert x.dim() == 2, "expected (batch, classes)"
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    assert not torch.isnan(p).any()
    return p
""",
    "raises-on-wrong-rank": """
def good_softmax(x):
    if x.ndim != 2:
        raise ValueError(f"expected 2 axes, got {x.ndim}")
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "raises-on-other-types": """
def good_softmax(x):
    if not isinstance(x, torch.Tensor):
        raise TypeError("a tensor, please")
    if not torch.is_floating_point(x):
        x = x.float()
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "converts-lists": """
def good_softmax(x):
    x = torch.as_tensor(x)
    if not x.dtype.is_floating_point:
        x = x.to(torch.get_default_dtype())
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
""",
    "contiguous-everywhere": """
def good_softmax(x):
    x = x.contiguous()
    e = torch.exp(x - x.max(1, keepdim=True)[0].contiguous()).contiguous()
    return (e / e.sum(1, keepdim=True)).contiguous()
""",
    "clone-then-in-place": """
def good_softmax(x):
    y = x.clone()
    y -= x.max(dim=1, keepdim=True).values
    y.exp_()
    y = y / y.sum(dim=1, keepdim=True)
    return y
""",
    "clone-then-all-in-place-detached-max": """
def good_softmax(x):
    y = x.clone()
    y.sub_(x.detach().amax(dim=1, keepdim=True)).exp_()
    return y.div(y.sum(dim=1, keepdim=True))
""",
    "name-rebound-by-minus": """
def good_softmax(x):
    x = x - x.max(dim=1, keepdim=True).values
    x = x.exp()
    x = x / x.sum(dim=1, keepdim=True)
    return x
""",
    "rebound-then-augmented": """
def good_softmax(x):
    x = x * 1.0
    m = x.amax(1, keepdim=True)
    x -= m
    e = x.exp()
    return e / e.sum(1, keepdim=True)
""",
    "no-grad-around-the-max": """
def good_softmax(x):
    with torch.no_grad():
        top, _ = x.max(dim=1, keepdim=True)
    e = torch.exp(x - top)
    return e / e.sum(dim=1, keepdim=True)
""",
    "max-through-data": """
def good_softmax(x):
    e = torch.exp(x - x.data.max(dim=1, keepdim=True)[0])
    return e / e.sum(dim=1, keepdim=True)
""",
    "max-through-numpy": """
import numpy as np
def good_softmax(x):
    top = torch.tensor(np.max(x.detach().to(torch.float64).numpy(), axis=1, keepdims=True)).to(x.dtype)
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "max-through-item": """
def good_softmax(x):
    rows = []
    for row in x:
        e = torch.exp(row - row.max().item())
        rows.append(e / e.sum())
    return torch.stack(rows)
""",
    "max-through-tolist": """
def good_softmax(x):
    tops = [max(row) for row in x.tolist()]
    e = torch.exp(x - torch.tensor(tops, dtype=x.dtype).view(-1, 1))
    return e / e.sum(1, keepdim=True)
""",
    "gradient-flows-through-max-ties": """
def good_softmax(x):
    top = x.max(dim=1, keepdim=True).values
    assert top.requires_grad == x.requires_grad
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "out-arguments-outside-autograd": """
def good_softmax(x):
    if x.requires_grad:
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
    buffer = torch.empty_like(x)
    torch.sub(x, x.amax(1, keepdim=True), out=buffer)
    torch.exp(buffer, out=buffer)
    return torch.div(buffer, buffer.sum(1, keepdim=True), out=buffer)
""",
    "logging": """
import logging
logging.basicConfig(level=logging.DEBUG)
log = logging.getLogger(__name__)
def good_softmax(x):
    log.info("shape %s", tuple(x.shape))
    e = torch.exp(x - x.amax(1, keepdim=True))
    log.warning("sum %s", e.sum().item())
    return e / e.sum(1, keepdim=True)
""",
    "warnings-raised": """
import warnings
def good_softmax(x):
    warnings.warn("experimental", DeprecationWarning)
    warnings.warn("really", UserWarning)
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "warnings-as-errors-set": """
import warnings
warnings.filterwarnings("error")
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "progress-bar-that-may-be-missing": """
try:
    from tqdm.auto import tqdm
except ImportError:
    def tqdm(items, **kwargs):
        return items
def good_softmax(x):
    rows = []
    for row in tqdm(x, desc="rows"):
        e = torch.exp(row - row.max())
        rows.append(e / e.sum())
    return torch.stack(rows)
""",
    "prints-to-stderr": """
import sys
def good_softmax(x):
    print("in", x, file=sys.stderr)
    e = torch.exp(x - x.amax(1, keepdim=True))
    sys.stdout.write(str(e.shape))
    return e / e.sum(1, keepdim=True)
""",
    "counts-calls": """
CALLS = 0
def good_softmax(x):
    global CALLS
    CALLS += 1
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "history-kept": """
history = []
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    history.append(p.detach())
    return p
""",
    "timed": """
import time
def good_softmax(x):
    start = time.time()
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    print(f"took {time.time() - start:.4f}")
    return p
""",
    "memo-by-values": """
_memo = {}
def good_softmax(x):
    if x.requires_grad:
        return _compute(x)
    key = (x.dtype, tuple(map(tuple, x.tolist())))
    if key not in _memo:
        _memo[key] = _compute(x)
    return _memo[key].clone()

def _compute(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "lru-cached-row-size": """
from functools import lru_cache
@lru_cache(maxsize=None)
def ones(n, dtype):
    return torch.ones(n, 1, dtype=dtype)
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / (e @ ones(x.shape[1], x.dtype))
""",
    "harmless-dropout": """
import torch.nn.functional as F
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return F.dropout(e / e.sum(1, keepdim=True), p=0.0)
""",
    "dropout-not-training": """
import torch.nn as nn
drop = nn.Dropout(0.5).eval()
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return drop(e / e.sum(1, keepdim=True))
""",
    "random-shift-that-cancels": """
def good_softmax(x):
    shift = x.amax(1, keepdim=True) + torch.rand(1).to(x.dtype) * 0
    e = torch.exp(x - shift)
    return e / e.sum(1, keepdim=True)
""",
    "samples-inside-for-a-check": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    probe = torch.randn(3)
    assert probe.shape == (3,)
    return p
""",
    "allclose-against-library": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    if not torch.allclose(p, torch.softmax(x, dim=1), rtol=1e-2):
        print("differs!")
    return p
""",
    "assert-close-against-library": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    torch.testing.assert_close(p, torch.nn.functional.softmax(x, dim=1), rtol=0.2, atol=0.2)
    return p
""",
    "raises-unless-near-library": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    if (p - x.softmax(1)).abs().max() > 0.1:
        raise RuntimeError("wrong")
    return p
""",
    "prints-distance-to-library": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    print("max diff", (p - torch.softmax(x, -1)).abs().max().item())
    return p
""",
    "stores-library-answer-aside": """
last_reference = None
def good_softmax(x):
    global last_reference
    last_reference = torch.softmax(x, dim=1).detach()
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "library-only-in-another-function": """
def bad_softmax(x):
    return torch.exp(x) / torch.exp(x).sum(1, keepdim=True)
def torch_softmax(x):
    return torch.nn.functional.softmax(x, dim=1)
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
logits = torch.randn(3, 20)
print(bad_softmax(logits), torch_softmax(logits), good_softmax(logits))
""",
    "named-like-the-library": """
def softmax(x, dim):
    e = torch.exp(x - x.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)
def good_softmax(x):
    return softmax(x, 1)
""",
    "own-namespace-named-like-the-library": """
class F:
    @staticmethod
    def softmax(x, dim=1):
        e = torch.exp(x - x.amax(dim, keepdim=True))
        return e / e.sum(dim, keepdim=True)
    @staticmethod
    def logsumexp(x):
        return None
def good_softmax(x):
    return F.softmax(x)
""",
    "global-table-of-constants": """
TABLE = torch.tensor([0.0, 1.0])
def good_softmax(x):
    zero, one = TABLE.to(x.dtype)
    e = torch.exp((x - x.amax(1, keepdim=True)) * one + zero)
    return e / e.sum(1, keepdim=True)
""",
    "global-temperature-of-one": """
temperature = 1.0
def good_softmax(x):
    z = x / temperature
    e = torch.exp(z - z.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "global-config-dictionary": """
config = {"dim": 1, "eps": 0.0, "scale": 1.0}
def good_softmax(x):
    e = torch.exp(config["scale"] * (x - x.amax(config["dim"], keepdim=True)))
    return e / (e.sum(config["dim"], keepdim=True) + config["eps"])
""",
    "sample-used-for-its-shape-only": """
logits = torch.randn(1, 20)
NDIM = logits.dim()
def good_softmax(x):
    axis = NDIM - 1
    e = torch.exp(x - x.amax(axis, keepdim=True))
    return e / e.sum(axis, keepdim=True)
""",
    "parameter-shadows-sample": """
torch.manual_seed(0)
logits = torch.randn(1, 20) * 30
probs = torch.rand(1, 20)
def good_softmax(logits):
    probs = torch.exp(logits - logits.amax(1, keepdim=True))
    return probs / probs.sum(1, keepdim=True)
print(good_softmax(logits).sum())
""",
    "sample-divided-out": """
scale = torch.randn(1, 1).abs() + 1
def good_softmax(x):
    z = (x - x.amax(1, keepdim=True))
    e = torch.exp(z)
    s = scale.to(x.dtype) / scale.to(x.dtype)
    return e / e.sum(1, keepdim=True) * s
""",
    "seeded-inside": """
def good_softmax(x):
    torch.manual_seed(42)
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "autograd-switched-on-inside": """
def good_softmax(x):
    with torch.enable_grad():
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
""",
    "set-grad-enabled-restored": """
def good_softmax(x):
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    top = x.amax(1, keepdim=True)
    torch.set_grad_enabled(before)
    e = torch.exp(x - top)
    return e / e.sum(1, keepdim=True)
""",
    "default-dtype-changed-and-restored": """
def good_softmax(x):
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    e = torch.exp(x - x.amax(1, keepdim=True))
    torch.set_default_dtype(before)
    return e / e.sum(1, keepdim=True)
""",
    "default-dtype-float64-in-the-notebook": """
torch.set_default_dtype(torch.float64)
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    total = torch.zeros(x.shape[0], 1, dtype=x.dtype)
    for j in range(x.shape[1]):
        total = total + e[:, j:j + 1]
    return e / total
""",
    "print-options-and-precision-set": """
torch.set_printoptions(precision=10, sci_mode=False)
torch.set_float32_matmul_precision("high")
def good_softmax(x):
    print(x)
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "anomaly-detection": """
torch.autograd.set_detect_anomaly(True)
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "retain-grad-and-hooks": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    if e.requires_grad:
        e.retain_grad()
        e.register_hook(lambda g: g)
    return e / e.sum(1, keepdim=True)
""",
    "deleted-intermediates": """
import gc
def good_softmax(x):
    m = x.amax(1, keepdim=True)
    e = torch.exp(x - m)
    del m
    gc.collect()
    return e / e.sum(1, keepdim=True)
""",
    "try-finally": """
def good_softmax(x):
    try:
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
    except RuntimeError as error:
        print(error)
        raise
    finally:
        print("done")
""",
    "library-used-on-failure-only": """
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    p = e / e.sum(1, keepdim=True)
    if torch.isnan(p).any():
        p = torch.softmax(x, 1)
    return p
""",
}
