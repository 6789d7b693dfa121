"""The real command line with lower limits, so that code without an end costs seconds.

Nothing else is changed: `python -m tests.attacks.impatient ARGUMENTS` is `grader ARGUMENTS`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Final

from grader.batch.plan import Plan
from grader.cli import grade
from grader.cli.main import main
from grader.core.observation import Limits
from grader.sandbox import parent

__all__ = ["IMPATIENT"]


@dataclass(frozen=True, slots=True)
class _Impatient(Limits):
    """Limits whose second run, too, ends at its first time-out."""

    def doubled(self) -> Limits:
        return replace(Limits.doubled(self), timeouts=1, timeouts_among_answers=1)


IMPATIENT: Final = _Impatient(
    call_seconds=0.5, first_call_seconds=0.5, setup_seconds=1.0, total_seconds=30.0
)

if __name__ == "__main__":
    vars(parent)["DEATHS"] = 3
    vars(grade)["Plan"] = functools.partial(Plan, limits=IMPATIENT)
    main()
