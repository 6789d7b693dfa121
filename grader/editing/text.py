"""Patches of text: where a node stands, putting fixes in, and showing what changed."""

from __future__ import annotations

import ast
import difflib
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from grader.core.repair import Fix, Patch

__all__ = ["Lines", "apply", "compatible", "diff"]


_LINE: Final[re.Pattern[str]] = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line as Python's parser counts them: `splitlines` would also break at a form feed."""


def _lines(text: str) -> list[str]:
    return [found[0] for found in _LINE.finditer(text)]


class Lines:
    """Offsets in characters for the positions of syntax trees, which count bytes of UTF-8."""

    def __init__(self, text: str) -> None:
        self._lines = _lines(text) or [""]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Line from 1, column in bytes from 0."""
        text = self._lines[line - 1]
        if not text.isascii():
            column = len(text.encode()[:column].decode(errors="ignore"))
        return self._starts[line - 1] + column

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where an expression or statement begins and ends."""
        first = self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]  # as they have
        last = self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]  # likewise
        return first, last

    def line(self, offset: int) -> int:
        """The line, from 1, in which an offset lies."""
        after = [at for at, start in enumerate(self._starts[:-1]) if start <= offset]
        return after[-1] + 1

    def indent(self, line: int) -> str:
        """The white space a line begins with."""
        text = self._lines[line - 1]
        return text[: len(text) - len(text.lstrip(" \t"))]


def compatible(fixes: Sequence[Fix]) -> bool:
    """Whether all can be put in together: no two replace a character of the same statement."""
    spans = sorted(
        (fix.statement, patch.start, patch.end)
        for fix in fixes
        for patch in fix.patches
        if patch.start < patch.end
    )
    return all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(spans)) and not any(
        _inside(patch, fix.statement, spans) for fix in fixes for patch in fix.patches
    )


def _inside(patch: Patch, statement: int, spans: Sequence[tuple[int, int, int]]) -> bool:
    """Whether something is inserted in the midst of what another patch replaces."""
    return patch.start == patch.end and any(
        at == statement and start < patch.start < end for at, start, end in spans
    )


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """The statement's source with the fixes of that statement put in."""
    ordered = sorted(
        (
            (patch.start, patch.end, _nesting(fix, patch), patch.text)
            for fix in fixes
            for patch in fix.patches
        ),
    )
    parts, done = [], 0
    for start, end, _, replacement in ordered:
        parts += [text[done:start], replacement]
        done = max(done, end)
    return "".join((*parts, text[done:]))


def _nesting(fix: Fix, patch: Patch) -> int:
    """Of what is inserted at one offset: what ends there comes first, the inner before the outer;
    then what begins there, the outer before the inner.
    """
    size = fix.at[1] - fix.at[0]
    return size - 2**40 if patch.start >= fix.at[1] > fix.at[0] else -size


def diff(before: str, after: str, name: str, first_line: int = 1) -> str:
    """A unified diff of one statement, numbered as in its cell; empty where nothing differs."""
    old, new = ([line.rstrip("\r\n") for line in _lines(text)] for text in (before, after))
    padding = [""] * (first_line - 1)
    lines = difflib.unified_diff(padding + old, padding + new, name, name, n=1, lineterm="")
    return "\n".join(lines)
