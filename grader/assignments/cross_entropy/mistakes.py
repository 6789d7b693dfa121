"""What known bugs of a cross-entropy return: slips in the log-softmax, the pick, or the mean.

Also `PICKS`, which the bugs of the gradient share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from grader.assignments.arithmetic import Arithmetic
from grader.assignments.log_softmax.mistakes import RECIPES, Recipe, scores
from grader.core.assignment import Mistake, Results
from grader.core.fixture import Inputs
from grader.core.tensor import DType, Float64

__all__ = ["LOSSES", "MISTAKES", "PICKS", "Loss", "losses"]

_RIGHT: Final = Recipe(())

_RENAMED: Final[Mapping[str, str]] = {
    "returns-probabilities": "missing-log",
    "sign-flipped": "missing-minus",
}
"""What a slip in the logarithms is called where they are only a step."""


@dataclass(frozen=True, slots=True)
class Loss:
    """How a mean cross-entropy is computed.

    bugs    diagnosis ids that are true of it, sorted
    scores  how its log-softmax is computed
    pick    what is taken of each row: a key of `PICKS`, or `all-pairs` for `rows[:, target]`
    merge   mean: over the rows; entries: over all B N entries; none: left out
    """

    bugs: tuple[str, ...]
    scores: Recipe = _RIGHT
    pick: str = "target"
    merge: Literal["mean", "sum", "entries", "none"] = "mean"


PICKS: Final[Mapping[str, Callable[[Inputs], Float64]]] = {
    "target": lambda inputs: inputs["target"],
    "next": lambda inputs: (inputs["target"] + 1) % inputs["x"].shape[-1],
    "previous": lambda inputs: (inputs["target"] - 1) % inputs["x"].shape[-1],
    "first": lambda inputs: np.zeros_like(inputs["target"]),
    "largest": lambda inputs: inputs["x"].argmax(axis=-1),
}
"""Which class is taken of each row."""


def losses(loss: Loss, inputs: Inputs, dtype: DType, *, products: bool = False) -> Float64 | None:
    """What such a function returns; None where torch would raise.

    products  a class is taken by a product with one-hot rows, in which an infinity becomes NaN
    """
    exact = Arithmetic(dtype)
    logarithms = scores(loss.scores, inputs["x"], dtype)
    if logarithms is None:
        return None
    try:
        rows = -_picked(loss, logarithms, inputs)
        if products and loss.pick != "all-pairs":
            # the others of its row times 0
            rows = exact.plus(rows, exact.total(exact.times(logarithms, np.zeros(())), -1)[:, 0])
    except (IndexError, ValueError):  # of axes that a missing one has lined up wrongly
        return None
    match loss.merge:
        case "mean":
            return exact.mean(rows, None, keepdims=False)
        case "sum":
            return exact.total(rows, None, keepdims=False)
        case "entries":
            return exact.over(exact.total(rows, None, keepdims=False), np.asarray(logarithms.size))
        case "none":
            return rows


def _picked(loss: Loss, logarithms: Float64, inputs: Inputs) -> Float64:
    if loss.pick == "all-pairs":
        return np.asarray(logarithms[:, inputs["target"].astype(np.int64)])
    classes = PICKS[loss.pick](inputs).astype(np.int64)
    return np.asarray(logarithms[np.arange(len(classes)), classes])


def _renamed(recipe: Recipe) -> Loss:
    return Loss(tuple(sorted(_RENAMED.get(bug, bug) for bug in recipe.bugs)), recipe)


_STEPS: Final = (
    Loss(("sum-not-mean",), merge="sum"),
    Loss(("mean-over-entries",), merge="entries"),
    Loss(("per-row",), merge="none"),
    Loss(("wrong-target",), pick="next"),
    Loss(("wrong-target",), pick="previous"),
    Loss(("wrong-target",), pick="all-pairs"),
    Loss(("ignores-target",), pick="first"),
    Loss(("ignores-target",), pick="largest"),
)
_PAIRED: Final = (
    Recipe(("no-shift",), inside="none", outside="none"),
    Recipe(("global-max",), inside="all", outside="all"),
    Recipe(("wrong-shift",), inside="mean", outside="mean"),
    Recipe(("wrong-shift",), inside="min", outside="min"),
    Recipe(("log-of-softmax",), quotient=True),
    Recipe(("missing-minus",), sign=-1.0),
    Recipe(("missing-log",), quotient=True, log=False),
    Recipe(("wrong-axis",), inside="column", outside="column", total="column"),
    Recipe(("sum-over-all",), total="all"),
    *(Recipe(("epsilon",), quotient=True, beside=beside) for beside in (1e-7, 1e-8, 1e-10, 1e-12)),
    *(Recipe(("clamped",), quotient=True, least=least) for least in (1e-7, 1e-8, 1e-10, 1e-12)),
)

LOSSES: Final = (
    *(_renamed(recipe) for recipe in RECIPES),
    *_STEPS,
    *(
        Loss(tuple(sorted({*step.bugs, *recipe.bugs})), recipe, step.pick, step.merge)
        for step in _STEPS
        for recipe in _PAIRED
        # the likeliest class is never so unlikely that these would show
        if step.pick != "largest" or not (recipe.quotient and recipe.log)
    ),
)
"""Every known way to go wrong that the numbers show, one slip before two."""


def _results(loss: Loss, inputs: Inputs, dtype: DType) -> Results:
    picked = losses(loss, inputs, dtype)
    if picked is None:
        return {"value": (None,)}
    multiplied = losses(loss, inputs, dtype, products=True)
    if multiplied is None or np.array_equal(picked, multiplied, equal_nan=True):
        return {"value": (picked,)}
    return {"value": (picked, multiplied)}


MISTAKES: Final = tuple(Mistake(loss.bugs, partial(_results, loss)) for loss in LOSSES)
"""`LOSSES` by what they return."""
