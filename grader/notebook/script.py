"""Python files: plain ones, and those whose cells are marked by comments."""

from __future__ import annotations

import ast
import re
from typing import Final

from grader.core.notebook import Cell, Note, Notebook
from grader.notebook.cells import code_cell, left_out_notes, snippet, text_cell
from grader.notebook.magics import Allowance
from grader.notebook.recover import Broken
from grader.notebook.source import Reader, Source
from grader.notebook.syntax import Problem, parse
from grader.notebook.weight import refuse_if_large

__all__ = ["PERCENT", "SCRIPT"]

# `# %%time` is a cell magic in a comment, no mark: a mark ends or goes on behind white space.
_MARK: Final = re.compile(
    r"#[ ]?%%+(?:\s+(?P<title>.*))?$|#[ ]In ?\[[\d* ]*\]:?\s*$|#[ ]<(?P<old>\w+)cell>\s*$"
    r"|#[ ]?<codecell>\s*$"
)
_TEXT: Final = re.compile(r".*\[(?:markdown|md|raw)\]|(?:markdown|md)\s*$", re.IGNORECASE)
_SUFFIXES: Final = frozenset({".py", ".pyw"})


def _marks(source: Source) -> list[int]:
    found = [number for number, line in enumerate(source.lines) if _MARK.match(line)]
    return [number for number in found if number not in source.quoted] if found else []


def _is_text(mark: str) -> bool:
    found = _MARK.match(mark)
    if found is None:
        return False
    if found["old"]:
        return found["old"] != "code"
    return bool(found["title"] and _TEXT.match(found["title"]))


def _recognises_percent(source: Source) -> bool:
    """Marks that cut no statement: one inside a function of a running file is a comment."""
    marks = _marks(source)
    if not marks or source.tree is None:
        return bool(marks)
    inside = {
        line for node in source.tree.body for line in range(node.lineno, node.end_lineno or 0)
    }
    return not any(number in inside for number in marks)


def _read_percent(source: Source) -> Notebook:
    refuse_if_large(source.text)
    allowance = Allowance()
    cells: list[Cell] = []
    notes = list(source.notes)
    number = 0
    marks = _marks(source)
    for begin, end in zip([-1, *marks], [*marks, len(source.lines)], strict=True):
        lines = source.lines[begin + 1 : end]
        blank = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
        is_text = _is_text(source.lines[begin]) if begin >= 0 else _only_comments(lines)
        if is_text:
            text = text_cell(number, lines, first_line=begin + 2)
            cells += [text] if text else []
            continue
        number += 1
        where = range(begin + 2 + blank, end + 1)
        cell, said = code_cell(number, lines[blank:], allowance, file_lines=where)
        cells.append(cell)
        notes += said
    return Notebook("percent", tuple(cells), tuple(notes))


def _only_comments(lines: tuple[str, ...]) -> bool:
    return all(not line.strip() or line.startswith("#") for line in lines)


def _recognises_script(source: Source) -> bool:
    """By its name, or because some top-level statement does something."""
    if source.suffix in _SUFFIXES or source.too_large:
        return source.suffix in _SUFFIXES
    if source.tree is not None:
        return any(_does_something(node) for node in source.tree.body)
    tree = parse("\n".join(source.recovered.lines))
    return not isinstance(tree, Problem) and any(_does_something(node) for node in tree.body)


def _does_something(node: ast.stmt) -> bool:
    """Prose parses now and then: a lone word, or `Note: so`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call)
    return not (isinstance(node, ast.AnnAssign) and node.value is None)


def _read_script(source: Source) -> Notebook:
    refuse_if_large(source.text)
    where = range(1, len(source.lines) + 1)
    if source.tree is not None:
        cell, said = code_cell(1, source.lines, file_lines=where)
        return Notebook("script", (cell,), (*source.notes, *said))
    cell, said = code_cell(1, source.recovered.lines, file_lines=where)
    broken = tuple(_broken_note(one) for one in source.recovered.broken)
    return Notebook(
        "script", (cell,), (*source.notes, *broken, *left_out_notes(1, source.neutral), *said)
    )


def _broken_note(broken: Broken) -> Note:
    lines = (
        f"line {broken.first} is"
        if broken.first == broken.last
        else f"lines {broken.first} to {broken.last} are"
    )
    problem = broken.problem
    why = f"line {problem.line}: {snippet(problem.message, 120)}"
    return Note(f"{lines} not valid Python ({why}) and left out", 1, problem.line)


PERCENT: Final = Reader("percent", _recognises_percent, _read_percent)
SCRIPT: Final = Reader("script", _recognises_script, _read_script)
