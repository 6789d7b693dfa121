"""JSON read once, front to back, by a caller that picks what it wants and learns where it stood.

`json` gives values without places, and a student is shown the line of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from grader.core.errors import Ungradable
from grader.notebook.skip import MOST_STEPS, TEXT

__all__ = ["Take", "Walker"]

Take = Callable[[str, int], int]
"""(name, offset of the value) -> offset behind it."""

_SPACE: Final = re.compile(r"[ \t\n\r]*")

_DECODER: Final = json.JSONDecoder(strict=False)


class Walker:
    """Walks a JSON text, and makes no value but strings.

    Every method raises `json.JSONDecodeError`, or `Ungradable` after `MOST_STEPS`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps = 0
        self._counted = 0
        self._line = 1

    def line(self, at: int) -> int:
        """1-based line of offset `at`; offsets must not go back."""
        self._line += self.text.count("\n", self._counted, at)
        self._counted = at
        return self._line

    def start(self, at: int) -> int:
        """The offset of the next value or mark at or behind `at`."""
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int) -> tuple[str | None, int]:
        """The string at `at`, None for any other value, and the offset behind it."""
        if self.peek(at) != '"':
            return None, self.skip(at)
        found, end = _DECODER.raw_decode(self.text, at)
        return (found if isinstance(found, str) else None), end

    def skip(self, at: int) -> int:
        """The offset behind the value at `at`."""
        end, steps = TEXT.behind(self.text, at)
        self._step(steps)
        if end < 0:
            begun = self.peek(at) in ("[", "{", '"')
            missing = "an end" if begun else "a value"
            where = len(self.text) if begun else at
            raise json.JSONDecodeError(f"{missing} was expected", self.text, where)
        return end

    def peek(self, at: int) -> str:
        """The character at `at`, empty at the end."""
        return self.text[at : at + 1]

    def members(self, at: int, take: Take) -> int:
        """Give every member of the object at `at` to `take`; the offset behind the object."""

        def member(at: int) -> int:
            if self.peek(at) != '"':
                raise json.JSONDecodeError("a name in double quotes was expected", self.text, at)
            name, at = self.value(at)
            return take(name or "", self.start(self._mark(at, ":")))

        return self._items(at, "}", member)

    def elements(self, at: int, take: Callable[[int], int]) -> int:
        """Give every element of the array at `at` to `take`; the offset behind the array."""
        return self._items(at, "]", take)

    def whole(self) -> None:
        """Go over the one value that the text is."""
        self.end(self.skip(self.start(0)))

    def end(self, at: int) -> None:
        """Only white space may follow."""
        at = self.start(at)
        if at < len(self.text):
            raise json.JSONDecodeError("something follows the notebook's end", self.text, at)

    def _items(self, at: int, closing: str, take: Callable[[int], int]) -> int:
        at = self.start(at + 1)
        if self.peek(at) == closing:
            return at + 1
        while True:
            self._step(1)
            at = self.start(take(at))
            if self.peek(at) == closing:
                return at + 1
            at = self.start(self._mark(at, ","))

    def _step(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise Ungradable("the notebook's JSON has too many parts, or is nested too deeply")

    def _mark(self, at: int, mark: str) -> int:
        at = self.start(at)
        if self.peek(at) != mark:
            raise json.JSONDecodeError(f"`{mark}` was expected", self.text, at)
        return at + 1
