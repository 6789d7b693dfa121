"""What stands before the first submission: whether it can be confined, and what is left open."""

from __future__ import annotations

import sys
from typing import Final

from grader.cli.request import Isolation
from grader.core.errors import IsolationRefused

__all__ = ["check_isolation"]

_NOT_CONFINED: Final = (
    "*" * 72,
    "--isolation none: submissions are not confined.",
    "They can do whatever you can. Grade only code you would run yourself.",
    "*" * 72,
)


def check_isolation(mode: Isolation) -> None:
    """Say on standard error what `mode` leaves open here: a line, or a banner for none.

    Raises IsolationRefused where strict cannot be had; a sandbox then still makes sure by trial.
    """
    if mode == "none":
        sys.stderr.write("".join(f"{line}\n" for line in _NOT_CONFINED))
        return
    from grader.sandbox.trial import layers_missing_here, refusal_without

    missing = layers_missing_here()
    if mode == "strict":
        refused = refusal_without(missing)
        if refused:
            raise IsolationRefused(refused)
    elif missing:
        sys.stderr.write(
            f"best-effort isolation: this machine has no {', '.join(missing)}; "
            "grade only code you would run yourself (`grader doctor` says more)\n"
        )
