"""What known bugs of a log-softmax return: recipes of one or two slips, computed as torch would.

A recipe is the right computation but for the steps it names. `scores` is for the assignments whose
answer is made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

import numpy as np

from grader.assignments.arithmetic import Arithmetic
from grader.core.assignment import Mistake, Results
from grader.core.fixture import Inputs
from grader.core.tensor import DType, Float64

__all__ = ["MISTAKES", "RECIPES", "Recipe", "probabilities", "scores"]

Lead = Literal[
    "none", "row", "flat-row", "all", "builtin", "column", "mean", "all-mean", "min", "first"
]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a log-softmax is computed.

    bugs       diagnosis ids that are true of it, sorted
    inside     what is subtracted within the exponentials
    outside    what is subtracted from the scores that the logarithm is taken from
    total      what the exponentials are summed over; `flat-row` drops the axis, `none` leaves the
               sum out
    quotient   the logarithm of a quotient, not a difference of logarithms
    limits     the scores are clamped to these first
    beside     added to the sum, or to the quotient
    least      smallest quotient
    base       of the logarithm
    whole      the base is that of the whole answer, not of the logarithm alone
    log        false: probabilities are returned
    sign       of the answer
    """

    bugs: tuple[str, ...]
    inside: Lead = "row"
    outside: Lead = "row"
    total: Literal["row", "flat-row", "all", "column", "none"] = "row"
    quotient: bool = False
    limits: tuple[float, float] | None = None
    beside: float = 0.0
    least: float = 0.0
    base: float = np.e
    whole: bool = False
    log: bool = True
    sign: float = 1.0


def scores(recipe: Recipe, x: Float64, dtype: DType) -> Float64 | None:
    """What the recipe makes of scores of any shape; None where torch would raise."""
    exact = Arithmetic(dtype)
    if recipe.limits is not None:
        x = exact.rounded(np.clip(x, *recipe.limits))
    try:
        found = _quotient(recipe, x, exact) if recipe.quotient else _difference(recipe, x, exact)
    except (ValueError, IndexError):  # shapes that do not broadcast, an axis that is not there
        return None
    return found if recipe.sign > 0 else -found


def probabilities(recipe: Recipe, x: Float64, dtype: DType) -> Float64 | None:
    """What the recipe has for probabilities, before any logarithm; None where torch would raise."""
    return scores(replace(recipe, quotient=True, log=False), x, dtype)


def _difference(recipe: Recipe, x: Float64, exact: Arithmetic) -> Float64:
    lead = _lead(recipe.inside, x, exact)
    powers = exact.exp(exact.minus(x, lead))
    shifted = exact.minus(x, _lead(recipe.outside, x, exact))
    if recipe.total == "none":
        return shifted
    total = _total(recipe, powers, exact)
    if recipe.beside:
        total = exact.plus(total, np.asarray(recipe.beside))
    return _based(recipe, exact.minus(shifted, _log(recipe, total, exact)), exact)


def _quotient(recipe: Recipe, x: Float64, exact: Arithmetic) -> Float64:
    powers = exact.exp(exact.minus(x, _lead(recipe.inside, x, exact)))
    above = exact.exp(exact.minus(x, _lead(recipe.outside, x, exact)))
    found = above
    if recipe.total != "none":
        found = exact.over(above, _total(recipe, powers, exact))
    if recipe.beside:
        found = exact.plus(found, np.asarray(recipe.beside))
    if recipe.least:
        found = exact.rounded(np.maximum(found, recipe.least))
    return _based(recipe, _log(recipe, found, exact), exact) if recipe.log else found


def _log(recipe: Recipe, values: Float64, exact: Arithmetic) -> Float64:
    found = exact.log(values)
    if recipe.base == np.e or recipe.whole:
        return found
    return exact.over(found, np.log(recipe.base))


def _based(recipe: Recipe, values: Float64, exact: Arithmetic) -> Float64:
    return exact.over(values, np.log(recipe.base)) if recipe.whole else values


def _total(recipe: Recipe, powers: Float64, exact: Arithmetic) -> Float64:
    if recipe.total == "all":
        return exact.total(powers, None)
    axis = 0 if recipe.total == "column" else -1
    return exact.total(powers, axis, keepdims=recipe.total != "flat-row")


def _lead(lead: Lead, x: Float64, exact: Arithmetic) -> Float64:
    if lead == "builtin":
        return _builtin(x)
    if lead in ("mean", "all-mean"):
        return exact.mean(x, -1 if lead == "mean" else None)
    return np.asarray(_LEADS[lead](x))


def _builtin(x: Float64) -> Float64:
    """Python's own maximum over the first axis; ValueError where it compares whole rows."""
    if x.ndim > 1 and len(x) > 1 and x[0].size > 1:
        raise ValueError("the truth of several entries is ambiguous")
    return np.asarray(x[0] if len(x) == 1 else x.max(axis=0))


_LEADS: Final[Mapping[str, Callable[[Float64], Float64]]] = {
    "none": lambda _x: np.zeros(()),
    "row": lambda x: x.max(axis=-1, keepdims=True),
    "flat-row": lambda x: x.max(axis=-1),
    "all": lambda x: x.max(),
    "column": lambda x: x.max(axis=0, keepdims=True),
    "min": lambda x: x.min(axis=-1, keepdims=True),
    "first": lambda x: x[..., :1],
}


def _leads(bugs: tuple[str, ...], lead: Lead) -> Recipe:
    return Recipe(bugs, inside=lead, outside=lead)


def _with(recipe: Recipe, bug: str, **changes: object) -> Recipe:
    """The recipe with a further slip."""
    bugs = tuple(sorted({*recipe.bugs, bug}))
    return replace(recipe, bugs=bugs, **changes)  # type: ignore[arg-type]  # fields by name


_SHIFTS: Final = (
    _leads(("no-shift",), "none"),
    _leads(("global-max",), "all"),
    *(_leads(("wrong-shift",), lead) for lead in ("mean", "all-mean", "min", "first")),
)
_SUMS: Final = (
    Recipe(("sum-over-all",), total="all"),
    Recipe(("wrong-axis",), total="column"),
    Recipe(("missing-keepdim",), total="flat-row"),
)
_SMALL: Final = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20, 1e-30)
_QUOTIENT: Final = Recipe(("log-of-softmax",), quotient=True)
_PROBABILITIES: Final = Recipe(("returns-probabilities",), quotient=True, log=False)

_SINGLES: Final = (
    *_SHIFTS,
    *_SUMS,
    _QUOTIENT,
    _PROBABILITIES,
    Recipe(("inconsistent-shift",), outside="none"),
    Recipe(("inconsistent-shift",), inside="none"),
    _leads(("builtin-max",), "builtin"),
    replace(_leads(("wrong-axis",), "column"), total="column"),
    _leads(("wrong-axis",), "column"),
    _leads(("missing-keepdim",), "flat-row"),
    replace(_leads(("missing-keepdim",), "flat-row"), total="flat-row"),
    Recipe(("sign-flipped",), sign=-1.0),
    *(Recipe(("log-base",), base=base) for base in (2.0, 10.0)),
    *(Recipe(("log-base",), base=base, whole=True) for base in (2.0, 10.0)),
    Recipe(("not-normalised",), total="none"),
    *(Recipe(("epsilon",), quotient=True, beside=beside) for beside in _SMALL),
    *(Recipe(("epsilon",), beside=beside) for beside in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)),
    *(Recipe(("clamped",), quotient=True, least=least) for least in _SMALL),
    *(
        replace(_leads(("clamped",), "none"), limits=limits)
        for most in (10.0, 20.0, 30.0, 50.0, 80.0, 85.0, 88.0)
        for limits in ((-most, most), (-np.inf, most))
    ),
)


def _pairs() -> tuple[Recipe, ...]:
    """Two slips at once, where they are at different steps."""
    found = [_with(shift, bug, **step) for shift in _SHIFTS for bug, step in _STEPS]
    found += [
        _with(total, bug, **step) for total in _SUMS for bug, step in _STEPS if "total" not in step
    ]
    return tuple(found)


_Step = tuple[str, dict[str, object]]

_STEPS: Final[tuple[_Step, ...]] = (
    ("sum-over-all", {"total": "all"}),
    ("wrong-axis", {"total": "column"}),
    ("missing-keepdim", {"total": "flat-row"}),
    ("log-of-softmax", {"quotient": True}),
    ("returns-probabilities", {"quotient": True, "log": False}),
    ("sign-flipped", {"sign": -1.0}),
    ("log-base", {"base": 2.0}),
    ("log-base", {"base": 10.0}),
    ("epsilon", {"quotient": True, "beside": 1e-7}),
    ("epsilon", {"quotient": True, "beside": 1e-8}),
    ("epsilon", {"quotient": True, "beside": 1e-10}),
    ("epsilon", {"quotient": True, "beside": 1e-12}),
    ("clamped", {"quotient": True, "least": 1e-7}),
    ("clamped", {"quotient": True, "least": 1e-8}),
    ("clamped", {"quotient": True, "least": 1e-10}),
    ("clamped", {"quotient": True, "least": 1e-12}),
)

_LOG_PAIRS: Final = (
    _with(_QUOTIENT, "log-base", base=2.0),
    _with(_QUOTIENT, "log-base", base=10.0),
    _with(_QUOTIENT, "sign-flipped", sign=-1.0),
    _with(_leads(("no-shift",), "none"), "not-normalised", quotient=True, total="none", log=False),
)

RECIPES: Final = (*_SINGLES, *_pairs(), *_LOG_PAIRS)
"""Every known way to go wrong that the numbers show, one slip before two."""


def _results(recipe: Recipe, inputs: Inputs, dtype: DType) -> Results:
    return {"value": (scores(recipe, inputs["x"], dtype),)}


MISTAKES: Final = tuple(Mistake(recipe.bugs, partial(_results, recipe)) for recipe in RECIPES)
"""`RECIPES` by what they return."""
