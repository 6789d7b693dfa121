"""What a reader makes of a submitted file: cells in order, whatever the format was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Cell", "CellKind", "Format", "Note", "Notebook"]

CellKind = Literal["code", "text"]
Format = Literal["ipynb", "script", "percent", "export"]


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should know about how a file was taken; never costs points."""

    text: str
    cell: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    number      1-based: for code the number among the code cells (what `In [n]` shows after a
                clean run, and the same in a notebook and in its text export); for text the
                number of the code cell before it, 0 at the top
    source      code: Python, with magics and shell lines neutralised line for line, so that line
                k of `source` is line k of the cell as the student sees it; text: as it stands
    cell_id     the notebook's own id, where the format has one
    file_lines  1-based line in the file of each line of `source`; empty where unknown
    uncertain   the cell's extent was guessed (text exports do not mark where a cell ends)
    """

    number: int
    kind: CellKind
    source: str
    cell_id: str | None = None
    file_lines: tuple[int, ...] = ()
    uncertain: bool = False

    def file_line(self, line: int) -> int | None:
        """The line of the file that holds `line` (1-based) of this cell, or None if unknown."""
        return self.file_lines[line - 1] if 0 < line <= len(self.file_lines) else None


@dataclass(frozen=True, slots=True)
class Notebook:
    """A submission after reading."""

    format: Format
    cells: tuple[Cell, ...]
    notes: tuple[Note, ...] = ()

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.kind == "code")
