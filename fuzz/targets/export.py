"""Submissions: text exports."""

from __future__ import annotations

from fuzz.holds import reads
from fuzz.seeds import export, submissions

__all__ = ["check", "seeds"]


def seeds() -> tuple[bytes, ...]:
    """The shipped ones, and one with something of everything."""
    return (*submissions(".txt"), export())


def check(data: bytes) -> None:
    """Only `Ungradable` comes out of reading, nothing out of slicing."""
    reads(data, "work.txt")
