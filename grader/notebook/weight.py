"""How dear a text of code is to parse, told before it is parsed.

A tree takes up to two thousand times the room of its text, and its statements more again when they
are followed. What counts is not characters (a picture in a string is one leaf) but words, signs and
statements.
"""

from __future__ import annotations

import re
from typing import Final

from grader.core.errors import Ungradable

__all__ = ["MOST_CODE", "MOST_WEIGHT", "refuse_if_large", "too_large", "weight"]

MOST_CODE: Final = 1 << 20
"""Characters of code that are parsed."""

MOST_WEIGHT: Final = 100_000
"""Words, signs and four times the statements that are read: some eight thousand full lines."""

_MOST_BRACES: Final = 5_000
"""In code that has f-strings: these are parsed in a time that grows with their square."""

_END: Final = 4
_PIECE: Final = re.compile(r"\w++|[^\w\s]")
_FORMATTED: Final = re.compile(r"[fF][rR]?[\"']")


def weight(text: str) -> int:
    """Words and signs of `text`; an end of a statement counts as four more."""
    ends = text.count("\n") + text.count(";")
    return sum(1 for _ in _PIECE.finditer(text)) + _END * ends


def too_large(text: str) -> bool:
    """Whether `text` is more code than is parsed."""
    if len(text) <= _MOST_BRACES:
        return False
    if text.count("{") > _MOST_BRACES and _FORMATTED.search(text):
        return True
    # a character weighs `_END + 1` at most
    return len(text) * (_END + 1) > MOST_WEIGHT and (
        len(text) > MOST_CODE or weight(text) > MOST_WEIGHT
    )


def refuse_if_large(text: str) -> None:
    """Raise `Ungradable` where a submission holds more code than is parsed."""
    if len(text) > MOST_CODE:
        raise Ungradable(f"the submission holds more than {MOST_CODE >> 20} MB of code")
    if too_large(text):
        raise Ungradable(
            f"the submission holds more code than is read: over {MOST_WEIGHT} words and signs"
        )
