"""What a student wrote in text cells about a target: formulas, or the words of a derivation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Location, Passage, Wanted

__all__ = ["prose"]

_MOST_PASSAGES: Final = 10
_LONGEST: Final = 4_000
_MOST_READ: Final = 200_000  # characters of one cell; longer ones are pasted data
_QUESTION: Final = re.compile(r"\W{0,4}question\b", re.IGNORECASE)
_FORMULA: Final = re.compile(r"\$[^$]+\$|\\\(|\\\[|\\begin\{|\\frac")
_OUTPUT: Final = re.compile(r"\btensor\(|\barray\(|<a href=|grad_fn=|^Traceback ", re.MULTILINE)
_NUMBERS: Final = re.compile(r"[\s\d.,;:()\[\]{}eE+\-]*")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Lines without a blank one between them, or a displayed formula; `line` counts from 1."""

    text: str
    line: int


def prose(notebook: Notebook, wanted: Wanted) -> tuple[Passage, ...]:
    """The passages of text cells that one of `wanted.prose` matches, at most ten, each cut.

    A passage goes from the first formula or matching paragraph of a cell to the last. The
    handout's questions, headings, and outputs (which text exports mix in) are none.
    """
    patterns = [re.compile(each, re.IGNORECASE | re.MULTILINE) for each in wanted.prose]
    found: list[Passage] = []
    for cell in notebook.cells:
        if cell.kind == "text" and patterns and len(found) < _MOST_PASSAGES:
            found += _of_cell(cell, patterns)
    return tuple(found)


def _of_cell(cell: Cell, patterns: Sequence[re.Pattern[str]]) -> Iterator[Passage]:
    own = [each for each in _paragraphs(cell.source[:_MOST_READ]) if _is_own(each.text)]
    telling = [any(pattern.search(each.text) for pattern in patterns) for each in own]
    if not any(telling):
        return
    held = [
        at
        for at, (each, tells) in enumerate(zip(own, telling, strict=True))
        if tells or _FORMULA.search(each.text)
    ]
    taken = own[held[0] : held[-1] + 1]
    first = taken[0].line
    location = Location(cell.number, first, cell.cell_id, cell.file_line(first))
    yield Passage("\n\n".join(each.text for each in taken)[:_LONGEST], location)


def _paragraphs(source: str) -> Iterator[_Paragraph]:
    lines: list[str] = []
    begun, displayed = 1, False
    for number, line in enumerate(source.split("\n"), 1):
        if line.strip() or displayed:
            if not lines:
                begun = number
            lines.append(line)
            displayed ^= line.count("$$") % 2 == 1
        elif lines:
            yield _Paragraph("\n".join(lines), begun)
            lines = []
    if lines:
        yield _Paragraph("\n".join(lines), begun)


def _is_own(text: str) -> bool:
    """Whether a student may have written it, to be read."""
    stripped = text.strip()
    heading = stripped.startswith("#") and "\n" not in stripped
    numbers = _NUMBERS.fullmatch(stripped) is not None
    return not (heading or numbers or _QUESTION.match(stripped) or _OUTPUT.search(text))
