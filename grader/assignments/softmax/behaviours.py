"""What can be said of a softmax that is wrong for a reason nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from grader.assignments.behaviours import (
    HARD_CODED,
    IMPRECISE,
    ORDER,
    OVERFLOWS,
    ROWS,
    VANISHES,
    WRONG_SHAPE,
)
from grader.core.fixture import Inputs
from grader.core.relation import Answer, Relation, Symptom
from grader.core.tensor import Float64

__all__ = ["RELATIONS", "SYMPTOMS"]

_OFFSET: Final = 8.0
_APART: Final = 0.01
_LARGEST: Final = 2.0**14  # with steps of 1/64 the sum stays exact in float32


def _moved(inputs: Inputs) -> tuple[Inputs, ...]:
    x = inputs["x"]
    if not x.size or np.max(np.abs(x)) > _LARGEST:
        return ()
    return ({"x": x + _OFFSET},)


def _same(_: Inputs, answers: tuple[Float64, ...]) -> Float64:
    return answers[0]


def _unnormalised(answers: Sequence[Answer]) -> bool:
    """Every wrong answer holds a finite row that does not sum to one."""
    wrong = [each for each in answers if not each.right]
    return len(wrong) > 1 and all(
        _is_shaped(each) and bool(np.any(_apart_from_one(each))) for each in wrong
    )


def _uneven(answers: Sequence[Answer]) -> bool:
    """Every wrong answer is a distribution, so that ratios of classes are what is wrong in it."""
    wrong = [each for each in answers if not each.right]
    return len(wrong) > 1 and all(
        _is_shaped(each) and not np.any(_apart_from_one(each)) and _is_finite(each)
        for each in wrong
    )


def _is_shaped(answer: Answer) -> bool:
    return answer.value is not None and answer.value.shape == answer.expected.shape


def _is_finite(answer: Answer) -> bool:
    return answer.value is not None and bool(np.all(np.isfinite(answer.value)))


def _apart_from_one(answer: Answer) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """By row: whether its sum is finite and other than one."""
    value = np.zeros(1) if answer.value is None else answer.value
    with np.errstate(invalid="ignore", over="ignore"):
        totals = value.sum(axis=-1)
        return np.asarray(np.isfinite(totals) & (np.abs(totals - 1) > _APART))


RELATIONS: Final[tuple[Relation, ...]] = (
    ROWS,
    ORDER,
    Relation("depends-on-offset", _moved, _same),
)
SYMPTOMS: Final[tuple[Symptom, ...]] = (
    HARD_CODED,
    WRONG_SHAPE,
    IMPRECISE,
    OVERFLOWS,
    VANISHES,
    Symptom("not-normalised", _unnormalised, last=True),
    Symptom("not-exponential", _uneven, last=True),
)
