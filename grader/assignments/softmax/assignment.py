"""softmax: what the handout asks for, how it is decided, and the bugs it is known for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from grader.assignments.softmax import behaviours, oracle, repairs
from grader.assignments.softmax.backward import BACKWARD
from grader.assignments.softmax.bugs import BUGS
from grader.assignments.softmax.mistakes import MISTAKES
from grader.core.assignment import Assignment, Kind, Task
from grader.core.fixture import Inputs
from grader.core.slice import Wanted
from grader.core.tensor import Float64

__all__ = ["ASSIGNMENT"]

_HEAD: Final = "def good_softmax(x: Tensor) -> Tensor:\n"

_FORWARD: Final = Wanted(
    role="forward",
    names=("good_softmax",),
    stubs=(
        _HEAD + "    pass\n",
        _HEAD + "    ...\n",
        _HEAD + "    raise NotImplementedError\n",
        _HEAD + "    raise NotImplementedError()\n",
        _HEAD + "    return probs\n",
    ),
    given=("import torch", "from torch import Tensor"),
)


def _zeros(inputs: Inputs) -> Float64:
    return np.zeros_like(inputs["x"])


def _uniform(inputs: Inputs) -> Float64:
    x = inputs["x"]
    return np.full_like(x, 1.0 / max(x.shape[-1], 1))


def _identity(inputs: Inputs) -> Float64:
    return inputs["x"]


ASSIGNMENT: Final = Assignment(
    name="softmax",
    title="A softmax that does not overflow",
    folder=Path(__file__).resolve().parent,
    template="handout.ipynb",
    tasks=(
        Task(
            wanted=_FORWARD,
            arguments=("x",),
            oracle=oracle.softmax,
            kinds={
                "ordinary": Kind(oracle.ordinary_bound, oracle.refuse_ordinary),
                "separated": Kind(oracle.separated_bound, oracle.refuse_separated),
            },
            trivial={
                "zeros": _zeros,
                "uniform": _uniform,
                "one-hot": oracle.one_hot,
                "identity": _identity,
            },
            differentiable="x",
            vjp=oracle.softmax_vjp,
            vjp_bound=oracle.softmax_vjp_bound,
            fills={"dim": -1, "axis": -1},
            repairs=repairs.FORWARD,
            relations=behaviours.RELATIONS,
            symptoms=behaviours.SYMPTOMS,
            proves={
                "own-argument": "global-logits",
                "pure": "mutates-input",
                "from-scratch": "library-softmax",
                "gradient": "breaks-autograd",
                "dtype": "wrong-dtype",
            },
            mistakes=MISTAKES,
        ),
        BACKWARD,
    ),
    bugs=BUGS,
)
