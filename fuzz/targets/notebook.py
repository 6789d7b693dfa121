"""Submissions: JSON notebooks."""

from __future__ import annotations

from fuzz.holds import reads
from fuzz.seeds import ipynb, submissions

__all__ = ["check", "seeds"]


def seeds() -> tuple[bytes, ...]:
    """The shipped ones, and one with something of everything."""
    return (*submissions(".ipynb"), ipynb())


def check(data: bytes) -> None:
    """Only `Ungradable` comes out of reading, nothing out of slicing."""
    reads(data, "work.ipynb")
