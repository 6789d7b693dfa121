"""Right and wrong ways to write a softmax in torch, small enough to read at a glance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Final

import numpy as np
import torch
from torch import Tensor

__all__ = ["RIGHT", "WRONG", "WRONG_GRADIENT"]

Style = Callable[[Tensor], Tensor]


def _over_sum(powers: Tensor) -> Tensor:
    return powers / powers.sum(-1, keepdim=True)


def _shift(x: Tensor) -> Tensor:
    return x - x.max(-1, keepdim=True).values


def _lse(x: Tensor) -> Tensor:
    m = x.max(-1, keepdim=True).values
    return m + torch.log(torch.exp(x - m).sum(-1, keepdim=True))


def _by_rows(x: Tensor) -> Tensor:
    rows = x.reshape(-1, x.shape[-1])
    done = []
    for row in rows:
        powers = torch.exp(row - row.max())
        done.append(powers / powers.sum())
    return torch.stack(done).reshape(x.shape) if done else torch.zeros_like(x)


def _by_entries(x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    for i in range(x.reshape(-1, x.shape[-1]).shape[0]):
        row = x.reshape(-1, x.shape[-1])[i]
        top = row[0]
        for value in row:
            top = torch.maximum(top, value)
        total = torch.zeros((), dtype=x.dtype)
        for value in row:
            total = total + torch.exp(value - top)
        y.reshape(-1, x.shape[-1])[i] = torch.exp(row - top) / total
    return y


def _in_lists(x: Tensor) -> Tensor:
    done = []
    for row in x.reshape(-1, x.shape[-1]).tolist():
        top = max(row)
        powers = [math.exp(value - top) for value in row]
        total = sum(powers)
        done.append([power / total for power in powers])
    return torch.tensor(done, dtype=x.dtype).reshape(x.shape)


def _in_numpy(x: Tensor) -> Tensor:
    a = x.double().numpy()
    e = np.exp(a - a.max(axis=-1, keepdims=True)) if a.size else a
    return torch.from_numpy(e / e.sum(axis=-1, keepdims=True)).to(x.dtype)


def _flip_matrix(x: Tensor) -> Tensor:
    e = torch.exp(x.T - x.T.max(0).values) if x.dim() == 2 else torch.exp(_shift(x)).T
    return (e / e.sum(0)).T if x.dim() == 2 else _over_sum(e.T)


def _online(x: Tensor) -> Tensor:
    m = torch.full_like(x[..., :1], -math.inf)
    total = torch.zeros_like(m)
    for k in range(x.shape[-1]):
        new = torch.maximum(m, x[..., k : k + 1])
        total = total * torch.exp(m - new) + torch.exp(x[..., k : k + 1] - new)
        m = new
    return torch.exp(x - m) / total


def _pairwise_max(x: Tensor) -> Tensor:
    top = reduce(torch.maximum, x.unbind(-1)).unsqueeze(-1)
    return _over_sum(torch.exp(x - top))


RIGHT: Final[Mapping[str, Style]] = {
    "plain": lambda x: _over_sum(torch.exp(_shift(x))),
    "amax": lambda x: _over_sum(torch.exp(x - x.amax(-1, keepdim=True))),
    "torch-max-tuple": lambda x: _over_sum((x - torch.max(x, dim=-1, keepdim=True)[0]).exp()),
    "detached-max": lambda x: _over_sum(torch.exp(x - x.detach().amax(-1, keepdim=True))),
    "unsqueezed": lambda x: _over_sum(torch.exp(x - x.amax(-1).unsqueeze(-1))),
    "indexed-none": lambda x: _over_sum(torch.exp(x - x.amax(-1)[..., None])),
    "reciprocal": lambda x: (e := torch.exp(_shift(x))) * (1 / e.sum(-1, keepdim=True)),
    "exp-minus-lse": lambda x: torch.exp(x - _lse(x)),
    "exp-of-log": lambda x: torch.exp(
        _shift(x) - torch.log(torch.exp(_shift(x)).sum(-1, keepdim=True))
    ),
    "rows": _by_rows,
    "entries": _by_entries,
    "lists": _in_lists,
    "numpy": _in_numpy,
    "einsum": lambda x: torch.einsum(
        "...k,...->...k", e := torch.exp(_shift(x)), 1 / torch.einsum("...k->...", e)
    ),
    "matmul-ones": lambda x: (
        (e := torch.exp(_shift(x))) / (e @ torch.ones(x.shape[-1], 1, dtype=x.dtype))
    ),
    "transposed": _flip_matrix,
    "online": _online,
    "pairwise-max": _pairwise_max,
    "sorted-max": lambda x: _over_sum(torch.exp(x - x.sort(-1).values[..., -1:])),
    "topk-max": lambda x: _over_sum(torch.exp(x - x.topk(1, dim=-1).values)),
    "gathered-max": lambda x: _over_sum(torch.exp(x - x.gather(-1, x.argmax(-1, keepdim=True)))),
    "cumsum": lambda x: (e := torch.exp(_shift(x))) / e.cumsum(-1)[..., -1:],
    "pow-e": lambda x: _over_sum(
        torch.pow(torch.tensor(math.e, dtype=torch.float64), _shift(x))
    ).to(x.dtype),
    "float64-inside": lambda x: _over_sum(torch.exp(_shift(x.double()))).to(x.dtype),
    "tiny-epsilon": lambda x: (e := torch.exp(_shift(x))) / (e.sum(-1, keepdim=True) + 1e-12),
    "epsilon-1e-7": lambda x: (
        (e := torch.exp(_shift(x).double())) / (e.sum(-1, keepdim=True) + 1e-7)
    ).to(x.dtype),
    "double-shift": lambda x: _over_sum(torch.exp(_shift(_shift(x)))),
    "min-of-negative": lambda x: _over_sum(torch.exp(x + (-x).amin(-1, keepdim=True))),
    "kthvalue": lambda x: _over_sum(
        torch.exp(x - x.kthvalue(x.shape[-1], dim=-1, keepdim=True).values)
    ),
    "normalize-l1": lambda x: torch.nn.functional.normalize(torch.exp(_shift(x)), p=1, dim=-1),
    "true-divide": lambda x: torch.true_divide(
        e := torch.exp(_shift(x)), torch.sum(e, -1, keepdim=True)
    ),
    "clone-in-place": lambda x: _over_sum(x.clone().sub_(x.amax(-1, keepdim=True)).exp_()),
    "mean-denominator": lambda x: (
        (e := torch.exp(_shift(x))) / (e.mean(-1, keepdim=True) * x.shape[-1])
    ),
}
"""Right for every scored fixture."""


def _shape_from(x: Tensor) -> Tensor:
    return _over_sum(torch.exp(_shift(x.reshape(1, -1)))).reshape(x.shape)


def _builtin(x: Tensor) -> Tensor:
    z = x - max(x)
    return torch.exp(z) / torch.sum(torch.exp(z))


def _no_keepdim(x: Tensor) -> Tensor:
    return (e := torch.exp(_shift(x))) / e.sum(-1)


def _no_keepdim_max(x: Tensor) -> Tensor:
    return _over_sum(torch.exp(x - x.amax(-1)))


def _one_hot(x: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(x.argmax(-1), x.shape[-1]).to(x.dtype)


_WRONG: Final[tuple[tuple[str, Style, str], ...]] = (
    ("naive", lambda x: _over_sum(torch.exp(x)), "stable per-row-shift dtype"),
    (
        "naive-in-float64",
        lambda x: _over_sum(torch.exp(x.double())).to(x.dtype),
        "stable per-row-shift dtype",
    ),
    ("global-max", lambda x: _over_sum(torch.exp(x - x.max())), "per-row-shift"),
    (
        "global-max-in-float64",
        lambda x: _over_sum(torch.exp((x - x.max()).double())).to(x.dtype),
        "per-row-shift",
    ),
    ("global-min", lambda x: _over_sum(torch.exp(x - x.min())), "stable per-row-shift"),
    ("row-min", lambda x: _over_sum(torch.exp(x - x.amin(-1, keepdim=True))), "stable"),
    ("global-mean", lambda x: _over_sum(torch.exp(x - x.mean())), "stable per-row-shift"),
    ("row-mean", lambda x: _over_sum(torch.exp(x - x.mean(-1, keepdim=True))), "stable"),
    (
        "row-median",
        lambda x: _over_sum(torch.exp(x - x.median(-1, keepdim=True).values)),
        "stable",
    ),
    ("first-entry", lambda x: _over_sum(torch.exp(x - x[..., :1])), "stable"),
    ("last-entry", lambda x: _over_sum(torch.exp(x - x[..., -1:])), "stable"),
    (
        "largest-absolute",
        lambda x: _over_sum(torch.exp(x - x.abs().amax(-1, keepdim=True))),
        "stable",
    ),
    ("constant-100", lambda x: _over_sum(torch.exp(x - 100)), "stable per-row-shift"),
    ("clamp-80", lambda x: _over_sum(torch.exp(x.clamp(max=80))), "stable per-row-shift"),
    (
        "clamp-both-ways",
        lambda x: _over_sum(torch.exp(x.clamp(-80, 80))),
        "stable per-row-shift",
    ),
    (
        "clamp-700-in-float64",
        lambda x: _over_sum(torch.exp(x.double().clamp(-700, 700))).to(x.dtype),
        "stable per-row-shift",
    ),
    (
        "nan-to-num",
        lambda x: torch.nan_to_num(_over_sum(torch.exp(x))),
        "stable per-row-shift dtype",
    ),
    (
        "nan-to-one",
        lambda x: torch.nan_to_num(_over_sum(torch.exp(x)), nan=1.0),
        "stable per-row-shift dtype",
    ),
    (
        "inf-to-largest",
        lambda x: _over_sum(torch.nan_to_num(torch.exp(x))),
        "stable per-row-shift dtype",
    ),
    (
        "standardised",
        lambda x: _over_sum(
            torch.exp(
                (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True, correction=0) + 1e-8)
            )
        ),
        "values stable batch",
    ),
    (
        "over-max",
        lambda x: _over_sum(torch.exp(x / x.amax(-1, keepdim=True))),
        "values stable batch",
    ),
    (
        "epsilon-1e-5",
        lambda x: (e := torch.exp(_shift(x))) / (e.sum(-1, keepdim=True) + 1e-5),
        "values stable",
    ),
    (
        "epsilon-inside",
        lambda x: _over_sum(torch.exp(_shift(x)) + 1e-6),
        "stable",
    ),
    ("uniform", lambda x: torch.full_like(x, 1 / x.shape[-1]), "values stable batch dtype"),
    ("one-hot", _one_hot, "values stable batch dtype"),
    ("zeros", torch.zeros_like, "values stable batch dtype"),
    ("identity", lambda x: x, "values stable batch dtype"),
    ("log", lambda x: x - _lse(x), "values stable batch dtype"),
    ("not-normalised", lambda x: torch.exp(_shift(x)), "values stable batch dtype"),
    ("sigmoid", torch.sigmoid, "values stable batch dtype"),
    (
        "axis-0",
        lambda x: (e := torch.exp(x - x.amax(0, keepdim=True))) / e.sum(0, keepdim=True),
        "values stable batch",
    ),
    (
        "sum-on-axis-0",
        lambda x: (e := torch.exp(_shift(x))) / e.sum(0, keepdim=True),
        "values stable batch",
    ),
    ("sum-over-all", lambda x: (e := torch.exp(_shift(x))) / e.sum(), "batch"),
    ("whole-batch", _shape_from, "batch per-row-shift"),
    ("builtin-max", _builtin, "values stable batch"),
    ("missing-keepdim", _no_keepdim, "batch"),
    ("missing-keepdim-max", _no_keepdim_max, "batch"),
    (
        "rounded",
        lambda x: (_over_sum(torch.exp(_shift(x))) * 1e4).round() / 1e4,
        "values stable batch",
    ),
    (
        "temperature",
        lambda x: _over_sum(torch.exp(_shift(x) / 2)),
        "values stable batch dtype",
    ),
    (
        "inconsistent-shift",
        lambda x: torch.exp(_shift(x)) / torch.exp(x).sum(-1, keepdim=True),
        "values stable batch",
    ),
    (
        "half-precision-inside",
        lambda x: _over_sum(torch.exp(_shift(x.half()))).to(x.dtype),
        "values stable batch",
    ),
)

WRONG: Final[Mapping[str, tuple[Style, str]]] = {
    name: (style, groups) for name, style, groups in _WRONG
}
"""What is wrong, and groups (`file` of the fixtures) in which it must be seen."""


WRONG_GRADIENT: Final[Mapping[str, Style]] = {
    "detached-sum": lambda x: (e := torch.exp(_shift(x))) / e.sum(-1, keepdim=True).detach(),
    "detached-powers": lambda x: _over_sum(e := torch.exp(_shift(x))).detach() + 0 * e,
}
"""Right values, wrong gradients."""
