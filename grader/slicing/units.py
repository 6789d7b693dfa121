"""Cells -> units: the smallest pieces of a notebook that run or stay out by themselves."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from grader.core.notebook import Cell, Note, Notebook
from grader.core.slice import Location, Statement
from grader.notebook.weight import too_large
from grader.slicing.bindings import Binding, bindings
from grader.slicing.names import child_nodes

__all__ = ["Parsed", "Unit", "make_unit", "parse", "parse_source", "split"]

DEEPEST: Final = 200  # levels of syntax; what follows recurses, and must not depend on its caller
NOTES_MOST: Final = 20
SPLIT_MOST: Final = 500  # names of one statement; a longer one stays whole

_LINE_END: Final = re.compile(r"\r\n|\r|\n")  # what the tokenizer counts; not str.splitlines


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A top-level statement, or one name of an import or `del` of several.

    index  place in the notebook, counted over all units; -1 for what the handout supplies
    bound  what it binds, in source order
    lines  in the file, for the lines of its cell; empty where unknown
    """

    index: int
    node: ast.stmt
    code: str
    location: Location
    bound: tuple[Binding, ...]
    lines: tuple[int, ...] = ()

    def at(self, line: int) -> Location:
        """Another line of the unit's cell."""
        file_line = self.lines[line - 1] if 0 < line <= len(self.lines) else None
        return Location(self.location.cell, line, self.location.cell_id, file_line)

    @property
    def star(self) -> bool:
        """Whether it is `from somewhere import *`."""
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"

    def statement(self, binds: tuple[str, ...] = (), *, tolerant: bool = False) -> Statement:
        """As a slice carries it."""
        filename = f"<cell {self.location.cell}>" if self.location.cell else "<handout>"
        return Statement(self.code, filename, self.location, binds, None, tolerant)


def make_unit(
    index: int, node: ast.stmt, code: str, location: Location, cell: Cell | None = None
) -> Unit:
    """A unit with what it binds; without a cell it is one that the handout supplies."""
    lines = cell.file_lines if cell else ()
    return Unit(index, node, code, location, tuple(bindings(node)), lines)


@dataclass(frozen=True, slots=True)
class Parsed:
    """All units of a notebook, and the cells that no kernel could have run."""

    units: tuple[Unit, ...]
    broken: tuple[Cell, ...]
    notes: tuple[Note, ...]


def parse(notebook: Notebook) -> Parsed:
    """Parse every code cell on its own; one that does not parse costs no other. Never raises."""
    units: list[Unit] = []
    broken: list[Cell] = []
    notes: list[Note] = []
    for cell in notebook.code_cells:
        try:
            units += _cell_units(cell, len(units), notes)
        except SyntaxError as error:
            broken.append(cell)
            notes.append(
                Note(f"left out, not valid Python: {error.msg}", cell.number, error.lineno)
            )
        except (RecursionError, MemoryError):
            broken.append(cell)
            notes.append(Note("left out, nested too deeply to be read", cell.number))
        except ValueError as error:
            broken.append(cell)
            notes.append(Note(f"left out, cannot be read as Python: {error}", cell.number))
    if len(notes) > NOTES_MOST:
        more = len(notes) - NOTES_MOST
        notes = [*notes[:NOTES_MOST], Note(f"{more} more places are left out")]
    return Parsed(tuple(units), tuple(broken), tuple(notes))


def parse_source(source: str) -> ast.Module:
    """`ast.parse` without its warnings; raises what it raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes: the student's business, not ours
        return ast.parse(source)


def _cell_units(cell: Cell, first: int, notes: list[Note]) -> list[Unit]:
    if too_large(cell.source):
        raise ValueError("more code than is parsed")
    module = parse_source(cell.source)
    lines = _LINE_END.split(cell.source)
    coded = [line.encode() for line in lines]
    units: list[Unit] = []
    above = 0
    for node in module.body:
        start = _first_line(node, lines, above)
        location = Location(cell.number, start, cell.cell_id, cell.file_line(start))
        above = node.end_lineno or start
        if _depth(node) > DEEPEST:
            notes.append(Note("left out, nested too deeply", cell.number, start))
            continue
        for part, code in split(node, _segment(node, coded, start)):
            units.append(make_unit(first + len(units), part, code, location, cell))
    return units


def _depth(node: ast.AST) -> int:
    deepest = 0
    stack = [(node, 1)]
    while stack:
        part, depth = stack.pop()
        deepest = max(deepest, depth)
        stack += [(child, depth + 1) for child in child_nodes(part)]
    return deepest


def _first_line(node: ast.stmt, lines: list[str], above: int) -> int:
    """The line a statement begins on: that of its first decorator's `@`, if it has one."""
    decorators = getattr(node, "decorator_list", [])
    start: int = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    if decorators:
        while start > above + 1 and not lines[start - 1].lstrip().startswith("@"):
            start -= 1
    return start


def _segment(node: ast.stmt, lines: list[bytes], start: int) -> str:
    """The statement's exact text. Offsets of the parser count bytes of UTF-8, as `lines` are."""
    end, stop = node.end_lineno or start, node.end_col_offset
    taken = lines[start - 1 : end]
    taken[-1] = taken[-1][:stop]
    if start == node.lineno:
        taken[0] = taken[0][node.col_offset :]
    return b"\n".join(taken).decode()


def split(node: ast.stmt, code: str) -> Iterator[tuple[ast.stmt, str]]:
    """Parts that stand alone: each alias of an import, each name of a `del`."""
    if isinstance(node, ast.Import | ast.ImportFrom) and 1 < len(node.names) <= SPLIT_MOST:
        for alias in node.names:
            kind: ast.stmt
            if isinstance(node, ast.Import):
                kind = ast.Import([alias])
            else:
                kind = ast.ImportFrom(node.module, [alias], node.level)
            part = ast.copy_location(kind, node)
            yield part, ast.unparse(part)
    elif (
        isinstance(node, ast.Delete)
        and 1 < len(node.targets) <= SPLIT_MOST
        and all(isinstance(target, ast.Name) for target in node.targets)
    ):
        for target in node.targets:
            deleted = ast.copy_location(ast.Delete([target]), node)
            yield deleted, ast.unparse(deleted)
    else:
        yield node, code
