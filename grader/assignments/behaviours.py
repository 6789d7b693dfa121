"""Behaviours of functions that work row by row, in the words that several assignments share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from grader.core.assignment import Bug
from grader.core.fixture import Inputs
from grader.core.relation import Answer, Relation, Symptom
from grader.core.tensor import Float64

__all__ = ["HARD_CODED", "ORDER", "OVERFLOWS", "ROWS", "WORDS", "WRONG_SHAPE"]

_MOST_ROWS: Final = 8


def _each_row(inputs: Inputs) -> tuple[Inputs, ...]:
    x = inputs["x"]
    if x.ndim != 2 or not 2 <= len(x) <= _MOST_ROWS or set(inputs) != {"x"}:
        return ()
    return tuple({"x": x[at : at + 1]} for at in range(len(x)))


def _joined(_: Inputs, answers: tuple[Float64, ...]) -> Float64:
    return np.concatenate(answers)


def _turned_round(inputs: Inputs) -> tuple[Inputs, ...]:
    x = inputs["x"]
    if x.ndim < 1 or x.shape[-1] < 2 or set(inputs) != {"x"}:
        return ()
    return ({"x": np.ascontiguousarray(x[..., ::-1])},)


def _turned_back(_: Inputs, answers: tuple[Float64, ...]) -> Float64:
    return answers[0][..., ::-1]


ROWS: Final = Relation("rows-mixed", _each_row, _joined)
"""Split the batch: a row's answer is that of the row alone."""

ORDER: Final = Relation("depends-on-order", _turned_round, _turned_back)
"""Permute the classes: the answers are permuted likewise."""


def _fixed_size(answers: Sequence[Answer]) -> bool:
    """Right for one number of rows or classes alone, and no array of the right shape for others."""
    right = [each.inputs["x"].shape for each in answers if each.right]
    wrong = [each for each in answers if not each.right]
    if len(right) < 2 or len(wrong) < 2 or any(len(shape) != 2 for shape in right):
        return False
    if not all(each.raised or _is_other_shape(each) for each in wrong):
        return False
    shapes = [each.inputs["x"].shape for each in wrong]
    return any(
        len({shape[axis] for shape in right}) == 1
        and all(shape[axis] != right[0][axis] for shape in shapes)
        for axis in (0, 1)
    )


def _is_other_shape(answer: Answer) -> bool:
    return answer.value is not None and answer.value.shape != answer.expected.shape


def _other_shape(answers: Sequence[Answer]) -> bool:
    wrong = [each for each in answers if not each.right]
    return len(wrong) > 1 and all(map(_is_other_shape, wrong))


def _not_finite(answers: Sequence[Answer]) -> bool:
    """Right somewhere; what is wrong holds nan or an infinity."""
    wrong = [each for each in answers if not each.right]
    return (
        any(each.right for each in answers)
        and len(wrong) > 1
        and all(each.value is not None and not np.all(np.isfinite(each.value)) for each in wrong)
    )


HARD_CODED: Final = Symptom("hard-coded-shape", _fixed_size)
WRONG_SHAPE: Final = Symptom("wrong-shape", _other_shape)
OVERFLOWS: Final = Symptom("overflows", _not_finite)

WORDS: Final[Mapping[str, Bug]] = {
    "rows-mixed": Bug(
        "A row of a batch gets another result than the same row alone.",
        "Call your function on a batch of two rows and on each of them alone, and compare. Which "
        "step looks at more than one row?",
    ),
    "depends-on-order": Bug(
        "The result for a class depends on where it stands in its row.",
        "Turn a row round, call your function, and turn the result round again: where does it "
        "differ from the first one?",
    ),
    "overflows": Bug(
        "It is right for ordinary numbers, and gives nan or inf for extreme ones.",
        "Print every step for the failing input: which is the first that is not finite?",
    ),
}
"""No cause is named: none could be told for certain."""
