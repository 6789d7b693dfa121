"""Arithmetic as a student's own code rounds it: one operation at a time, in the input's dtype.

What a known bug returns is computed by these, so that it overflows and vanishes where the bug does.
A sum is rounded once, as torch accumulates halves in more digits and long sums in pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from grader.core.tensor import DType, Float64, pack

__all__ = ["Arithmetic"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Operations on float64 arrays whose results are rounded to `dtype`.

    Infinities and NaN come out as they would; no warning is raised. `ValueError` where two shapes
    do not broadcast, as torch would refuse them.
    """

    dtype: DType

    def rounded(self, values: Float64) -> Float64:
        """The nearest numbers of the dtype; what is too large becomes infinite."""
        return np.asarray(pack(np.asarray(values), self.dtype).numbers(), dtype=np.float64)

    def exp(self, values: Float64) -> Float64:
        """Exponentials."""
        return self._silently(lambda: np.exp(values))

    def log(self, values: Float64) -> Float64:
        """Natural logarithms; -inf of 0."""
        return self._silently(lambda: np.log(values))

    def plus(self, left: Float64, right: Float64) -> Float64:
        """`left + right`, broadcast."""
        return self._silently(lambda: left + right)

    def minus(self, left: Float64, right: Float64) -> Float64:
        """`left - right`, broadcast."""
        return self._silently(lambda: left - right)

    def times(self, left: Float64, right: Float64) -> Float64:
        """`left * right`, broadcast."""
        return self._silently(lambda: left * right)

    def over(self, left: Float64, right: Float64) -> Float64:
        """`left / right`, broadcast; NaN of 0 / 0."""
        return self._silently(lambda: left / right)

    def total(self, values: Float64, axis: int | None, *, keepdims: bool = True) -> Float64:
        """Sum over one axis, or over all entries."""
        return self._silently(lambda: np.sum(values, axis=axis, keepdims=keepdims))

    def mean(self, values: Float64, axis: int | None, *, keepdims: bool = True) -> Float64:
        """Mean over one axis, or over all entries; infinite where their sum is too large."""
        count = values.size if axis is None else values.shape[axis]
        return self.over(self.total(values, axis, keepdims=keepdims), np.asarray(float(count)))

    def _silently(self, operation: Callable[[], Float64]) -> Float64:
        with np.errstate(all="ignore"):
            return self.rounded(operation())
