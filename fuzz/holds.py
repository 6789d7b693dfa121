"""What every target holds a reader to; shared with the tests, so it needs no fuzzer."""

from __future__ import annotations

import ast
import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Final

from grader.assignments import load, names
from grader.core.errors import Ungradable
from grader.core.notebook import Cell, Note, Notebook
from grader.core.slice import Location, Slice, Wanted
from grader.core.text import plain
from grader.notebook import read
from grader.notebook.decode import decode
from grader.slicing import cut

__all__ = ["WANTED", "must", "one_line", "reads", "scratch", "sentence"]

WANTED: Final[tuple[Wanted, ...]] = (
    *(task.wanted for name in names() for task in load(name, Path()).tasks),
    Wanted("backward", ("target", "CustomBackward"), given=("import math",)),
)
"""What is looked for in every notebook."""

_MOST_NOTES: Final = 130


def must(holds: object, what: str) -> None:
    """Raise AssertionError with `what` unless it holds."""
    if not holds:
        raise AssertionError(what)


def scratch() -> Path:
    """A folder of this process, gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="grader-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def one_line(text: str, *, most: int = 2_000) -> None:
    """Text of a message: on one line, bounded, nothing in it that moves a cursor."""
    must(plain(text) == text and "\n" not in text, f"not plain: {text[:300]!r}")
    must(len(text) <= most, f"{len(text)} characters: {text[:300]!r}")


def sentence(text: str, *, most: int = 2_000) -> None:
    """A message that says something."""
    must(text.strip(), "says nothing")
    one_line(text, most=most)


def reads(data: bytes, name: str) -> Notebook | None:
    """Read and slice a submission; the notebook, None where it is ungradable.

    AssertionError where an invariant breaks; any other exception than `Ungradable` comes through.
    """
    try:
        found = read(data, name)
    except Ungradable as reason:
        sentence(str(reason))
        return None
    must(found == read(data, name), "reading twice gives two notebooks")
    lines = decode(data)[0].count("\n") + 1
    _numbered(found.cells)
    for cell in found.cells:
        _placed(cell, lines)
    _noted(found.notes, found, lines)
    for wanted in WANTED:
        one = cut(found, wanted)
        must(one == cut(found, wanted), "cutting twice gives two slices")
        _sliced(one, wanted, found, lines)
    return found


def _numbered(cells: tuple[Cell, ...]) -> None:
    """Code cells count from 1; a text has the number of the code cell before it."""
    number = 0
    for cell in cells:
        number += cell.kind == "code"
        must(cell.number == number, f"cell {cell.number} is the {number}th")


def _placed(cell: Cell, lines: int) -> None:
    """Every line of a cell stands somewhere in the file, in order."""
    cell.source.encode()
    where = cell.file_lines
    must(not cell.source or len(where) in (0, cell.source.count("\n") + 1), "lines do not match")
    must(all(1 <= line <= lines for line in where), f"lines {where} of {lines}")
    must(list(where) == sorted(where), "lines out of order")


def _noted(notes: tuple[Note, ...], notebook: Notebook, lines: int) -> None:
    """Notes are few sentences about places that are there."""
    must(len(notes) <= _MOST_NOTES, f"{len(notes)} notes")
    last = len(notebook.code_cells)
    most = max([lines, *(cell.source.count("\n") + 1 for cell in notebook.code_cells)])
    for note in notes:
        sentence(note.text)
        must(note.cell is None or 0 <= note.cell <= last, f"cell {note.cell} of {last}")
        must(note.line is None or 1 <= note.line <= most, f"line {note.line} of {most}")


def _sliced(one: Slice, wanted: Wanted, notebook: Notebook, lines: int) -> None:
    """A slice names what is wanted, and stands on lines that are there."""
    must(one.role == wanted.role, "another role")
    must((one.state == "missing") == (one.location is None), "a place for what is missing")
    must((one.state == "found") == bool(one.statements), "statements of what is not found")
    must(one.symbol in wanted.names or one.state == "missing", "another symbol")
    must(len(one.digest) == 64, "no digest")
    cells = {cell.number: cell for cell in notebook.code_cells}
    places = [statement.location for statement in (*one.statements, *one.wide)]
    places += [reference.location for reference in one.references]
    for place in [*places, *([one.location] if one.location else [])]:
        _inside(place, cells, lines)
    for statement in (*one.statements, *one.wide):
        ast.parse(statement.code)
    _noted(one.notes, notebook, lines)
    for name in one.near:
        one_line(name)


def _inside(place: Location, cells: dict[int, Cell], lines: int) -> None:
    if place.cell == 0:  # what the handout supplies
        return
    cell = cells[place.cell]
    must(1 <= place.line <= cell.source.count("\n") + 1, f"line {place.line} of its cell")
    must(place.cell_id == cell.cell_id, "another cell's id")
    must(place.file_line is None or 1 <= place.file_line <= lines, f"line {place.file_line}")
