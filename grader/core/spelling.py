"""The nearest of several spellings, for the end of a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = ["nearest"]

_LONGEST: Final = 100
"""Longer words are no misspelling, and comparing costs with their length."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """End of a message that offers the nearest choice; empty where nothing is near."""
    if len(word) > _LONGEST:
        return ""
    import difflib  # noqa: PLC0415 - only where something is misspelt

    by_case = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), list(by_case), n=1)
    return f", nearest: `{by_case[close[0]]}`" if close else ""
