"""A course's own assignment: `good_sigmoid(x)`, entry by entry."""

from pathlib import Path

import numpy as np

from grader.core.assignment import Assignment, Bug, Kind, Task
from grader.core.slice import Wanted

from . import oracle

ASSIGNMENT = Assignment(
    name="sigmoid",
    title="A sigmoid that stays finite",
    folder=Path(__file__).resolve().parent,
    tasks=(
        Task(
            wanted=Wanted(
                role="forward",
                names=("good_sigmoid",),
                stubs=("def good_sigmoid(x):\n    pass\n",),
                given=("import torch",),
            ),
            arguments=("x",),
            oracle=oracle.sigmoid,
            kinds={"ordinary": Kind(oracle.bound, lambda inputs, dtype, expected: None)},
            trivial={
                "zeros": lambda inputs: np.zeros_like(inputs["x"]),
                "halves": lambda inputs: np.full_like(inputs["x"], 0.5),
            },
            differentiable="x",
            vjp=oracle.vjp,
            vjp_bound=oracle.vjp_bound,
            proves={"pure": "overwrites-scores", "from-scratch": "library-sigmoid"},
        ),
    ),
    bugs={
        "overwrites-scores": Bug("The call changes its argument.", "Look for `_` methods."),
        "library-sigmoid": Bug("A library gives the answer.", "Start from `exp`."),
    },
)
