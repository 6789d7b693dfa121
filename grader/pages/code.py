"""The student's own code of what was judged, cell by cell, as the record keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from grader.core.record import Record, role_of
from grader.core.report import Report

__all__ = ["CodeCell", "code_of"]


@dataclass(frozen=True, slots=True)
class CodeCell:
    """A run of lines of one code cell; `first` is the number of its first line in the cell."""

    cell: int
    first: int
    source: str


def code_of(record: Record, view: Report) -> tuple[CodeCell, ...]:
    """The statements that the shown targets need, in order, joined where they follow each other.

    Only of targets that were found; imports and sample data are among them, for they ran.
    """
    shown = {target.role for target in view.targets if target.symbol}
    found: dict[tuple[int, int], str] = {}
    for key, cut in record.slices.items():
        if role_of(key) not in shown or key != role_of(key):
            continue
        for statement in cut.statements:
            at = statement.location
            found.setdefault((at.cell, at.line), statement.code)
    cells: list[CodeCell] = []
    for (cell, line), source in sorted(found.items()):
        text = source.rstrip("\n")
        last = cells[-1] if cells else None
        if last is not None and last.cell == cell:
            gap = line - last.first - last.source.count("\n") - 1
            if gap >= 0:
                blank = "\n" * min(gap, 3)
                if gap <= 3:
                    cells[-1] = CodeCell(cell, last.first, f"{last.source}\n{blank}{text}")
                    continue
            else:
                continue  # part of what is shown already
        cells.append(CodeCell(cell, line, text))
    return tuple(cells)
