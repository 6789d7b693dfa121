"""Over a JSON value without making it: of text, or of bytes in an encoding like ASCII."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import AnyStr, Final, Generic

__all__ = ["BYTES", "MOST_STEPS", "STRING", "TEXT", "Skipper"]

STRING: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""A JSON string, whatever its escapes."""

MOST_STEPS: Final = 150_000
"""Members, elements and deeply nested brackets of a file; a large notebook has ten thousand."""

_LEVELS: Final = 3


def _run(levels: int) -> str:
    """What is no bracket, and brackets closed again that are `levels` deep at most."""
    inner = r'[^"\[\]{}]++|' + STRING
    if levels:
        inner += r"|[\[{]" + _run(levels - 1) + r"[\]}]"
    return rf"(?:{inner})*+"


@dataclass(frozen=True)
class Skipper(Generic[AnyStr]):
    """Finds where values end; nothing inside them is checked but strings and brackets."""

    opening: AnyStr
    closing: AnyStr
    scalar: re.Pattern[AnyStr]
    run: re.Pattern[AnyStr]

    def behind(self, text: AnyStr, at: int) -> tuple[int, int]:
        """The offset behind the value at `at`, and steps taken; the offset is -1 without an end."""
        if not text[at : at + 1] or text[at : at + 1] not in self.opening:
            found = self.scalar.match(text, at)
            return (found.end() if found else -1), 1
        depth = steps = 0
        while steps < MOST_STEPS:
            mark = text[at : at + 1]
            if not mark or mark not in self.opening + self.closing:
                break  # the end, or a string without one
            steps += 1
            depth += 1 if mark in self.opening else -1
            if not depth:
                return at + 1, steps
            found = self.run.match(text, at + 1)
            at = found.end() if found else at + 1
        return -1, steps


_SCALAR: Final = STRING + r'|[^"\\,:\[\]{}\s]++'

TEXT: Final = Skipper(
    "[{", "]}", re.compile(_SCALAR, re.DOTALL), re.compile(_run(_LEVELS), re.DOTALL)
)
BYTES: Final = Skipper(
    b"[{",
    b"]}",
    re.compile(_SCALAR.encode(), re.DOTALL),
    re.compile(_run(_LEVELS).encode(), re.DOTALL),
)
