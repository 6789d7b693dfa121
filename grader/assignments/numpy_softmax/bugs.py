"""Known bugs of a softmax in NumPy: those of `softmax`, in words that fit arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from grader.assignments.softmax.bugs import BUGS as SOFTMAX
from grader.core.assignment import Bug

__all__ = ["BUGS"]

_ALIKE: Final = (
    "no-shift",
    "global-max",
    "builtin-max",
    "wrong-shift",
    "inconsistent-shift",
    "rescaled-input",
    "global-logits",
    "sum-over-all",
    "wrong-axis",
    "missing-keepdim",
    "not-normalised",
    "returns-log",
    "clamped",
    "epsilon",
    "mutates-input",
    "library-softmax",
    "wrong-dtype",
    "hard-coded-shape",
)
"""All but what only autograd or a backward pass can show."""

_OWN: Final[Mapping[str, tuple[str, str]]] = {
    "builtin-max": (
        "Python's own `max` compares the rows of an array, not its entries: for a single row it "
        "returns that row, for a batch it fails.",
        "Print what `max(x)` gives for an input of shape (1, 20), and compare with NumPy's own "
        "reductions.",
    ),
    "wrong-dtype": (
        "The result has another dtype than the input.",
        "Which of your constants, conversions or intermediate arrays has a fixed dtype?",
    ),
    "mutates-input": (
        "The function changes the array it was given.",
        "Compare the input before and after the call. Which of your operations work in place?",
    ),
}


def _in_numpy(name: str) -> Bug:
    bug = SOFTMAX[name]
    if name not in _OWN:
        return bug
    message, hint = _OWN[name]
    return replace(bug, message=message, hint=hint)


BUGS: Final[Mapping[str, Bug]] = {name: _in_numpy(name) for name in _ALIKE}
