"""Jupyter notebooks, format versions 2 to 4, sources as text or list, strict about nothing.

`nbformat` refuses what a kernel and an editor put up with, and copies outputs of any size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from grader.core.errors import Ungradable
from grader.core.notebook import Cell, Note, Notebook
from grader.notebook.cells import clean, code_cell, snippet
from grader.notebook.located import Walker
from grader.notebook.magics import Allowance
from grader.notebook.source import Reader, Source
from grader.notebook.syntax import Problem, parse
from grader.notebook.weight import refuse_if_large

__all__ = ["IPYNB"]

_MOST_CELLS: Final = 10_000
_TEXT_KINDS: Final = frozenset({"markdown", "raw", "heading", "html", "plaintext", "rst"})
_SOURCES: Final = frozenset({"source", "input"})
_CODE_ONLY: Final = frozenset({"outputs", "execution_count", "prompt_number", "input"})
_SIGNS: Final = ('"cells"', '"worksheets"', '"nbformat"')
_CONFLICT: Final = re.compile(r"^(?:<{7}|={7}|>{7})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Piece:
    """One string of a source and the line of the file it stands on, 0 if on several."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class _RawCell:
    """A cell as the file has it; `odd` says what was wrong with it."""

    kind: str | None
    pieces: tuple[_Piece, ...] = ()
    cell_id: str | None = None
    odd: str = ""


def _recognises(source: Source) -> bool:
    if not source.text.lstrip().startswith("{"):
        return False
    return source.suffix == ".ipynb" or any(sign in source.text for sign in _SIGNS)


def _read(source: Source) -> Notebook:
    try:
        raw = _Cells(Walker(source.text)).collect()
    except json.JSONDecodeError as error:
        raise Ungradable(_not_json(source.text, error)) from None
    refuse_if_large(
        "\n".join("".join(piece.text for piece in one.pieces) for one in raw if one.kind == "code")
    )
    allowance = Allowance()
    cells: list[Cell] = []
    notes = list(source.notes)
    number = 0
    for position, one in enumerate(raw, 1):
        if one.odd:
            notes.append(Note(f"cell {position} of the file {one.odd}"))
        if one.kind == "code":
            number += 1
        made, said = _made(number, one, allowance)
        cells += [made] if made else []
        notes += said
    return Notebook("ipynb", tuple(cells), tuple(notes))


def _made(number: int, raw: _RawCell, allowance: Allowance) -> tuple[Cell | None, Sequence[Note]]:
    pieces = _with_ends([_Piece(clean(piece.text), piece.line) for piece in raw.pieces])
    source = "".join(piece.text for piece in pieces)
    where = _file_lines(pieces)
    if raw.kind == "code":
        lines = source.split("\n")
        return code_cell(number, lines, allowance, cell_id=raw.cell_id, file_lines=where)
    if raw.kind is None:
        return None, ()
    return Cell(number, "text", source, raw.cell_id, where), ()


def _with_ends(pieces: list[_Piece]) -> list[_Piece]:
    """Lines that a converter wrote without their ends, where only that makes them Python."""
    texts = [piece.text for piece in pieces]
    lost = len(texts) > 1 and not any("\n" in text for text in texts)
    if not lost or not isinstance(parse("".join(texts)), Problem):
        return pieces
    if isinstance(parse("\n".join(texts)), Problem):
        return pieces
    return [replace(piece, text=piece.text + "\n") for piece in pieces]


def _file_lines(pieces: Sequence[_Piece]) -> tuple[int, ...]:
    """The file's line of each source line; nothing if one source line stands on two."""
    found: list[int] = []
    open_line = False
    for piece in pieces:
        if not piece.text:
            continue
        if not piece.line or (open_line and found[-1] != piece.line):
            return ()
        parts = piece.text.split("\n")
        begun = len(parts) if parts[-1] else len(parts) - 1
        found += [piece.line] * (begun - open_line)
        open_line = bool(parts[-1])
    if found and not open_line:
        found.append(found[-1])
    return tuple(found)


class _Cells:
    """Collects the cells of a notebook's JSON while a `Walker` goes over it."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.found: list[_RawCell] = []
        self.has_list = False

    def collect(self) -> list[_RawCell]:
        """The file's cells; raises `Ungradable` where it has no list of them."""
        walker = self.walker
        walker.end(walker.members(walker.start(0), self._top))
        if not self.has_list:
            raise Ungradable("the file is JSON, but not a notebook: it has no list of cells")
        return self.found

    def _top(self, name: str, at: int) -> int:
        if name == "worksheets" and self.walker.peek(at) == "[":
            self.has_list = True
            return self.walker.elements(at, self._worksheet)
        return self._list_of_cells(name, at)

    def _worksheet(self, at: int) -> int:
        if self.walker.peek(at) != "{":
            return self.walker.skip(at)
        return self.walker.members(at, self._list_of_cells)

    def _list_of_cells(self, name: str, at: int) -> int:
        if name != "cells" or self.walker.peek(at) != "[":
            return self.walker.skip(at)
        self.has_list = True
        return self.walker.elements(at, self._cell)

    def _cell(self, at: int) -> int:
        if len(self.found) >= _MOST_CELLS:
            raise Ungradable(f"the notebook has more than {_MOST_CELLS} cells")
        if self.walker.peek(at) != "{":
            self.found.append(_RawCell(None, odd="is no cell and was left out"))
            return self.walker.skip(at)
        draft = _Draft(self.walker)
        end = self.walker.members(at, draft.member)
        self.found.append(draft.cell())
        return end


class _Draft:
    """One cell while its members come in, in whatever order."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.names: set[str] = set()
        self.kind: str | None = None
        self.cell_id: str | None = None
        self.pieces: tuple[_Piece, ...] | None = None
        self.odd = ""

    def member(self, name: str, at: int) -> int:
        self.names.add(name)
        if name in _SOURCES:
            return self._source(at)
        if name not in {"cell_type", "id"}:
            return self.walker.skip(at)
        value, end = self.walker.value(at)
        if name == "id":
            self.cell_id = value
        else:
            self.kind = value
        return end

    def _source(self, at: int) -> int:
        pieces: list[_Piece] = []

        def piece(at: int) -> int:
            value, end = self.walker.value(at)
            if value is not None:
                line = self.walker.line(at)
                pieces.append(_Piece(value, line if line == self.walker.line(end) else 0))
            elif not self.walker.text.startswith("null", at):
                self.odd = "has a source that is not text, which was left out"
            return end

        end = self.walker.elements(at, piece) if self.walker.peek(at) == "[" else piece(at)
        self.pieces = tuple(pieces)
        return end

    def cell(self) -> _RawCell:
        """What the members make; code cells are kept whatever is odd, for their number."""
        pieces = self.pieces or ()
        cell_id = snippet(clean(self.cell_id), 64) if self.cell_id else None
        if self.kind == "code" or (self.kind is None and self.names & _CODE_ONLY):
            odd = self.odd or ("" if self.pieces is not None else "has no source")
            return _RawCell("code", pieces, cell_id, odd)
        if self.kind in _TEXT_KINDS:
            return _RawCell("text", pieces, cell_id, self.odd)
        if self.kind is not None:
            return _RawCell(None, odd=f"is of the unknown type `{snippet(self.kind)}`, left out")
        return _RawCell(None, odd="has no type and was left out")


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    """One sentence: where the JSON ends to be JSON, and what that usually means."""
    if _CONFLICT.search(text):
        return f"the notebook holds a merge conflict (line {error.lineno} is not JSON)"
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        last = text.rstrip().count("\n") + 1
        return f"the notebook is cut off: its JSON stops in the middle, at line {last}"
    return f"the notebook is not valid JSON (line {error.lineno}: {snippet(error.msg)})"


IPYNB: Final = Reader("ipynb", _recognises, _read)
