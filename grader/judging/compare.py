"""An answer against the truth: is it right, and which entry is furthest from being so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grader.core.fixture import Truth
from grader.core.report import Worst
from grader.core.tensor import Float64, RawTensor
from grader.fixtures.closeness import errors, excess

__all__ = ["Comparison", "closest", "compare", "fits", "same"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of a comparison.

    ok     every entry is within its bound
    error  absolute, at the worst entry; infinite where the answer or the truth is not finite
           there and the other differs; None where no entries were compared
    bound  the largest error allowed there
    worst  the entry furthest outside its bound, or nearest to it where all are inside; the first
           of several
    text   one sentence on what came back and what should have; empty where `ok`
    """

    ok: bool
    error: float | None
    bound: float | None
    worst: Worst | None
    text: str


def compare(value: RawTensor, truth: Truth) -> Comparison:
    """Compare by values alone: integers and booleans count as the numbers they are.

    NaN is right only where NaN is expected, an infinity only where the same one is.
    """
    if value.shape != truth.expected.shape:
        text = f"shape {_shape(value.shape)} came back, expected {_shape(truth.expected.shape)}"
        return Comparison(ok=False, error=None, bound=None, worst=None, text=text)
    if truth.expected.size == 0:
        return Comparison(ok=True, error=None, bound=None, worst=None, text="")
    got = np.asarray(value.numbers(), dtype=np.float64)
    error = errors(got, truth.expected)
    outside = excess(error, truth.bound)
    at = np.unravel_index(int(np.argmax(outside)), outside.shape)
    index = tuple(int(part) for part in at)
    worst = Worst(index=index, got=float(got[index]), expected=float(truth.expected[index]))
    ok = bool(outside[index] <= 1.0)
    return Comparison(
        ok=ok,
        error=float(error[index]),
        bound=float(truth.bound[index]),
        worst=worst,
        text="" if ok else _text(got, truth, worst, float(truth.bound[index])),
    )


def closest(value: RawTensor, truths: Sequence[Truth]) -> Comparison:
    """Compare with the first of `truths` that has the value's shape; ValueError without truths.

    Axes of size one are not compared: whoever returns one row of a batch need not say that it is
    a batch.
    """
    if not truths:
        raise ValueError("there is nothing to compare with")
    for truth in truths:
        if fits(value, truth):
            return compare(RawTensor(value.dtype, truth.expected.shape, value.data), truth)
    shapes = " or ".join(dict.fromkeys(_shape(truth.expected.shape) for truth in truths))
    text = f"shape {_shape(value.shape)} came back, expected {shapes}"
    return Comparison(ok=False, error=None, bound=None, worst=None, text=text)


def fits(value: RawTensor, truth: Truth) -> bool:
    """Whether value and truth have the same shape but for axes of size one."""
    return _long(value.shape) == _long(truth.expected.shape)


def _long(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def same(a: RawTensor, b: RawTensor, bound: float | Float64) -> bool:
    """Whether two answers agree within `bound` in every entry, by values alone.

    NaN equals NaN and an infinity equals itself; answers of different shape do not agree.
    """
    if a.shape != b.shape:
        return False
    apart = errors(a.numbers(), np.asarray(b.numbers(), dtype=np.float64))
    return bool(np.all(apart <= bound))


def _text(got: Float64, truth: Truth, worst: Worst, bound: float) -> str:
    lost = np.isnan(got) & ~np.isnan(truth.expected)
    count = int(lost.sum())
    if count and np.isnan(worst.got):
        every = "every entry is" if count == got.size else f"{count} of {got.size} entries are"
        return f"{every} nan, expected {_number(worst.expected)} at {_shape(worst.index)}"
    return (
        f"{_number(worst.got)} at {_shape(worst.index)}, expected {_number(worst.expected)} "
        f"within {bound:.2g}"
    )


def _shape(sizes: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, sizes))}{',' if len(sizes) == 1 else ''})"


def _number(value: float) -> str:
    return f"{value:.6g}"
