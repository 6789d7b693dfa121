"""Submissions: submissions changed as Python tokens, where bytes are what hypothesis draws from."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings

from fuzz.holds import reads
from fuzz.strategies import submissions

__all__ = ["check", "seeds"]


@settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(submissions())
def _holds(one: tuple[bytes, str]) -> None:
    reads(*one)


def seeds() -> tuple[bytes, ...]:
    """Choices to begin with; they mean nothing by themselves."""
    drawn = random.Random(1)  # noqa: S311 - no secret
    return tuple(drawn.randbytes(size) for size in (200, 1000, 4000) for _ in range(10))


def check(data: bytes) -> None:
    """Only `Ungradable` comes out of reading, nothing out of slicing."""
    _holds.hypothesis.fuzz_one_input(data)  # type: ignore[attr-defined]  # which @given sets
