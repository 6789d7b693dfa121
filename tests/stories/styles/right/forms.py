"""Right answers in other forms: classes, custom gradients, scripts, generators, closures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["CUSTOM", "FORMS"]

FORMS: Final[Mapping[str, str]] = {
    "scripted": """
@torch.jit.script
def good_softmax(x: torch.Tensor) -> torch.Tensor:
    e = torch.exp(x - torch.amax(x, dim=1, keepdim=True))
    return e / e.sum(dim=1, keepdim=True)
""",
    "scripted-helper": """
@torch.jit.script
def shifted(x: torch.Tensor):
    return x - torch.max(x, dim=1, keepdim=True)[0]
def good_softmax(x):
    e = shifted(x).exp()
    return e / e.sum(1, keepdim=True)
""",
    "traced": """
def plain(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
good_softmax = torch.jit.trace(plain, torch.zeros(2, 3))
""",
    "compiled": """
@torch.compile
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "compiled-with-options": """
@torch.compile(mode="reduce-overhead", dynamic=True)
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "module-with-parameter-and-buffer": """
import torch.nn as nn
class Stable(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("shift", torch.zeros(1))
    def forward(self, x):
        z = (x - x.amax(1, keepdim=True)) * self.scale.to(x.dtype) + self.shift.to(x.dtype)
        e = z.exp()
        return e / e.sum(1, keepdim=True)
good_softmax = Stable()
""",
    "sequential-of-steps": """
import torch.nn as nn
class Shift(nn.Module):
    def forward(self, x):
        return x - x.amax(1, keepdim=True)
class Exp(nn.Module):
    def forward(self, x):
        return x.exp()
class Normalise(nn.Module):
    def forward(self, x):
        return x / x.sum(1, keepdim=True)
good_softmax = nn.Sequential(Shift(), Exp(), Normalise())
""",
    "module-method-bound": """
import torch.nn as nn
class Net(nn.Module):
    def act(self, x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
net = Net()
good_softmax = net.act
""",
    "module-called-Softmax": """
import torch.nn as nn
class Softmax(nn.Module):
    def __init__(self, dim=1):
        super().__init__()
        self.dim = dim
    def forward(self, x):
        e = torch.exp(x - x.amax(self.dim, keepdim=True))
        return e / e.sum(self.dim, keepdim=True)
def good_softmax(x):
    return Softmax(dim=1)(x)
""",
    "class-with-cached-constants": """
class Stable:
    cache = {}
    def one(self, dtype):
        return self.cache.setdefault(dtype, torch.ones((), dtype=dtype))
    def __call__(self, x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e * (self.one(x.dtype) / e.sum(1, keepdim=True))
good_softmax = Stable()
""",
    "named-tuple-of-steps": """
from collections import namedtuple
Steps = namedtuple("Steps", "top powers total")
def steps(x):
    top = x.amax(1, keepdim=True)
    powers = torch.exp(x - top)
    return Steps(top, powers, powers.sum(1, keepdim=True))
def good_softmax(x):
    s = steps(x)
    return s.powers / s.total
""",
    "generator-of-rows": """
def rows(x):
    for row in x:
        e = torch.exp(row - row.max())
        yield e / e.sum()
def good_softmax(x):
    return torch.stack(tuple(rows(x)))
""",
    "closure": """
def make(dim):
    def inner(x):
        e = torch.exp(x - x.amax(dim, keepdim=True))
        return e / e.sum(dim, keepdim=True)
    return inner
good_softmax = make(-1)
""",
    "composed-by-reduce": """
from functools import reduce
steps = [lambda x: x - x.amax(1, keepdim=True), torch.exp, lambda e: e / e.sum(1, keepdim=True)]
def good_softmax(x):
    return reduce(lambda value, step: step(value), steps, x)
""",
    "positional-only-and-varargs": """
def good_softmax(x, /, *args, **kwargs):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "optional-arguments": """
from typing import Optional
def good_softmax(x: Tensor, dim: Optional[int] = None, temperature: float = 1.0, mask=None) -> Tensor:
    dim = -1 if dim is None else dim
    z = x / temperature
    if mask is not None:
        z = z.masked_fill(~mask, float("-inf"))
    e = torch.exp(z - z.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)
""",
    "singledispatch": """
from functools import singledispatch
@singledispatch
def good_softmax(x):
    raise TypeError(type(x))
@good_softmax.register
def _(x: torch.Tensor):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "no-grad-decorator-on-helper": """
@torch.no_grad()
def top(x):
    return x.amax(1, keepdim=True)
def good_softmax(x):
    e = torch.exp(x - top(x))
    return e / e.sum(1, keepdim=True)
""",
    "exec-of-source": """
source = '''
def good_softmax(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
'''
exec(source)
def unused():
    pass
good_softmax = good_softmax
""",
    "assigned-through-globals": """
def build():
    def f(x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
    return f
globals()["helper"] = build()
def good_softmax(x):
    return globals()["helper"](x)
""",
    "tensor-subclass": """
class Row(torch.Tensor):
    def stable(self):
        e = torch.exp(self - self.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
def good_softmax(x):
    return x.as_subclass(Row).stable().as_subclass(torch.Tensor)
""",
    "method-added-to-tensor": """
def stable(self):
    e = torch.exp(self - self.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
torch.Tensor.stable = stable
def good_softmax(x):
    return x.stable()
""",
    "checkpointed": """
from torch.utils.checkpoint import checkpoint
def core(x):
    e = torch.exp(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
def good_softmax(x):
    return checkpoint(core, x, use_reentrant=False)
""",
    "typed-with-comments-and-docstring": '''
from typing import Union
def good_softmax(x: "Tensor") -> "Union[Tensor, None]":
    """Numerically stable softmax.

    >>> good_softmax(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """
    # logits = torch.randn(1, 20)
    # return torch.softmax(x, 1)
    m = torch.max(x, dim=1, keepdim=True).values  # (B, 1)
    return torch.exp(x - m) / torch.sum(torch.exp(x - m), dim=1, keepdim=True)
''',
    "assigned-to-column-slices": """
def good_softmax(x):
    out = torch.zeros_like(x)
    m = x.amax(1)
    s = sum(torch.exp(x[:, j] - m) for j in range(x.shape[1]))
    for j in range(x.shape[1]):
        out[:, j] = torch.exp(x[:, j] - m) / s
    return out
""",
    "new-empty-filled-by-row": """
def good_softmax(x):
    out = x.new_empty(x.shape)
    for i, row in enumerate(x):
        e = torch.exp(row - row.max())
        out[i] = e / e.sum()
    return out
""",
    "while-loop": """
def good_softmax(x):
    i, out = 0, []
    while i < x.size(0):
        e = (x[i] - x[i].max()).exp()
        out += [e / e.sum()]
        i += 1
    return torch.stack(out, dim=0)
""",
    "torch-func-functional-call": """
import torch.nn as nn
class Core(nn.Module):
    def forward(self, x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
core = Core()
def good_softmax(x):
    return torch.func.functional_call(core, {}, (x,))
""",
    "gradient-of-own-lse": """
def lse(x):
    m = x.amax(1, keepdim=True).detach()
    return (m + torch.log(torch.exp(x - m).sum(1, keepdim=True))).sum()
def good_softmax(x):
    return torch.func.grad(lse)(x)
""",
    "named-axes-in-comments-with-einops-style": """
def reduce_max(t): return t.amax(dim=-1, keepdim=True)
def reduce_sum(t): return t.sum(dim=-1, keepdim=True)
good_softmax = lambda t: (lambda e: e / reduce_sum(e))(torch.exp(t - reduce_max(t)))
""",
    "async-free-contextmanager": """
from contextlib import contextmanager
@contextmanager
def section(name):
    print("begin", name)
    yield
    print("end", name)
def good_softmax(x):
    with section("shift"):
        z = x - x.amax(1, keepdim=True)
    with section("exp"):
        e = z.exp()
    return e / e.sum(1, keepdim=True)
""",
}
"""Differentiable through autograd."""

CUSTOM: Final[Mapping[str, str]] = {
    "function-static-context": """
class Soft(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        p = e / e.sum(1, keepdim=True)
        ctx.save_for_backward(p)
        return p
    @staticmethod
    def backward(ctx, g):
        p, = ctx.saved_tensors
        return p * (g - (g * p).sum(1, keepdim=True))
def good_softmax(x):
    return Soft.apply(x)
""",
    "function-setup-context": """
class Soft(torch.autograd.Function):
    @staticmethod
    def forward(x):
        e = torch.exp(x - x.amax(1, keepdim=True))
        return e / e.sum(1, keepdim=True)
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(output)
    @staticmethod
    def backward(ctx, g):
        p, = ctx.saved_tensors
        return p * (g - (g * p).sum(1, keepdim=True))
good_softmax = Soft.apply
""",
    "custom-exp-inside": """
class Exp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]
def good_softmax(x):
    e = Exp.apply(x - x.amax(1, keepdim=True))
    return e / e.sum(1, keepdim=True)
""",
    "numpy-inside-a-function": """
import numpy as np
class Soft(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        a = x.detach().double().numpy()
        e = np.exp(a - a.max(1, keepdims=True))
        p = torch.from_numpy(e / e.sum(1, keepdims=True)).to(x.dtype)
        ctx.save_for_backward(p)
        return p
    @staticmethod
    def backward(ctx, g):
        p, = ctx.saved_tensors
        return p * (g - (g * p).sum(1, keepdim=True))
def good_softmax(x):
    return Soft.apply(x)
""",
}
"""With a backward pass by hand: `differentiable` does not apply."""
