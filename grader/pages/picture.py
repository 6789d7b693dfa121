"""A row of numbers that came back beside the row that should have, as a small picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Picture", "picture_of", "svg"]

_FEWEST, _MOST = 2, 12
_HEIGHT: Final = 96.0
_BAR, _GAP = 14.0, 12.0
_VISIBLE: Final = 0.04
"""Of the tallest bar: two bars that differ by less look the same."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Of one input: the last axis of the result, through its worst entry.

    at  the place of the row in the result; empty where the result is one row
    """

    fixture: str
    at: tuple[int, ...]
    got: tuple[float, ...]
    expected: tuple[float, ...]


def picture_of(
    fixture: str, at: Sequence[int], got: Iterable[float], expected: Iterable[float]
) -> Picture | None:
    """The picture, or None where it says no more than the worst entry alone.

    That is: fewer than two entries or more than twelve, one that is not finite, fewer than two
    that are visibly off, or bars of one row that are invisible beside those of the other.
    """
    ours, theirs = tuple(map(float, expected)), tuple(map(float, got))
    count = len(ours)
    if len(theirs) != count or not _FEWEST <= count <= _MOST:
        return None
    if not all(map(math.isfinite, (*ours, *theirs))):
        return None
    tall, other = sorted((max(map(abs, ours)), max(map(abs, theirs))), reverse=True)
    if not other or other < _VISIBLE * tall:
        return None
    off = sum(abs(one - two) >= _VISIBLE * tall for one, two in zip(ours, theirs, strict=True))
    return Picture(fixture, tuple(at), theirs, ours) if off > 1 else None


def svg(picture: Picture) -> str:
    """Inline SVG: numbers of ours alone, shapes by class, so that a style sheet colours them."""
    low = min(0.0, *picture.expected, *picture.got)
    high = max(0.0, *picture.expected, *picture.got)
    scale = _HEIGHT / (high - low)
    count = len(picture.got)
    width = count * (2 * _BAR + _GAP) + _GAP
    bars = []
    for place, (ours, theirs) in enumerate(zip(picture.expected, picture.got, strict=True)):
        left = _GAP + place * (2 * _BAR + _GAP)
        for kind, value, x in (("should", ours, left), ("came", theirs, left + _BAR)):
            top = (high - max(value, 0.0)) * scale
            bars.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{top + 2:.2f}" width="{_BAR:.1f}" '
                f'height="{abs(value) * scale:.2f}"/>'
            )
    zero = high * scale + 2
    told = f"expected {_listed(picture.expected)}; got {_listed(picture.got)}"
    return (
        f'<svg class="bars" role="img" aria-label="{told}" '
        f'viewBox="0 0 {width:.0f} {_HEIGHT + 4:.0f}" width="{width:.0f}" '
        f'height="{_HEIGHT + 4:.0f}">{"".join(bars)}'
        f'<line class="zero" x1="0" x2="{width:.0f}" y1="{zero:.2f}" y2="{zero:.2f}"/></svg>'
    )


def _listed(values: Iterable[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in values)
