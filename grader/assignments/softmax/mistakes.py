"""What wrong forward passes return: formulas put together from the steps students get wrong.

A formula is a choice for each step: what is done to the logits, what is subtracted from them above
and below the fraction line, what the powers are summed over, what happens to the result. It is
computed in float32 as a student's tensor would be, in float64 where the student casts, or in
Python's floats, which raise where arrays give infinity. Every step keeps the dtype it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import permutations, product
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from grader.core.assignment import Mistake, Results
from grader.core.fixture import Inputs
from grader.core.tensor import DType, Float64, pack

__all__ = ["MISTAKES", "Formula", "bugs_of", "evaluate"]

Digits = Literal["single", "double", "python"]
_Array = NDArray[Any]
_Step = Callable[[_Array], Any]


@dataclass(frozen=True, slots=True)
class Formula:
    """Names of steps, each a key of a table below; the defaults are right.

    before, after  what is done to the logits, before and after they are shifted
    above, below   what is subtracted from them in the numerator and in the denominator
    over           what the powers are summed over
    beside, within what is added to the sum, and to every power
    end            what happens at the end; some of it to the powers already
    digits         the arithmetic: the tensor's own, float64, or Python's
    """

    before: str = ""
    above: str = "row max"
    below: str = "row max"
    after: str = ""
    over: str = "row"
    beside: float = 0.0
    within: float = 0.0
    end: str = ""
    digits: Digits = "single"


class _RaisesError(Exception):
    """What the student's code does here."""


def _row(reduce: Callable[..., Any]) -> _Step:
    return lambda x: reduce(x, axis=-1, keepdims=True)


def _column(reduce: Callable[..., Any]) -> _Step:
    return lambda x: reduce(x, axis=0, keepdims=True)


def _flat(reduce: Callable[..., Any]) -> _Step:
    """A number a row without its axis: broadcasting lines it up with the columns."""
    return lambda x: reduce(x, axis=-1)


def _of_rows(x: _Array) -> Any:
    """Python's `max` of a batch: its only row, or an ambiguous comparison of two."""
    if len(x) == 1:
        return x[0]
    if x.shape[-1] > 1:
        raise _RaisesError
    return x.max()


def _row_median(x: _Array) -> Any:
    """The lower of the two in the middle, as torch has it."""
    return np.sort(x, axis=-1)[:, [(x.shape[-1] - 1) // 2]]


def _fixed(value: float) -> _Step:
    return lambda x: x.dtype.type(value)


_SHIFTS: Final[Mapping[str, _Step]] = {
    "": _fixed(0),
    "row max": _row(np.max),
    "max": np.max,
    "max of rows": _of_rows,
    "column max": _column(np.max),
    "flat max": _flat(np.max),
    "row mean": _row(np.mean),
    "mean": np.mean,
    "flat mean": _flat(np.mean),
    "row min": _row(np.min),
    "min": np.min,
    "row median": _row_median,
    "row sum": _row(np.sum),
    "sum": np.sum,
    "largest size of row": lambda x: np.abs(x).max(axis=-1, keepdims=True),
    "largest size": lambda x: np.abs(x).max(),
    "first entry": lambda x: x[:, :1],
    "last entry": lambda x: x[:, -1:],
    "max of first row": lambda x: x[0].max(),
    "max of last row": lambda x: x[-1].max(),
    "minus row max": lambda x: -x.max(axis=-1, keepdims=True),
    "minus max": lambda x: -x.max(),
    **{str(value): _fixed(value) for value in (10, 50, 80, 88, 100, 500, 700, 1000)},
}

_SUMS: Final[Mapping[str, _Step]] = {
    "row": _row(np.sum),
    "all": np.sum,
    "column": _column(np.sum),
    "flat": _flat(np.sum),
    "nothing": _fixed(1),
    "mean of row": _row(np.mean),
    "classes": lambda powers: powers.dtype.type(powers.shape[-1]),
}


def _norm(x: _Array, axis: int | None = None, *, keepdims: bool = False) -> Any:
    return np.sqrt(np.square(x).sum(axis=axis, keepdims=keepdims))


def _standard(x: _Array, axis: int | None, ddof: int, epsilon: float) -> _Array:
    count = x.size if axis is None else x.shape[axis]
    # of one number torch has no unbiased deviation
    spread = x.std(axis=axis, ddof=ddof, keepdims=True) if count > ddof else x.dtype.type(np.nan)
    return np.asarray((x - x.mean(axis=axis, keepdims=True)) / (spread + x.dtype.type(epsilon)))


def _to_unit(x: _Array, axis: int | None, epsilon: float) -> _Array:
    low, high = (reduce(x, axis=axis, keepdims=True) for reduce in (np.min, np.max))
    return np.asarray((x - low) / (high - low + x.dtype.type(epsilon)))


def _times(x: _Array, factor: float) -> _Array:
    return np.asarray(x * x.dtype.type(factor))


def _over(step: _Step) -> _Step:
    return lambda x: x / step(x)


_FACTORS: Final = (0.001, 0.01, 0.1, 0.2, 0.25, 0.5, 2.0, 4.0, 5.0, 10.0, 100.0)
_AFTER_SHIFT: Final[Mapping[str, _Step]] = {
    "over largest size of row": _over(_SHIFTS["largest size of row"]),
    "over largest size": _over(_SHIFTS["largest size"]),
    "over row norm": _over(_row(_norm)),
    "over norm": _over(_norm),
}
"""These depend on whether they come before the shift or after it."""

_SCALES: Final[Mapping[str, _Step]] = {
    **_AFTER_SHIFT,
    **{f"over {name}": _over(_SHIFTS[name]) for name in ("row max", "max", "row sum", "sum")},
    "over root of classes": lambda x: _times(x, x.shape[-1] ** -0.5),
    **{f"times {factor}": partial(_times, factor=factor) for factor in _FACTORS},
    **{
        f"standardised {how}": partial(_standard, axis=how[0], ddof=how[1], epsilon=how[2])
        for how in product((-1, None), (0, 1), (0.0, 1e-8, 1e-6, 1e-5))
    },
    **{
        f"to unit {how}": partial(_to_unit, axis=how[0], epsilon=how[1])
        for how in product((-1, None), (0.0, 1e-8))
    },
}

_NARROW: Final = (10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 87, 88)
_WIDE: Final = (100, 200, 500, 700, 709)
"""Limits below the overflow of float32, and those that take a float64 to be of use."""

_FLOORED: Final = (1, 2, 5, 8, 10, 12)
_PATCHED: Final = (30, 50, 80, 100)
"""Lower limits of shifted logits: those that change a row that is shifted right, and others."""

_CLAMPS: Final[Mapping[str, _Step]] = {
    f"{kind} {limit}": partial(np.clip, a_min=-limit if kind == "within" else -np.inf, a_max=limit)
    for kind, limit in product(("below", "within"), (*_NARROW, *_WIDE))
}
_FLOORS: Final[Mapping[str, _Step]] = {
    f"above -{limit}": partial(np.clip, a_min=-limit, a_max=np.inf)
    for limit in (*_FLOORED, *_PATCHED)
}
_INPUTS: Final[Mapping[str, _Step]] = {"": np.asarray, **_SCALES, **_CLAMPS, **_FLOORS}


def _plus(probs: _Array, added: float) -> _Array:
    return np.asarray(probs + probs.dtype.type(added))


_TINY: Final = (1e-12, 1e-8, 1e-7, 1e-6)
_EPSILONS: Final = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
"""Added to the sum: what only hides a division of 0 by 0, and what changes any result."""

_ADDED: Final = {f"plus {epsilon}": epsilon for epsilon in (1e-7, 1e-6, *_EPSILONS[:4])}
_POWERS_BELOW: Final = {f"powers below {limit}": limit for limit in (1e10, 1e20, 1e30, 1e38)}
_ENDS: Final[Mapping[str, _Step]] = {
    "log": np.log,
    "zero for nan": np.nan_to_num,
    "one for nan": partial(np.nan_to_num, nan=1.0),
    **{end: partial(_plus, added=added) for end, added in _ADDED.items()},
}


def evaluate(formula: Formula, x: Float64, dtype: DType) -> Float64 | None:
    """What the formula gives for logits (B, N), rounded to `dtype`; None for an exception."""
    wide = formula.digits != "single" or dtype == "float64"
    with np.errstate(all="ignore"):
        try:
            found = _result(formula, x.astype(np.float64 if wide else np.float32))
        except (_RaisesError, ValueError):
            return None  # numpy refuses the shapes that torch refuses
    return pack(found, dtype).numbers()


def _result(formula: Formula, logits: _Array) -> _Array:
    logits = _INPUTS[formula.before](logits)
    shifted = _INPUTS[formula.after](logits - _SHIFTS[formula.above](logits))
    above = below = _powers(formula, shifted)
    if formula.below != formula.above:
        below = _powers(formula, logits - _SHIFTS[formula.below](logits))
    total = _SUMS[formula.over](below)
    total = total + total.dtype.type(formula.beside)
    if formula.digits == "python" and np.any(total == 0):
        raise _RaisesError
    if formula.end == "difference":
        return np.asarray(shifted - np.log(total))
    return np.asarray(_ENDS.get(formula.end, np.asarray)(above / total))


def _powers(formula: Formula, shifted: _Array) -> _Array:
    powers = np.exp(shifted)
    if formula.digits == "python" and np.any(np.isinf(powers) & np.isfinite(shifted)):
        raise _RaisesError
    if formula.end == "finite powers":
        powers = np.nan_to_num(powers)
    limit = _POWERS_BELOW.get(formula.end)
    powers = powers if limit is None else np.minimum(powers, powers.dtype.type(limit))
    return np.asarray(powers + powers.dtype.type(formula.within))


def _results(formula: Formula, inputs: Inputs, dtype: DType) -> Results:
    """Of a vector as one row, entry by entry, or refused; of more axes and of nothing: unknown."""
    x = inputs["x"]
    if x.size == 0 or x.ndim not in (1, 2):
        return {}
    if x.ndim == 2:
        return {"": (evaluate(formula, x, dtype),)}
    alone = replace(
        formula,
        above=_OF_VECTOR.get(formula.above, formula.above),
        below=_OF_VECTOR.get(formula.below, formula.below),
        over="row" if formula.over == "column" else formula.over,
    )
    ways = ((alone, (1, -1)), (formula, (1, -1)), (formula, (-1, 1)))
    return {"": (*(evaluate(each, x.reshape(shape), dtype) for each, shape in ways), None)}


_OF_VECTOR: Final = {"max of rows": "max", "column max": "max"}
"""What shifts are of a single axis."""

_OF_SHIFT: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("no-shift",),
    "row max": (),
    "max": ("global-max",),
    "max of rows": ("builtin-max",),
    "column max": ("wrong-axis",),
    "flat max": ("missing-keepdim",),
    "flat mean": ("missing-keepdim", "wrong-shift"),
}
_OF_SUM: Final[Mapping[str, tuple[str, ...]]] = {
    "row": (),
    "all": ("sum-over-all",),
    "column": ("wrong-axis",),
    "flat": ("missing-keepdim",),
}


def bugs_of(formula: Formula) -> tuple[str, ...]:
    """What an expert would call code like that, sorted; empty where it is right."""
    found = set(_OF_SUM.get(formula.over, ("not-normalised",)))
    if formula.above != formula.below:
        found.add("inconsistent-shift")
        found |= {"global-max"} if "max" in (formula.above, formula.below) else set()
    elif formula.before in _CLAMPS or formula.end in _POWERS_BELOW:
        # whoever clamps means that to be the remedy, in place of a shift
        found |= {"clamped", *_OF_SHIFT[formula.above]} - {"no-shift"}
    else:
        found |= set(_OF_SHIFT.get(formula.above, ("wrong-shift",)))
    if formula.before in _SCALES or formula.after in _SCALES:
        found.add("rescaled-input")
    if formula.after in _FLOORS and float(formula.after.partition("-")[2]) in _FLOORED:
        found.add("clamped")
    if formula.beside >= _EPSILONS[0] or formula.within or formula.end in _ADDED:
        found.add("epsilon")
    if formula.end in ("log", "difference"):
        found.add("returns-log")
    return tuple(sorted(found))


_AXES: Final = ("row", "all", "column", "flat")
_USUAL: Final = ("", "row max", "max")
_FREQUENT: Final = (*_USUAL, "column max", "flat max", "max of rows", "row mean", "mean")
_CASTS: Final[tuple[Digits, ...]] = ("single", "double")
_NO_CAST: Final = ("10", "50", "80", "88", "100", "minus row max", "minus max")
_NOT_PLAIN: Final = ("max of first row", "max of last row")
"""In float64 no fixture tells these from no shift, in Python's floats these from a global one."""

_UNLIKE: Final = tuple(
    pair
    for shifts in (("", "row max"), ("", "max"), ("row mean", "row max"), ("row min", "row max"))
    for pair in permutations(shifts)
)
"""Shifts above and below that do not agree."""


def _both(shifts: Iterable[str]) -> tuple[Formula, ...]:
    return tuple(Formula(above=shift, below=shift) for shift in shifts)


def _shifts() -> Iterator[Formula]:
    cast = _both(shift for shift in _SHIFTS if shift not in _NO_CAST)
    plain = [each for each in cast if each.above not in _NOT_PLAIN]
    for each, over in product(_both(_SHIFTS), (*_AXES, "nothing")):
        yield replace(each, over=over)
    for each, over in product(cast, _AXES):
        yield replace(each, over=over, digits="double")
    for each, over in product(plain, ("row", "all")):
        yield replace(each, over=over, digits="python")
    for each, over in product(_both(_USUAL), ("mean of row", "classes")):
        yield replace(each, over=over)
    for each, over, digits in product(cast, ("row", "all"), _CASTS):
        if not each.above.isdecimal():  # with those it returns zeros and little else
            yield replace(each, over=over, digits=digits, end="zero for nan")
    for end, over in product(("one for nan", "finite powers"), ("row", "all")):
        yield replace(Formula(above="", below=""), over=over, end=end)
    for (above, below), over, digits in product(_UNLIKE, _AXES, _CASTS):
        yield Formula(above=above, below=below, over=over, digits=digits)


def _logs() -> Iterator[Formula]:
    for each, over, digits in product(_both(_FREQUENT), _AXES, _CASTS):
        yield replace(each, over=over, digits=digits, end="log")
        yield replace(each, over=over, digits=digits, end="difference")
    for each in _both(_SHIFTS):
        yield replace(each, end="log")
    for scale in _SCALES:
        yield Formula(before=scale, end="difference")


def _scales() -> Iterator[Formula]:
    for scale, over in product(_SCALES, (*_AXES, "nothing")):
        yield Formula(before=scale, over=over)
    for scale, each in product(_AFTER_SHIFT, _both(("row max", "max"))):
        yield replace(each, after=scale)
    for factor, each, over in product(_FACTORS, _both(("", "max")), ("row", "all")):
        yield replace(each, before=f"times {factor}", over=over)
        yield replace(each, before=f"times {factor}", over=over, digits="double")


def _limits() -> Iterator[Formula]:
    for kind, limit, over in product(("below", "within"), _NARROW, (*_AXES, "nothing")):
        for each in _both(("", "row max")):
            yield replace(each, before=f"{kind} {limit}", over=over)
    for clamp, over in product(_CLAMPS, ("row", "all")):
        yield Formula(before=clamp, above="", below="", over=over, digits="double")
    for end, over in product(_POWERS_BELOW, _AXES):
        yield Formula(above="", below="", end=end, over=over)
    for limit, each, over in product(_FLOORED, _both(("row max", "max")), _AXES):
        yield replace(each, after=f"above -{limit}", over=over)
    for limit in _PATCHED:
        yield Formula(above="max", below="max", after=f"above -{limit}")


def _epsilons() -> Iterator[Formula]:
    for epsilon, each, over in product(_EPSILONS, _both(_FREQUENT), _AXES):
        yield replace(each, beside=epsilon, over=over)
    for epsilon, each, over in product(_TINY, _both(("", "max", "mean", "row mean")), _AXES):
        yield replace(each, beside=epsilon, over=over)
    for epsilon, each, over in product(_EPSILONS, _both(("row max", "")), ("row", "all")):
        yield replace(each, within=epsilon, over=over)
    yield Formula(within=1e-6)
    for end, over in product(_ADDED, ("row", "all")):
        yield Formula(end=end, over=over)


def _mistakes() -> Iterator[Mistake]:
    for formula in dict.fromkeys((*_shifts(), *_logs(), *_scales(), *_limits(), *_epsilons())):
        if bugs := bugs_of(formula):
            yield Mistake(bugs, partial(_results, formula))


MISTAKES: Final = tuple(_mistakes())
