"""log_softmax: a second assignment, with no gradient and no known bugs of its own yet."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np

from grader.assignments.log_softmax import oracle
from grader.core.assignment import Assignment, Kind, Task
from grader.core.fixture import Inputs
from grader.core.slice import Wanted
from grader.core.tensor import Float64

__all__ = ["ASSIGNMENT"]

_HEAD: Final = "def good_log_softmax(x: Tensor) -> Tensor:\n"


def _zeros(inputs: Inputs) -> Float64:
    return np.zeros_like(inputs["x"])


def _identity(inputs: Inputs) -> Float64:
    return inputs["x"]


def _uniform(inputs: Inputs) -> Float64:
    x = inputs["x"]
    return np.full_like(x, -math.log(max(x.shape[-1], 1)))


ASSIGNMENT: Final = Assignment(
    name="log_softmax",
    title="A log-softmax that neither overflows nor loses small probabilities",
    folder=Path(__file__).resolve().parent,
    tasks=(
        Task(
            wanted=Wanted(
                role="forward",
                names=("good_log_softmax",),
                stubs=(_HEAD + "    pass\n", _HEAD + "    raise NotImplementedError\n"),
                given=("import torch", "from torch import Tensor"),
            ),
            arguments=("x",),
            oracle=oracle.log_softmax,
            kinds={"ordinary": Kind(oracle.bound, oracle.refuse)},
            trivial={"zeros": _zeros, "identity": _identity, "uniform": _uniform},
            fills={"dim": -1, "axis": -1},
        ),
    ),
    bugs={},
)
