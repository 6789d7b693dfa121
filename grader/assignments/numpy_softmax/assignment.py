"""numpy_softmax: the softmax of the tutorial for courses without torch, arrays in and out.

The mathematics is that of `softmax`; no gradient is asked for, and there is no bfloat16.

What is judged are the numbers. A torch tensor that comes back from a NumPy array is therefore right
where its numbers, shape and dtype are: `np.asarray` makes it an array at no cost, and how a result
is wrapped says nothing about the arithmetic. Whether torch's own softmax made it is another
question, which `from-scratch` answers, as operators are watched whatever library calls them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from grader.assignments.numpy_softmax.bugs import BUGS
from grader.assignments.softmax import oracle
from grader.assignments.softmax.assignment import ASSIGNMENT as SOFTMAX
from grader.core.assignment import Assignment, Kind, Task
from grader.core.slice import Wanted

__all__ = ["ASSIGNMENT"]

_HEAD: Final = "def good_softmax(x: np.ndarray) -> np.ndarray:\n"
_SAME: Final = SOFTMAX.task("forward")

ASSIGNMENT: Final = Assignment(
    name="numpy_softmax",
    title="A softmax in NumPy that does not overflow",
    folder=Path(__file__).resolve().parent,
    tasks=(
        Task(
            wanted=Wanted(
                role="forward",
                names=("good_softmax", "softmax"),
                stubs=(
                    _HEAD + "    pass\n",
                    _HEAD + "    ...\n",
                    _HEAD + "    raise NotImplementedError\n",
                    _HEAD + "    raise NotImplementedError()\n",
                    _HEAD + "    return probs\n",
                ),
                given=("import numpy as np",),
            ),
            arguments=("x",),
            oracle=oracle.softmax,
            kinds={
                "ordinary": Kind(oracle.ordinary_bound, oracle.refuse_ordinary),
                "separated": Kind(oracle.separated_bound, oracle.refuse_separated),
            },
            trivial=_SAME.trivial,
            fills={"dim": -1, "axis": -1},
            proves={
                "own-argument": "global-logits",
                "pure": "mutates-input",
                "dtype": "wrong-dtype",
                "from-scratch": "library-softmax",
            },
            repairs=tuple(each for each in _SAME.repairs if each.bug in BUGS),
            mistakes=_SAME.mistakes,
        ),
    ),
    bugs=BUGS,
)
