"""Trusted float64 answers for the cross-entropy of logits, and how far off a right answer may be.

Every function takes `{"x": logits, "target": classes}` of shapes (B, N) and (B,), integers below N.
With l_b = log sum exp(x_b) - x_b[target_b] the loss of a row, the answer is their mean.

A row's loss is an entry of its log-softmax with the sign turned, so the analysis of
`grader.assignments.log_softmax.oracle` holds for it (Blanchard, Higham, Higham, "Accurately
computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41(4), 2021): it is off by at
most r_b = max(rfloor, 2 eps (log2 n + 1 + max|x_b|)). The mean adds the rounding of a sum of B
terms and of a division, u (log2 B + 1) mean(l) with u = eps / 2; four times that covers loops over
the rows of a batch. Together `mean(r) + 2 eps (log2 B + 1) mean(l) + atol`. The bound is absolute:
a loss near 0 is a difference of numbers that are not.

The gradient by the logits is g (p - onehot) / B with p the softmax and g the upstream gradient of
the loss. p is off by at most r_b p, the difference and the quotient are rounded at a cost of 2 u
each, relative to 1 / B; where the maximum is differentiated too, its entry gets the sum of the
row's gradient, which is 0 up to u (log2 n + 2) 2 / B. As r_b >= 4 u (log2 n + 1), together at most
`2 r_b |g| / B`.
"""

from __future__ import annotations

import numpy as np

from grader.assignments.log_softmax.oracle import log_softmax, room
from grader.assignments.rounding import ALLOWED, refuse_sizes
from grader.assignments.softmax.oracle import refuse_separated as refuse_rows_together
from grader.core.fixture import Inputs
from grader.core.tensor import EPS, DType, Float64

__all__ = [
    "bound",
    "cross_entropy",
    "cross_entropy_vjp",
    "cross_entropy_vjp_bound",
    "one_hot",
    "refuse",
    "refuse_separated",
    "separated_bound",
]


def cross_entropy(inputs: Inputs) -> Float64:
    """The mean of `log sum exp(x) - x[target]` over the rows; shape ()."""
    return np.asarray(_losses(inputs).mean())


def cross_entropy_vjp(inputs: Inputs, upstream: Float64) -> Float64:
    """`g (softmax(x) - onehot) / B` for a scalar g; of the shape of x, (B, N)."""
    p = np.exp(log_softmax(inputs))
    return np.asarray(upstream * (p - one_hot(inputs)) / len(p))


def one_hot(inputs: Inputs) -> Float64:
    """1 at each row's target, 0 elsewhere; (B, N)."""
    return np.asarray(np.eye(inputs["x"].shape[-1])[_classes(inputs)])


def bound(inputs: Inputs, dtype: DType, _expected: Float64) -> Float64:
    """`mean(r) + 2 eps (log2 B + 1) mean(l) + atol`; shape ()."""
    each = room(inputs["x"], dtype)
    return np.asarray(each.mean() + _averaging(inputs, dtype) + ALLOWED[dtype].atol)


def separated_bound(inputs: Inputs, dtype: DType, _expected: Float64) -> Float64:
    """`4 eps (1 + mean(l)) + 2 eps (log2 B + 1) mean(l) + atol`, whatever the size of the scores.

    One class is so far ahead in each row that its loss is max - x[target], rounded once.
    """
    rounding = 4 * EPS[dtype] * (1 + _losses(inputs).mean())
    return np.asarray(rounding + _averaging(inputs, dtype) + ALLOWED[dtype].atol)


def cross_entropy_vjp_bound(inputs: Inputs, upstream: Float64, dtype: DType) -> Float64:
    """`2 r |g| / B + 1e-9`, row by row; of the shape of x, (B, N)."""
    x = inputs["x"]
    each = 2 * room(x, dtype) * np.abs(upstream) / len(x) + 1e-9
    return np.array(np.broadcast_to(each, x.shape))


def refuse(inputs: Inputs, dtype: DType, _expected: Float64) -> str | None:
    """Ordinary: sizes within the dtype's caps, so that the bound stays telling."""
    if reason := _refuse_shapes(inputs) or refuse_sizes(inputs["x"], dtype):
        return reason
    needed = float(room(inputs["x"], dtype).max())
    if needed > ALLOWED[dtype].relative:
        return f"expected a bound of at most {ALLOWED[dtype].relative:g}, it is {needed:.2g}"
    return None


def refuse_separated(inputs: Inputs, dtype: DType, expected: Float64) -> str | None:
    """Separated: one class of every row so far ahead that rounding cannot bring another near."""
    return _refuse_shapes(inputs) or refuse_rows_together(inputs, dtype, expected)


def _losses(inputs: Inputs) -> Float64:
    rows = -log_softmax(inputs)
    return np.asarray(rows[np.arange(len(rows)), _classes(inputs)])


def _averaging(inputs: Inputs, dtype: DType) -> float:
    losses = _losses(inputs)
    return float(2 * EPS[dtype] * (np.log2(len(losses)) + 1) * losses.mean())


def _classes(inputs: Inputs) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return inputs["target"].astype(np.int64)


def _refuse_shapes(inputs: Inputs) -> str | None:
    x, target = inputs["x"], inputs["target"]
    if x.ndim != 2 or target.shape != x.shape[:1] or x.size == 0:
        return "expected `x` of shape (B, N) and `target` of shape (B,), neither empty"
    if not np.issubdtype(target.dtype, np.integer):
        return "expected `classes` for `target`"
    if np.any(target < 0) or np.any(target >= x.shape[-1]):
        return f"expected a `target` of 0 .. {x.shape[-1] - 1} in every row"
    return None
