"""What can be said of a softmax that is wrong for a reason nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from grader.assignments.behaviours import HARD_CODED, ORDER, OVERFLOWS, ROWS, WRONG_SHAPE
from grader.core.fixture import Inputs
from grader.core.relation import Answer, Relation, Symptom
from grader.core.tensor import Float64

__all__ = ["RELATIONS", "SYMPTOMS"]

_OFFSET: Final = 8.0
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
    return len(wrong) > 1 and all(map(_sums_to_other, wrong))


def _sums_to_other(answer: Answer) -> bool:
    if answer.value is None or answer.value.shape != answer.expected.shape:
        return False
    totals = answer.value.sum(axis=-1)
    return bool(np.any(np.isfinite(totals) & (np.abs(totals - 1) > 0.01)))


RELATIONS: Final[tuple[Relation, ...]] = (
    ROWS,
    ORDER,
    Relation("depends-on-offset", _moved, _same),
)
SYMPTOMS: Final[tuple[Symptom, ...]] = (
    HARD_CODED,
    WRONG_SHAPE,
    Symptom("not-normalised", _unnormalised),
    OVERFLOWS,
)
