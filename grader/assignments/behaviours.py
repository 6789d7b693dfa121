"""Behaviours of functions that work row by row, in the words that several assignments share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from grader.core.assignment import Bug
from grader.core.fixture import Inputs
from grader.core.relation import Answer, Relation, Symptom
from grader.core.tensor import Float64

__all__ = [
    "HARD_CODED",
    "IMPRECISE",
    "ORDER",
    "OVERFLOWS",
    "ROWS",
    "VANISHES",
    "WORDS",
    "WRONG_SHAPE",
]

_MOST_ROWS: Final = 8
_FEW: Final = 2
_LITTLE: Final = 0.02
_SMALL: Final = 1e-4


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


ROWS: Final = Relation("rows-mixed", _each_row, _joined, finite=False)
"""Split the batch: a row's answer is that of the row alone."""

ORDER: Final = Relation("depends-on-order", _turned_round, _turned_back)
"""Permute the classes: the answers are permuted likewise."""


def _fixed_size(answers: Sequence[Answer]) -> bool:
    """Right for one number of rows or classes alone.

    Wrong for a number of rows means that no array of the right shape comes back; wrong numbers
    there may have many causes.
    """
    right = [each.inputs["x"].shape for each in answers if each.right]
    wrong = [each for each in answers if not each.right]
    shapes = [each.inputs["x"].shape for each in wrong]
    if min(len(right), len(wrong)) < _FEW or any(len(shape) != 2 for shape in (*right, *shapes)):
        return False
    rows, classes = (len({shape[axis] for shape in right}) == 1 for axis in (0, 1))
    other_rows = rows and all(shape[0] != right[0][0] for shape in shapes)
    if other_rows and all(each.raised or _is_other_shape(each) for each in wrong):
        return True
    other = {shape[1] for shape in shapes} - {right[0][1]}
    fixed = all(shape[1] != right[0][1] or (rows and shape[0] != right[0][0]) for shape in shapes)
    return classes and fixed and len(other) >= _FEW


def _is_other_shape(answer: Answer) -> bool:
    return answer.value is not None and answer.value.shape != answer.expected.shape


def _other_shape(answers: Sequence[Answer]) -> bool:
    """Every wrong answer has another shape, where that could be seen."""
    wrong = [each for each in answers if not each.right]
    seen = [each for each in wrong if _is_other_shape(each)]
    return len(seen) >= _FEW and all(
        _is_other_shape(each) or (each.value is not None and _hides_shape(each.expected.shape))
        for each in wrong
    )


def _hides_shape(shape: tuple[int, ...]) -> bool:
    """Whether a result that was summed or turned round may have this shape too."""
    return 1 in shape or len(set(shape)) < len(shape)


def _not_finite(answers: Sequence[Answer]) -> bool:
    """Right somewhere; what is wrong holds nan or an infinity."""
    wrong = [each for each in answers if not each.right]
    return (
        any(each.right for each in answers)
        and len(wrong) >= _FEW
        and all(each.value is not None and not np.all(np.isfinite(each.value)) for each in wrong)
    )


def _nearly(answers: Sequence[Answer]) -> bool:
    """What is wrong is so by little beside the largest entry of its row."""
    wrong = [each for each in answers if not each.right]
    return len(wrong) >= _FEW and all(map(_is_near, wrong))


def _is_near(answer: Answer) -> bool:
    value, expected = answer.value, answer.expected
    if value is None or value.shape != expected.shape or not np.all(np.isfinite(value)):
        return False
    largest = np.max(np.abs(expected), axis=-1, keepdims=True, initial=0.0)
    return bool(np.all(np.abs(value - expected) <= _LITTLE * largest))


def _to_zero(answers: Sequence[Answer]) -> bool:
    """Every wrong answer holds zeros for what is small and not that small."""
    wrong = [each for each in answers if not each.right]
    return len(wrong) >= _FEW and all(map(_has_zeros, wrong))


def _has_zeros(answer: Answer) -> bool:
    value, expected = answer.value, np.abs(answer.expected)
    if value is None or value.shape != expected.shape:
        return False
    largest = np.max(expected, axis=-1, keepdims=True, initial=0.0)
    return bool(np.any((value == 0.0) & (expected > _SMALL * largest)))


HARD_CODED: Final = Symptom("hard-coded-shape", _fixed_size)
WRONG_SHAPE: Final = Symptom("wrong-shape", _other_shape)
OVERFLOWS: Final = Symptom("overflows", _not_finite)
IMPRECISE: Final = Symptom("imprecise", _nearly)
VANISHES: Final = Symptom("vanishes", _to_zero)

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
    "vanishes": Bug(
        "Entries come out as exactly zero that should be larger.",
        "Print every step for the failing input: where does the first zero come from?",
    ),
    "imprecise": Bug(
        "The result is close to what is right, but not as close as its dtype allows.",
        "Look for a constant, a rounding or a conversion that the formula does not ask for.",
    ),
}
"""No cause is named: none could be told for certain."""
