"""Trusted float64 answers for log_softmax, and how far from them a right answer may be.

With m the largest score of a row and s = sum exp(x - m), a right answer is x - m - log s in one
order or another. Following Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and
softmax functions", IMA J. Numer. Anal. 41(4), 2021, with unit roundoff u = eps / 2:

- s has a relative error of at most u (log2 n + 1 + log n): the sum, each exp, and the rounding
  of x - m weighted by the probabilities, whose mean is at most log n. As s >= 1 this is also the
  absolute error of log s, which itself is rounded at a cost of u log n.
- m + log s is rounded at a cost of u (max|x| + log n), and the last subtraction at a cost of
  u (2 max|x| + log n), as that is the largest answer.

Together at most u (log2 n + 1 + 4 log n + 3 max|x|), which `2 eps (log2 n + 1 + max|x|)` covers.
The bound is absolute: near 0 the answer's relative error cannot be small, as x itself is rounded.

Where one class is far ahead (kind `separated`) s is 1 up to eps, so the answer is x - m with one
rounding and an error of log s: `4 eps (1 + |y|) + atol`, whatever the size of the scores.

With p the softmax and g an upstream gradient, the vector-Jacobian product is g - p sum(g). p has a
relative error of at most the bound r above, the sum of g one of u (log2 n + 1) sum|g|, the product
and the difference are rounded at a cost of 2 u sum|g|; where the maximum is differentiated too, its
entry gets the sum of the whole product, which is 0 up to u (log2 n + 2) 2 sum|g|. Since
r >= 4 u (log2 n + 1), together at most `2 r sum|g|`.
"""

from __future__ import annotations

import numpy as np

from grader.assignments.rounding import ALLOWED, amplification, refuse_sizes
from grader.core.fixture import Inputs
from grader.core.tensor import EPS, DType, Float64

__all__ = [
    "bound",
    "log_softmax",
    "log_softmax_vjp",
    "log_softmax_vjp_bound",
    "refuse",
    "room",
    "separated_bound",
]


def log_softmax(inputs: Inputs) -> Float64:
    """Scores minus max minus log(sum exp(x - max)); -inf stays, a row of nothing else is NaN."""
    x = inputs["x"]
    if x.size == 0:
        return np.zeros_like(x)
    with np.errstate(invalid="ignore"):
        shifted = x - x.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))


def room(x: Float64, dtype: DType) -> Float64:
    """`max(rfloor, 2 eps (log2 n + 1 + max|x|))` of each row, last axis kept with size 1."""
    return np.maximum(ALLOWED[dtype].rfloor, amplification(x, dtype))


def bound(inputs: Inputs, dtype: DType, expected: Float64) -> Float64:
    """`max(rfloor, 2 eps (log2 n + 1 + max|x|)) + atol`, absolute, row by row."""
    each = room(inputs["x"], dtype) + ALLOWED[dtype].atol
    return np.array(np.broadcast_to(each, expected.shape))


def separated_bound(_inputs: Inputs, dtype: DType, expected: Float64) -> Float64:
    """`4 eps (1 + |y|) + atol`: one class is so far ahead that the answer is x - max."""
    return 4 * EPS[dtype] * (1 + np.abs(expected)) + ALLOWED[dtype].atol


def log_softmax_vjp(inputs: Inputs, upstream: Float64) -> Float64:
    """`g - p sum(g)`, row by row."""
    p = np.exp(log_softmax(inputs))
    return np.asarray(upstream - p * np.sum(upstream, axis=-1, keepdims=True))


def log_softmax_vjp_bound(inputs: Inputs, upstream: Float64, dtype: DType) -> Float64:
    """`2 max(rfloor, 2 eps (log2 n + 1 + max|x|)) sum|g| + 1e-9`, row by row."""
    scale = np.sum(np.abs(upstream), axis=-1, keepdims=True)
    each = 2 * room(inputs["x"], dtype) * scale + 1e-9
    return np.array(np.broadcast_to(each, upstream.shape))


def refuse(inputs: Inputs, dtype: DType, _expected: Float64) -> str | None:
    """Sizes within the dtype's caps, so that the bound stays telling."""
    x = inputs["x"]
    if reason := refuse_sizes(x, dtype):
        return reason
    allowed = ALLOWED[dtype]
    needed = float(np.max(amplification(x, dtype), initial=0.0))
    if needed > allowed.relative:
        return f"expected a bound of at most {allowed.relative:g}, it is {needed:.2g}"
    return None
