"""A decoded file as the readers see it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from grader.core.notebook import Format, Note, Notebook
from grader.notebook.magics import Neutral, neutralise
from grader.notebook.recover import Recovered, recover
from grader.notebook.syntax import Problem, in_triple_quotes, parse
from grader.notebook.weight import too_large

__all__ = ["Reader", "Source"]


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
    def too_large(self) -> bool:
        """Whether the whole text is more code than is parsed."""
        return too_large(self.text)

    @cached_property
    def neutral(self) -> Neutral:
        """The whole text with magics neutralised; for a text that is not too large."""
        return neutralise(self.lines)

    @cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree of the whole text, magics neutralised; None where it does not parse."""
        if self.too_large:
            return None
        tree = parse("\n".join(self.neutral.lines))
        return None if isinstance(tree, Problem) else tree

    @cached_property
    def recovered(self) -> Recovered:
        """What of the whole text parses block by block; for a text that is not too large."""
        return recover(self.neutral.lines)

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
