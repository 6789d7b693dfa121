"""cross_entropy: the loss of logits and classes with its gradient, and the bugs it is known for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from grader.assignments.cross_entropy import oracle
from grader.assignments.cross_entropy.backward import BACKWARD
from grader.assignments.cross_entropy.bugs import BUGS
from grader.assignments.cross_entropy.mistakes import MISTAKES
from grader.assignments.shift_rules import COMMON
from grader.core.assignment import Assignment, Kind, Task
from grader.core.fixture import Inputs
from grader.core.slice import Wanted
from grader.core.tensor import Float64

__all__ = ["ASSIGNMENT"]

_HEAD: Final = "def good_cross_entropy(x: Tensor, target: Tensor) -> Tensor:\n"


def _zero(_: Inputs) -> Float64:
    return np.zeros(())


def _one(_: Inputs) -> Float64:
    return np.ones(())


def _uniform(inputs: Inputs) -> Float64:
    """What a model that knows nothing loses."""
    return np.asarray(np.log(inputs["x"].shape[-1]))


def _mean_score(inputs: Inputs) -> Float64:
    """Minus the mean of the scores of the targets, without any sum of exponentials."""
    x = inputs["x"]
    return np.asarray(-x[np.arange(len(x)), inputs["target"].astype(np.int64)].mean())


ASSIGNMENT: Final = Assignment(
    name="cross_entropy",
    title="A cross-entropy of logits that neither overflows nor loses unlikely classes",
    folder=Path(__file__).resolve().parent,
    tasks=(
        Task(
            wanted=Wanted(
                role="forward",
                names=(
                    "good_cross_entropy",
                    "good_cross_entropy_loss",
                    "cross_entropy",
                    "cross_entropy_loss",
                ),
                stubs=(
                    _HEAD + "    pass\n",
                    _HEAD + "    ...\n",
                    _HEAD + "    raise NotImplementedError\n",
                    _HEAD + "    raise NotImplementedError()\n",
                    _HEAD + "    return loss\n",
                ),
                given=("import torch", "from torch import Tensor"),
            ),
            arguments=("x", "target"),
            oracle=oracle.cross_entropy,
            kinds={
                "ordinary": Kind(oracle.bound, oracle.refuse),
                "separated": Kind(oracle.separated_bound, oracle.refuse_separated),
            },
            trivial={
                "zero": _zero,
                "one": _one,
                "log n": _uniform,
                "mean score": _mean_score,
            },
            differentiable="x",
            vjp=oracle.cross_entropy_vjp,
            vjp_bound=oracle.cross_entropy_vjp_bound,
            fills={"dim": -1, "axis": -1},
            proves={
                "own-argument": "global-logits",
                "pure": "mutates-input",
                "gradient": "breaks-autograd",
                "dtype": "wrong-dtype",
                "from-scratch": "library-cross-entropy",
            },
            repairs=tuple(each for each in COMMON if each.bug in BUGS),
            mistakes=MISTAKES,
        ),
        BACKWARD,
    ),
    bugs=BUGS,
)
