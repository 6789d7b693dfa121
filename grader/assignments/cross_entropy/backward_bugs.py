"""What known bugs of the gradient of a cross-entropy return; their words are in `bugs`.

Each takes `{"x": logits, "target": classes, "upstream": g}` of shapes (B, N), (B,) and (), and
returns results by what a convention gives: `gradient` (of the loss itself) or `vjp` (times g).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Literal

import numpy as np

from grader.assignments.cross_entropy.mistakes import PICKS
from grader.assignments.log_softmax.mistakes import Recipe, probabilities
from grader.core.assignment import Mistake, Results
from grader.core.fixture import Inputs
from grader.core.tensor import DType, Float64

__all__ = ["MISTAKES"]

_RIGHT: Final = Recipe(())
_NAIVE: Final = Recipe((), inside="none", outside="none")
_ONE_MAX: Final = Recipe((), inside="all", outside="all")
_CROSSED: Final = Recipe((), inside="column", outside="column", total="column")
_JOINED: Final = Recipe((), total="all")

Made = Callable[[Inputs, Float64, Float64], Float64]
"""(inputs, probabilities, one-hot rows) -> a gradient of shape (B, N)."""


def _results(
    made: Made,
    inputs: Inputs,
    dtype: DType,
    *,
    recipe: Recipe = _RIGHT,
    pick: str = "target",
    upstream: Literal["times", "left out"] = "times",
) -> Results:
    found = probabilities(recipe, inputs["x"], dtype)
    if found is None:
        return {"gradient": (None,), "vjp": (None,)}
    with np.errstate(all="ignore"):
        marks = np.eye(inputs["x"].shape[-1])[PICKS[pick](inputs).astype(np.int64)]
        gradient = np.asarray(made(inputs, found, marks))
        product = gradient if upstream == "left out" else inputs["upstream"] * gradient
    return {"gradient": () if upstream == "left out" else (gradient,), "vjp": (product,)}


def _right(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return np.asarray((p - marks) / len(p))


def _sum(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return p - marks


def _over_entries(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return (p - marks) / p.size


def _over_classes(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return np.asarray((p - marks) / p.shape[-1])


def _flipped(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return (marks - p) / len(p)


def _flipped_sum(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return marks - p


def _probabilities(_: Inputs, p: Float64, __: Float64) -> Float64:
    return p / len(p)


def _plain_probabilities(_: Inputs, p: Float64, __: Float64) -> Float64:
    return p


def _by_probabilities(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return -marks / p / len(p)


def _sum_by_probabilities(_: Inputs, p: Float64, marks: Float64) -> Float64:
    return -marks / p


def _mistake(
    bugs: tuple[str, ...],
    made: Made = _right,
    *,
    recipe: Recipe = _RIGHT,
    pick: str = "target",
    upstream: Literal["times", "left out"] = "times",
) -> Mistake:
    return Mistake(bugs, partial(_results, made, recipe=recipe, pick=pick, upstream=upstream))


MISTAKES: Final = (
    _mistake(("missing-average",), _sum),
    _mistake(("missing-average",), _over_classes),
    _mistake(("mean-over-entries",), _over_entries),
    _mistake(("sign-flipped",), _flipped),
    _mistake(("missing-one-hot",), _probabilities),
    _mistake(("stops-at-probabilities",), _by_probabilities),
    _mistake(("ignores-upstream",), upstream="left out"),
    _mistake(("unstable-forward",), recipe=_NAIVE),
    _mistake(("unstable-forward",), recipe=_ONE_MAX),
    _mistake(("wrong-axis",), recipe=_CROSSED),
    _mistake(("sum-over-all",), recipe=_JOINED),
    *(_mistake(("wrong-target",), pick=pick) for pick in ("next", "previous")),
    *(_mistake(("ignores-target",), pick=pick) for pick in ("first", "largest")),
    _mistake(("missing-average", "sign-flipped"), _flipped_sum),
    _mistake(("missing-average", "missing-one-hot"), _plain_probabilities),
    _mistake(("missing-average", "stops-at-probabilities"), _sum_by_probabilities),
    _mistake(("missing-average", "unstable-forward"), _sum, recipe=_NAIVE),
    _mistake(("missing-average", "wrong-axis"), _sum, recipe=_CROSSED),
    _mistake(("sign-flipped", "unstable-forward"), _flipped, recipe=_NAIVE),
    _mistake(("ignores-upstream", "missing-average"), _sum, upstream="left out"),
    _mistake(("ignores-upstream", "sign-flipped"), _flipped, upstream="left out"),
    _mistake(("ignores-upstream", "unstable-forward"), recipe=_NAIVE, upstream="left out"),
)
"""One slip before two; the probabilities are rounded as they would be, the rest is exact."""
