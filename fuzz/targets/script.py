"""Submissions: Python files, plain and with marked cells."""

from __future__ import annotations

from fuzz.holds import reads
from fuzz.seeds import CODE, percent, submissions

__all__ = ["check", "seeds"]


def seeds() -> tuple[bytes, ...]:
    """The shipped ones, and one with something of everything."""
    return (*submissions(".py"), percent(), b"".join(one.encode() for one in CODE))


def check(data: bytes) -> None:
    """Only `Ungradable` comes out of reading, nothing out of slicing."""
    reads(data, "work.py")
