"""How much is done to understand one program: counted, so that no source can make it endless."""

from __future__ import annotations

from typing import Final

__all__ = ["MOST_STEPS", "Effort", "Intricate"]

MOST_STEPS: Final = 200_000
"""A hundred times what students' functions take."""


class Intricate(Exception):
    """The program is too intricate to be read to its end."""


class Effort:
    """What following names through one program has taken so far, in steps."""

    def __init__(self, most: int = MOST_STEPS) -> None:
        self._left = most

    def spend(self, steps: int) -> None:
        """Raises Intricate where nothing is left, from then on every time."""
        self._left -= steps
        if self._left < 0:
            raise Intricate
