"""What a way of naming bugs hands on: one bug, how sure it is, and what it explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from grader.core.slice import Location

__all__ = ["Confidence", "Finding"]

Confidence = Literal["proved", "matched", "static"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A bug found in one role's target.

    criteria  ids of the criteria it explains, in the rubric's order
    at        where it stands, where that is known
    """

    role: str
    bug: str
    confidence: Confidence
    criteria: tuple[str, ...] = ()
    at: Location | None = None
