"""A notebook's bytes without what no reader looks at: outputs, attachments, metadata.

A hundred megabytes of outputs are ordinary, and would be several times as much as text and as
values. So they go before anything is decoded, by a walk over the bytes that makes no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from grader.notebook.skip import BYTES, MOST_STEPS, STRING

__all__ = ["without_outputs"]

_WORTHWHILE: Final = 1 << 16
_MOST_MARKS: Final = 30_000_000
"""Quotes, escapes and brackets; a hundred megabytes of short lines of output have 21 million."""

_BRACKET: Final = 6  # times as dear as a quote

_CELL: Final = frozenset({b'"cell_type"', b'"id"', b'"source"', b'"input"'})

_BEGINNING: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*+\{(?!\0)")
_SPACE: Final = re.compile(rb"[ \t\r\n]*+")
_NAME: Final = re.compile(rf"({STRING})[ \t\r\n]*+:[ \t\r\n]*+".encode(), re.DOTALL)
_MARK: Final = re.compile(rb"[ \t\r\n]*+([,\]}])[ \t\r\n]*+")

_Take = Callable[[bytes, int], int | None]
"""(name in its quotes, offset of the value) -> offset behind it, None to leave the value out."""


class _Odd(Exception):
    """Not the JSON that was expected: the reader shall say what is wrong with it."""


def without_outputs(data: bytes) -> bytes:
    """`data` with every value that no reader takes replaced by `0`, its line ends kept.

    Bytes that are no JSON object in an encoding like ASCII, that are small, broken or nested beyond
    reason, come back as they are.
    """
    begun = _BEGINNING.match(data)
    if begun is None or len(data) < _WORTHWHILE or _marks(data) > _MOST_MARKS:
        return data
    walk = _Walk(data)
    try:
        walk.members(begun.end() - 1, walk.top)
    except _Odd:
        return data
    return walk.kept()


def _marks(data: bytes) -> int:
    brackets = data.count(b"[") + data.count(b"{")
    return data.count(b'"') + data.count(b"\\") + _BRACKET * brackets


class _Walk:
    """Goes over the parts of a notebook that lead to its cells, and notes what to leave out."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._steps = 0
        self._out: list[tuple[int, int]] = []

    def kept(self) -> bytes:
        """The bytes without what was noted."""
        parts: list[bytes] = []
        at = 0
        for start, stop in self._out:
            lines = self._data.count(b"\n", start, stop)
            parts += [self._data[at:start], b"0", b"\n" * lines]
            at = stop
        return b"".join([*parts, self._data[at:]])

    def members(self, at: int, take: _Take) -> int:
        """Give every member of an object to `take`; behind the value, which may be no object."""

        def member(at: int) -> int:
            name = _NAME.match(self._data, at)
            if name is None or b"\\" in name[1]:
                raise _Odd
            stop = take(name[1], name.end())
            if stop is None:
                stop = self._behind(name.end())
                self._out.append((name.end(), stop))
            return stop

        if self._data[at : at + 1] != b"{":
            return self._behind(at)
        return self._items(at, b"}", member)

    def top(self, name: bytes, at: int) -> int | None:
        """A member of the notebook."""
        if name == b'"worksheets"':
            return self._elements(at, self._sheet)
        return self._sheet(name, at)

    def _sheet(self, name: bytes, at: int) -> int | None:
        return self._elements(at, self._cell) if name == b'"cells"' else None

    def _cell(self, name: bytes, at: int) -> int | None:
        return self._behind(at) if name in _CELL else None

    def _elements(self, at: int, take: _Take) -> int:
        """Give the members of every object in a list to `take`; the value may be no list."""
        if self._data[at : at + 1] != b"[":
            return self._behind(at)
        return self._items(at, b"]", lambda at: self.members(at, take))

    def _behind(self, at: int) -> int:
        stop, steps = BYTES.behind(self._data, at)
        self._step(steps)
        if stop < 0:
            raise _Odd
        return stop

    def _items(self, at: int, closing: bytes, take: Callable[[int], int]) -> int:
        at = self._space(at + 1)
        if self._data[at : at + 1] == closing:
            return at + 1
        while True:
            self._step(1)
            mark = _MARK.match(self._data, take(at))
            if mark is None or mark[1] not in (b",", closing):
                raise _Odd
            if mark[1] == closing:
                return mark.end(1)
            at = mark.end()

    def _space(self, at: int) -> int:
        found = _SPACE.match(self._data, at)
        return found.end() if found else at

    def _step(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise _Odd
