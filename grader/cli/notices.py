"""What a run says on standard error before it runs a stranger's code."""

from __future__ import annotations

import sys
from typing import Final

from grader.cli.request import Isolation

__all__ = ["tell_isolation"]

_CONFINED_IN_PART: Final = (
    "best-effort isolation: file system and network are not confined; "
    "grade only code you would run yourself"
)
_NOT_CONFINED: Final = (
    "*" * 72,
    "--isolation none: submissions are not confined.",
    "They can do whatever you can. Grade only code you would run yourself.",
    "*" * 72,
)


def tell_isolation(mode: Isolation) -> None:
    """Warn of what `mode` leaves open: a line for best-effort, a banner for none."""
    if mode == "best-effort":
        sys.stderr.write(f"{_CONFINED_IN_PART}\n")
    elif mode == "none":
        sys.stderr.write("".join(f"{line}\n" for line in _NOT_CONFINED))
