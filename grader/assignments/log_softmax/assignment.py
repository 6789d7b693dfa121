"""log_softmax: the softmax tutorial's next step, how it is decided, and its known bugs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np

from grader.assignments.log_softmax import oracle
from grader.assignments.log_softmax.bugs import BUGS
from grader.assignments.log_softmax.mistakes import MISTAKES
from grader.assignments.shift_rules import COMMON
from grader.assignments.softmax.oracle import refuse_separated
from grader.core.assignment import Assignment, Kind, Task
from grader.core.fixture import Inputs
from grader.core.slice import Wanted
from grader.core.tensor import Float64

__all__ = ["ASSIGNMENT"]

_HEAD: Final = "def good_log_softmax(x: Tensor) -> Tensor:\n"


_NAMES: Final = (
    "good_log_softmax",
    "good_logsoftmax",
    "log_softmax",
    "logsoftmax",
    "good_softmax",
)
"""The last is how the softmax tutorial's own cell has it: there the answer turns into logarithms
under the old name."""


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
                names=_NAMES,
                stubs=(
                    _HEAD + "    pass\n",
                    _HEAD + "    ...\n",
                    _HEAD + "    raise NotImplementedError\n",
                    _HEAD + "    raise NotImplementedError()\n",
                    "def good_softmax(x: Tensor) -> Tensor:\n    return probs\n",
                ),
                given=("import torch", "from torch import Tensor"),
            ),
            arguments=("x",),
            oracle=oracle.log_softmax,
            kinds={
                "ordinary": Kind(oracle.bound, oracle.refuse),
                "separated": Kind(oracle.separated_bound, refuse_separated),
            },
            trivial={"zeros": _zeros, "identity": _identity, "uniform": _uniform},
            differentiable="x",
            vjp=oracle.log_softmax_vjp,
            vjp_bound=oracle.log_softmax_vjp_bound,
            fills={"dim": -1, "axis": -1},
            proves={
                "own-argument": "global-logits",
                "pure": "mutates-input",
                "gradient": "breaks-autograd",
                "dtype": "wrong-dtype",
                "from-scratch": "library-log-softmax",
            },
            repairs=tuple(each for each in COMMON if each.bug in BUGS),
            mistakes=MISTAKES,
        ),
    ),
    bugs=BUGS,
)
