"""Written answers: what a submission adds to the texts of the notebook that was handed out.

A template's line is found again by its words, in order; emphasis, headings, HTML and white space
say nothing, a typo or another edition's wording little. What is left over is the student's, and
belongs to the template's text above it. Where that has been deleted and the text was a question,
what stands in its place belongs to the question all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import Final

from grader.core.notebook import Notebook
from grader.core.record import Answered
from grader.core.slice import Location
from grader.slicing.alignment import added_to, pairs
from grader.slicing.lines import (
    Line,
    asks,
    ends_in_question,
    is_placeholder,
    said_in_code,
    typed,
)

__all__ = ["KEPT", "answers"]

KEPT: Final = 9_000
"""Characters kept of an answer: more than any reader shows, so that a cut is seen as one."""

_LONGEST_PROMPT: Final = 4_000
_MOST_SECTIONS: Final = 100
_FEWEST_KNOWN: Final = 3
"""Words of a line that is the template's wherever it stands."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A text of the template: lines `first` to `last` of all its lines."""

    prompt: str
    first: int
    last: int
    asked: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text cell that was added; `empty` where it says nothing by itself."""

    line: Line
    start: int
    end: int
    empty: bool


@dataclass(slots=True)
class _Added:
    """What was added behind a section, in order."""

    pieces: list[_Piece] = field(default_factory=list)
    said: list[tuple[Line, str]] = field(default_factory=list)

    def add(self, line: Line, begin: int, end: int) -> None:
        part = line.text[begin:end]
        if line.block:
            self.said.append((line, part.strip()))
            return
        whole = (begin, end) == (0, len(line.text))
        empty = is_placeholder(line) if whole else not any(each.isalnum() for each in part)
        if not whole and not empty:  # the mark that ends the template's own sentence
            begin = end - len(part.lstrip(" \t.?!:;,*_\"'"))
        self.pieces.append(_Piece(line, line.start + begin, line.start + end, empty))


def answers(notebook: Notebook, template: Notebook | None) -> tuple[Answered, ...]:
    """What was added behind each text of the template, in the template's order; never raises.

    Every text of the template has its entry, so that what was left blank is known. Without a
    template the submission's own questions take its place, and all other text cells are additions.
    At most 101 entries, their texts cut behind `KEPT` characters.
    """
    texts: dict[int, str] = {}
    lines = sorted(
        [*typed(notebook, texts), *said_in_code(notebook)],
        key=lambda line: (line.cell, line.number),
    )
    if template is None:
        questions = {at: line for at, line in enumerate(lines) if asks(line.text)}
        paired = {at: to for to, at in enumerate(questions)}
        ours = list(questions.values())
        sections = [_Section(line.text, at, at, asked=True) for at, line in enumerate(ours)]
        known: frozenset[tuple[str, ...]] = frozenset()
    else:
        ours, sections = _sections(template)
        paired = pairs(ours, lines)
        apart = (*ours, *said_in_code(template))
        known = frozenset(each.words for each in apart if len(each.words) >= _FEWEST_KNOWN)
    found = _additions(lines, ours, paired, sections[:_MOST_SECTIONS], known)
    above = _answered(_Section("", -1, -1), found[-1], notebook, texts)
    behind = [
        _answered(section, found[at], notebook, texts)
        for at, section in enumerate(sections[:_MOST_SECTIONS])
    ]
    return (above, *behind) if above.text or above.beside else tuple(behind)


def _sections(template: Notebook) -> tuple[list[Line], list[_Section]]:
    """The lines of a template's text cells, and its texts: a cell, or one of its questions."""
    texts: dict[int, str] = {}
    lines = list(typed(template, texts))
    starts: list[int] = []
    at = 0
    for _, cell in groupby(lines, key=lambda line: line.cell):
        own = list(cell)
        begins = not all(map(is_placeholder, own))
        for line in own:
            if not starts or begins or asks(line.text):
                starts.append(at)
            begins = False
            at += 1
    sections = []
    for first, behind in pairwise([*starts, len(lines)]):
        told = [each for each in lines[first:behind] if each.words and not is_placeholder(each)]
        own = [each for each in told if each.cell == lines[first].cell]
        text = texts[own[0].cell][own[0].start : own[-1].end].strip() if own else ""
        asked = any(asks(each.text) for each in own) or ends_in_question(text)
        sections.append(_Section(text[:_LONGEST_PROMPT], first, behind - 1, asked))
    return lines, sections


def _additions(
    lines: Sequence[Line],
    ours: Sequence[Line],
    paired: dict[int, int],
    sections: Sequence[_Section],
    known: frozenset[tuple[str, ...]],
) -> dict[int, _Added]:
    """What was added by section, -1 for what stands above all of them."""
    found = {at: _Added() for at in range(-1, len(sections))}
    section_of = {
        to: at for at, one in enumerate(sections) for to in range(one.first, one.last + 1)
    }
    comings = _nexts(paired, len(lines), len(ours))
    last, place = -1, -1
    for at, line in enumerate(lines):
        if at in paired:
            last = paired[at]
            place = section_of.get(last, len(sections) - 1)
            for begin, end in added_to(ours[last], line):
                found[place].add(line, begin, end)
        elif line.words not in known:
            lost = _lost(sections, place, comings[at])
            found[place if lost is None else lost].add(line, 0, len(line.text))
    return found


def _nexts(paired: dict[int, int], count: int, none: int) -> list[int]:
    """For each line the template's line that the next paired one is; `none` where none follows."""
    found, coming = [none] * count, none
    for at in range(count - 1, -1, -1):
        found[at] = coming
        coming = paired.get(at, coming)
    return found


def _lost(sections: Sequence[_Section], place: int, coming: int) -> int | None:
    """The first question of which the submission has no line, where it should stand.

    None right behind another question: that one is asked as long as nothing else comes.
    """
    if place >= 0 and sections[place].asked:
        return None
    for at in range(place + 1, len(sections)):
        if sections[at].last >= coming:
            return None
        if sections[at].asked:
            return at
    return None


def _answered(
    section: _Section, added: _Added, notebook: Notebook, texts: dict[int, str]
) -> Answered:
    real = [piece for piece in added.pieces if not piece.empty]
    text = _joined(added.pieces, texts) if real else ""
    blocks = groupby(added.said, key=lambda said: said[0].block)
    beside = "\n\n".join("\n".join(part for _, part in block) for _, block in blocks)
    first = real[0].line if real else added.said[0][0] if added.said else None
    location = None
    if first is not None:
        cell = notebook.cells[first.cell]
        where = cell.file_line(first.number)
        location = Location(cell.number, first.number, cell.cell_id, where)
    return Answered(section.prompt, section.asked, text[:KEPT], beside[:KEPT], location)


def _joined(pieces: Iterable[_Piece], texts: dict[int, str]) -> str:
    """The pieces as they stand; what follows one another in a cell with the lines between."""
    runs: list[_Piece] = []
    for piece in pieces:
        above = runs[-1] if runs else None
        joins = above is not None and above.line.cell == piece.line.cell
        if above and joins and not texts[piece.line.cell][above.end : piece.start].strip():
            runs[-1] = _Piece(above.line, above.start, piece.end, above.empty)
        else:
            runs.append(piece)
    parts = (texts[each.line.cell][each.start : each.end].strip() for each in runs)
    return "\n\n".join(part for part in parts if part)
