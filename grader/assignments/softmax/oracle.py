"""Trusted float64 answers for softmax, and how far from them a right answer may be.

Tolerances follow Blanchard, Higham, Higham, "Accurately computing the log-sum-exp and softmax
functions", IMA J. Numer. Anal. 41(4), 2021; see `grader.assignments.rounding`.
Every function takes `{"x": scores}` of any number of axes; a row is the last one.
"""

from __future__ import annotations

import numpy as np

from grader.assignments.rounding import (
    ALLOWED,
    amplification,
    largest,
    refuse_rows,
    refuse_sizes,
    rows,
)
from grader.core.fixture import Inputs
from grader.core.tensor import EPS, DType, Float64

__all__ = [
    "one_hot",
    "ordinary_bound",
    "refuse_ordinary",
    "refuse_separated",
    "separated_bound",
    "softmax",
    "softmax_vjp",
    "softmax_vjp_bound",
]

_SPACING = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}


def softmax(inputs: Inputs) -> Float64:
    """exp(x - max) over its sum; an entry of -inf gives 0, a row of nothing else NaN."""
    x = inputs["x"]
    if x.size == 0:
        return np.zeros_like(x)
    with np.errstate(invalid="ignore"):
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def one_hot(inputs: Inputs) -> Float64:
    """1 at the first largest entry of each row, 0 elsewhere."""
    x = inputs["x"]
    if x.size == 0:
        return np.zeros_like(x)
    leaders = np.expand_dims(x.argmax(axis=-1), -1)
    return np.asarray(np.arange(x.shape[-1]) == leaders, dtype=np.float64)


def ordinary_bound(inputs: Inputs, dtype: DType, expected: Float64) -> Float64:
    """`max(rfloor, 2 eps (log2 n + 1 + max|x|)) p + atol`, row by row."""
    return _relative(inputs["x"], dtype) * np.abs(expected) + ALLOWED[dtype].atol


def refuse_ordinary(inputs: Inputs, dtype: DType, _expected: Float64) -> str | None:
    """Ordinary: sizes within the dtype's caps, so that the relative bound stays telling."""
    x = inputs["x"]
    if reason := refuse_sizes(x, dtype):
        return reason
    allowed = ALLOWED[dtype]
    needed = float(np.max(_relative(x, dtype), initial=0.0))
    if needed > allowed.relative:
        return f"expected a relative bound of at most {allowed.relative:g}, it is {needed:.2g}"
    return None


def separated_bound(_inputs: Inputs, dtype: DType, expected: Float64) -> Float64:
    """`max(rfloor, 4 eps) p + atol`: scores are too large to be exact, their order is not."""
    allowed = ALLOWED[dtype]
    return max(allowed.rfloor, 4 * EPS[dtype]) * np.abs(expected) + allowed.atol


def refuse_separated(inputs: Inputs, dtype: DType, _expected: Float64) -> str | None:
    """Separated: one class so far ahead in every row that rounding cannot bring another near.

    The runner-up has to overflow the plain formula too. So there are no followers that are all
    very negative, which an answer clamped from above would survive.
    """
    x = inputs["x"]
    if reason := refuse_rows(x, dtype):
        return reason
    if x.shape[-1] < 2 or x.size == 0:
        return "expected at least two classes"
    ordered = np.sort(rows(x), axis=-1)
    lead = ordered[:, -1] - ordered[:, -2]
    ulp = _ulp(largest(rows(x))[:, 0], dtype)
    if np.any(lead < np.maximum(np.log(x.shape[-1] / EPS[dtype]), 4 * ulp)):
        return "expected one class ahead by max(ln(n / eps), 4 ulp(max|x|)) in every row"
    if np.any(ordered[:, -2] <= ALLOWED[dtype].overflow):
        return f"expected a runner-up above {ALLOWED[dtype].overflow:g} in every row"
    return None


def softmax_vjp(inputs: Inputs, upstream: Float64) -> Float64:
    """`p (g - sum(p g))`, row by row."""
    p = softmax(inputs)
    return np.asarray(p * (upstream - np.sum(p * upstream, axis=-1, keepdims=True)))


def softmax_vjp_bound(inputs: Inputs, upstream: Float64, dtype: DType) -> Float64:
    """`4 rtol(x) max|p| max|g| + 1e-9`, row by row, of the answer's shape."""
    p = softmax(inputs)
    scale = largest(p) * largest(upstream)
    bound = 4 * _relative(inputs["x"], dtype) * scale + 1e-9
    return np.array(np.broadcast_to(bound, p.shape))


def _relative(x: Float64, dtype: DType) -> Float64:
    """`rtol(x)` of each row, last axis kept with size 1."""
    return np.maximum(ALLOWED[dtype].rfloor, amplification(x, dtype))


def _ulp(size: Float64, dtype: DType) -> Float64:
    """Gap to the next number of the dtype above `size`."""
    _, exponent = np.frexp(size)
    return np.asarray(np.ldexp(np.ones_like(size), exponent - _SPACING[dtype]))
