"""Where a wanted name stands though it defines nothing: for the hint beside `missing`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from grader.core.notebook import Cell, Note, Notebook
from grader.slicing.units import Unit

__all__ = ["seen_elsewhere"]

_MOST = 5
_LONGEST = 100


def seen_elsewhere(
    notebook: Notebook, units: Sequence[Unit], names: tuple[str, ...]
) -> tuple[Note, ...]:
    """Notes on methods, inner functions, comments and prose that hold a wanted name's `def`."""
    notes = [note for unit in units for note in _inside(unit, names)]
    wanted = "|".join(re.escape(name) for name in names)
    if wanted:
        head = re.compile(rf"(\s*#+)?\s*(?:def|class)\s+({wanted})\b")
        notes += [note for cell in notebook.cells for note in _not_code(cell, head)]
    return tuple(notes[:_MOST])


def _inside(unit: Unit, names: tuple[str, ...]) -> Iterator[Note]:
    """Definitions of the name below the top level of the notebook."""
    waiting: list[tuple[ast.AST, str]] = [(unit.node, "")]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if owner and node.name in names:
                inside = owner[:_LONGEST]
                text = f"{node.name} stands inside {inside}, where the notebook cannot call it"
                yield Note(text, unit.location.cell, node.lineno)
            owner = node.name
        waiting += [(child, owner) for child in ast.iter_child_nodes(node)]


def _not_code(cell: Cell, head: re.Pattern[str]) -> Iterator[Note]:
    """A definition that is commented out, or stands in a text."""
    for number, line in enumerate(cell.source.split("\n"), 1):
        found = head.match(line)
        if found and cell.kind == "text":
            yield Note(f"{found[2]} stands in a text, which is not run", cell.number, number)
        elif found and found[1]:
            yield Note(f"{found[2]} is commented out here", cell.number, number)
