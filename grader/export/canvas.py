"""Canvas's gradebook CSV, filled in.

Only the cells of the assignment's column change, and of those only where there is a mark or an
excuse: the cell of somebody without one stays as Canvas gave it, which Canvas reads as no change.
Names that look like formulas stay as well: Canvas wrote them and compares them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line
from grader.core.handin import Student
from grader.core.spelling import nearest
from grader.core.text import inline
from grader.export.joining import Key, folded, join
from grader.export.marks import identifier, listed, pupils, score_of, written
from grader.export.model import Export, Options
from grader.export.sheet import Sheet, read_sheet

__all__ = ["canvas"]

_WHAT: Final = "Canvas's gradebook file"
_ID: Final = re.compile(r"^(?P<title>.*\S)?\s*\((?P<id>\d+)\)\s*$", re.DOTALL)
_SKIPPED: Final = frozenset({"", "manual posting", "muted"})
_DROPPED: Final = re.compile(
    r"(unposted )?(current|final) (score|points|grade)|override (score|grade|status)", re.IGNORECASE
)


def canvas(book: Gradebook, options: Options) -> Export:
    """`canvas.csv`: the template with marks (`EX` for the excused) in the assignment's column."""
    sheet = read_sheet(options.template or b"", _WHAT, ",;", _known)
    column = _column(sheet, book, options)
    first = _first_student(sheet, column)
    joined = join(pupils(book), _keys(sheet, first), _names(sheet, first), _WHAT)
    changes, kept = [], []
    for row, (student, line) in sorted(joined.rows.items()):
        score = score_of(line, options)
        if line.excused or score is not None:
            changes.append((row, column, "EX" if score is None else written(score)))
        elif _at(sheet, row, column).strip() not in ("", "-"):
            kept.append(student)
    warnings = [*joined.warnings, *_maximum(sheet, column, book)]
    if kept:
        warnings.append(f"without a mark, what Canvas had before stays for {listed(kept)}")
    return Export({"canvas.csv": sheet.filled(changes).data()}, tuple(warnings))


def _at(sheet: Sheet, row: int, column: int) -> str:
    cells = sheet.rows[row]
    return cells[column] if column < len(cells) else ""


def _known(header: Sequence[str]) -> bool:
    names = [name.strip() for name in header]
    return (names[:2] == ["Student", "ID"] or names[:3] == ["LastName", "FirstName", "ID"]) and (
        "Section" in names
    )


def _column(sheet: Sheet, book: Gradebook, options: Options) -> int:
    header = [name.strip() for name in sheet.rows[0]]
    first = header.index("Section") + 1
    wanted = (options.assignment or book.title).strip()
    titles = {
        at: (name, found["id"] if (found := _ID.match(name)) else "", (found or {"title": name}))
        for at, name in enumerate(header)
        if at >= first and name and not _DROPPED.fullmatch(name)
    }
    asked = _ID.match(wanted)
    number = wanted if wanted.isascii() and wanted.isdecimal() else asked["id"] if asked else ""
    hits = [at for at, (_, known, _) in titles.items() if number and known == number]
    if not hits:
        hits = [
            at for at, (name, _, parts) in titles.items() if wanted in (name, parts["title"] or "")
        ]
    if len(hits) > 1:
        raise UsageError(
            f"{_WHAT} has {len(hits)} columns `{inline(wanted)}`: give the assignment's id"
        )
    if not hits:
        plain_titles = sorted({(parts["title"] or "") for _, _, parts in titles.values()})
        raise UsageError(
            f"{_WHAT} has no column `{inline(wanted)}` and Canvas would make a new assignment"
            f"{inline(nearest(wanted, [*plain_titles, *(name for name, _, _ in titles.values())]))}"
        )
    return hits[0]


def _first_student(sheet: Sheet, column: int) -> int:
    """The row of the first student; UsageError where Canvas takes no marks for the column."""
    for at, row in enumerate(sheet.rows[1:], 1):
        head = row[0].strip().casefold() if row else ""
        points = "points possible" in head
        if points and "(read only)" in _at(sheet, at, column).casefold():
            title = inline(sheet.rows[0][column])
            raise UsageError(f"`{title}` is read only in Canvas, which would ignore every mark")
        others = [cell.strip().casefold() for cell in row[:column] if cell.strip()]
        if not points and any(cell not in _SKIPPED for cell in others):
            return at
    return len(sheet.rows)


def _maximum(sheet: Sheet, column: int, book: Gradebook) -> list[str]:
    for at, row in enumerate(sheet.rows[1:4], 1):
        if row and "points possible" in row[0].strip().casefold():
            text = _at(sheet, at, column).strip()
            try:
                points = Decimal(text)
            except InvalidOperation:
                return []
            if points != book.maximum:
                marks = written(book.maximum)
                return [f"Canvas counts out of {inline(text)}, these marks are out of {marks}"]
    return []


def _keys(sheet: Sheet, first: int) -> list[Key]:
    return [
        Key("ID", lambda student, _: [identifier(student, "canvas")], _values(sheet, "ID", first)),
        Key("SIS User ID", _sis, _values(sheet, "SIS User ID", first), strict=False),
        Key("SIS Login ID", _login, _values(sheet, "SIS Login ID", first), strict=False),
    ]


def _sis(student: Student, _: Line) -> list[str]:
    """The roster's plain `id` is what universities give Canvas as well."""
    return [identifier(student, "sis") or identifier(student, "id")]


def _login(student: Student, _: Line) -> list[str]:
    return [identifier(student, "login") or student.email]


def _values(sheet: Sheet, name: str, first: int) -> dict[int, str]:
    header = [folded(cell) for cell in sheet.rows[0]]
    last = header.index("section")
    if folded(name) not in header[:last]:
        return {}
    column = header.index(folded(name))
    return {
        at: _at(sheet, at, column) for at in range(first, len(sheet.rows)) if any(sheet.rows[at])
    }


def _names(sheet: Sheet, first: int) -> dict[int, str]:
    if sheet.rows[0][0].strip() == "Student":
        return _values(sheet, "Student", first)
    last, given = (_values(sheet, name, first) for name in ("LastName", "FirstName"))
    return {at: f"{given[at]} {last[at]}" for at in last}
