"""The checks: what each asks of a child, and what it makes of the answers.

One table, `CHECKS`, by the name a rubric uses. A check is three pure functions:

    calls        which calls of the target it needs, in the order they should be made
    experiments  which further programs it needs, once the main run is known
    verdict      status and evidence from all of that

`manual` has no check: a person decides it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from grader.judging.checks.asked import Asked, Check, Experiment
from grader.judging.checks.dtype import DTYPE
from grader.judging.checks.from_scratch import FROM_SCRATCH
from grader.judging.checks.gradient import GRADIENT
from grader.judging.checks.implemented import IMPLEMENTED
from grader.judging.checks.own_argument import OWN_ARGUMENT
from grader.judging.checks.pure import PURE
from grader.judging.checks.values import VALUES

__all__ = ["CHECKS", "FOLLOWING", "Asked", "Check", "Experiment"]

FOLLOWING: Final = frozenset({"dtype", "gradient"})
"""Checks that name a bug of their own which may as well follow from another one: the dtype of a
notebook variable that is read, the gradient of a wrong formula."""

CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "dtype": DTYPE,
        "from-scratch": FROM_SCRATCH,
        "gradient": GRADIENT,
        "implemented": IMPLEMENTED,
        "own-argument": OWN_ARGUMENT,
        "pure": PURE,
        "values": VALUES,
    }
)
