"""A decoded file as the readers see it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from grader.core.errors import Ungradable
from grader.core.notebook import Format, Note, Notebook
from grader.notebook.magics import neutralise
from grader.notebook.syntax import Problem, in_triple_quotes, parse

__all__ = ["MOST_CODE", "Reader", "Source", "refuse_if_large"]

MOST_CODE: Final = 1 << 20
"""Characters of code that are parsed: a tree takes some hundred times the room of its text."""


@dataclass(frozen=True)
class Source:
    r"""A file's text with `\n` line ends.

    suffix  of the file's name, lower case with its dot: a hint, never more
    notes   what decoding had to guess
    """

    text: str
    suffix: str
    notes: tuple[Note, ...] = ()

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.split("\n"))

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree of the whole text, magics neutralised; None where it does not parse."""
        if len(self.text) > MOST_CODE:
            return None
        tree = parse("\n".join(neutralise(self.lines).lines))
        return None if isinstance(tree, Problem) else tree

    @cached_property
    def quoted(self) -> frozenset[int]:
        """0-based lines that begin inside a triple-quoted string."""
        return in_triple_quotes(self.lines)


@dataclass(frozen=True, slots=True)
class Reader:
    """One row of the table of readers.

    recognises  whether the text is of this format; asked in the table's order
    read        makes the notebook, or raises `Ungradable`
    """

    format: Format
    recognises: Callable[[Source], bool]
    read: Callable[[Source], Notebook]


def refuse_if_large(characters: int) -> None:
    """Raise `Ungradable` where a submission holds more code than is parsed."""
    if characters > MOST_CODE:
        raise Ungradable(f"the submission holds more than {MOST_CODE >> 20} MB of code")
