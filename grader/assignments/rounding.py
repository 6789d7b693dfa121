"""What rounding allows in functions of a row of scores, for the assignments about such rows.

The analysis is that of P. Blanchard, D. J. Higham, N. J. Higham, "Accurately computing the
log-sum-exp and softmax functions", IMA J. Numer. Anal. 41(4), 2021: the error grows with the
length of the sum and, through the rounding of the scores themselves, with their size. Their sum
term is n; log2 n holds for pairwise sums and was measured to cover plain loops up to n = 1000.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from grader.core.tensor import EPS, DType, Float64

__all__ = ["ALLOWED", "Allowed", "amplification", "largest", "refuse_rows", "refuse_sizes", "rows"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Tolerance floors and caps of one dtype.

    rfloor    relative error that is always allowed
    atol      absolute error that is always allowed
    relative  a fixture that needs a larger relative bound would decide too little
    entries   longest row
    size      largest absolute score
    overflow  exp of anything larger overflows
    """

    rfloor: float
    atol: float
    relative: float
    entries: int
    size: float
    overflow: float


ALLOWED: Final[Mapping[str, Allowed]] = {
    "float32": Allowed(2e-6, 1e-9, 1e-2, 1000, 2.0**14, 88.73),
    "float64": Allowed(2e-6, 1e-9, 1e-2, 1000, 2.0**14, 709.79),
    "float16": Allowed(0.0, 6.2e-5, 0.1, 20, 25.0, 11.1),
    "bfloat16": Allowed(0.0, 1e-5, 0.2, 20, 6.0, 88.73),
}
"""By dtype. 3e38 in float32, and anything beyond `size`, only where one class is far ahead."""


def rows(x: Float64) -> Float64:
    """All rows of the last axis as one matrix; an empty row has no entries to speak of."""
    return x.reshape(-1, x.shape[-1]) if x.size else np.zeros((0, max(x.shape[-1], 1)))


def largest(x: Float64) -> Float64:
    """Largest absolute finite score of each row, last axis kept with size 1."""
    finite = np.where(np.isfinite(x), np.abs(x), 0.0)
    return np.asarray(finite.max(axis=-1, keepdims=True, initial=0.0))


def amplification(x: Float64, dtype: DType) -> Float64:
    """`2 eps (log2 n + 1 + max|x|)` of each row, last axis kept with size 1."""
    count = max(x.shape[-1], 1)
    return np.asarray(2 * EPS[dtype] * (np.log2(count) + 1 + largest(x)))


def refuse_rows(x: Float64, dtype: DType) -> str | None:
    """Why the rows suit no tolerance analysis at all, or None."""
    if x.ndim < 1:
        return "expected at least one axis"
    if dtype not in ALLOWED:
        return f"expected one of {', '.join(ALLOWED)}"
    allowed = ALLOWED[dtype]
    if x.shape[-1] > allowed.entries:
        return f"expected rows of at most {allowed.entries} in {dtype}"
    if np.any(np.isnan(x)) or np.any(np.isposinf(x)):
        return "expected no entry that is nan or inf"
    if np.any(np.all(np.isneginf(rows(x)), axis=-1)):
        return "expected a finite entry in every row"
    return None


def refuse_sizes(x: Float64, dtype: DType) -> str | None:
    """Why the rows, or the size of their scores, are beyond the dtype's caps, or None."""
    if reason := refuse_rows(x, dtype):
        return reason
    most = ALLOWED[dtype].size
    if np.any(largest(x) > most):
        return f"expected scores of at most {most:g} in {dtype}"
    return None
