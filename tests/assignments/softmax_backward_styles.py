"""Right ways to write the backward pass of a softmax in torch, small enough to read at a glance."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor

__all__ = ["MATRICES", "PRODUCTS", "of_probs"]

Product = Callable[[Tensor, Tensor], Tensor]
Matrix = Callable[[Tensor], Tensor]


def of_probs(p: Tensor, g: Tensor) -> Tensor:
    """What a function that is handed probabilities computes of them."""
    return p * (g - (p * g).sum(-1, keepdim=True))


def _probs(x: Tensor) -> Tensor:
    powers = torch.exp(x - x.amax(-1, keepdim=True))
    return powers / powers.sum(-1, keepdim=True)


def _matrix(x: Tensor) -> Tensor:
    p = _probs(x)
    return torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)


def _entry_by_entry(x: Tensor) -> Tensor:
    found = torch.zeros(x.shape[0], x.shape[1], x.shape[1])
    for row, p in enumerate(_probs(x)):
        for i, j in itertools.product(range(len(p)), repeat=2):
            found[row, i, j] = p[i] * (1 - p[j]) if i == j else -p[i] * p[j]
    return found


def _by_loops(x: Tensor, g: Tensor) -> Tensor:
    rows = zip(_probs(x).tolist(), g.tolist(), strict=True)
    found = []
    for p, up in rows:
        total = 0.0
        for probability, gradient in zip(p, up, strict=True):
            total += probability * gradient
        found.append(
            [probability * (each - total) for probability, each in zip(p, up, strict=True)]
        )
    return torch.tensor(found)


def _by_logarithms(x: Tensor, g: Tensor) -> Tensor:
    p = torch.exp(x - torch.logsumexp(x, -1, keepdim=True))
    return p * g - p * (p * g).sum(-1, keepdim=True)


PRODUCTS: Final[Mapping[str, Product]] = {
    "elementwise": lambda x, g: _probs(x) * (g - (_probs(x) * g).sum(-1, keepdim=True)),
    "two terms": _by_logarithms,
    "matmul": lambda x, g: (_matrix(x) @ g.unsqueeze(-1)).squeeze(-1),
    "transposed matmul": lambda x, g: (g.unsqueeze(-2) @ _matrix(x)).squeeze(-2),
    "einsum": lambda x, g: torch.einsum("bij,bi->bj", _matrix(x), g),
    "loops": _by_loops,
    "in float64": lambda x, g: torch.einsum("bij,bi->bj", _matrix(x.double()), g.double()),
    "handed probabilities": lambda x, g: of_probs(_probs(x.double()).float(), g),
}
MATRICES: Final[Mapping[str, Matrix]] = {
    "diag and outer": lambda x: torch.stack([p.diag() - torch.outer(p, p) for p in _probs(x)]),
    "einsum": lambda x: torch.diag_embed(_probs(x)) - torch.einsum("bi,bj->bij", *[_probs(x)] * 2),
    "entry by entry": _entry_by_entry,
    "p (delta - p)": lambda x: (
        _probs(x).unsqueeze(-1) * (torch.eye(x.shape[-1]) - _probs(x).unsqueeze(-2))
    ),
    "four axes": lambda x: torch.autograd.functional.jacobian(_probs, x),  # type: ignore[no-untyped-call] # torch leaves it untyped
    "flat": lambda x: _matrix(x).flatten(),
}
