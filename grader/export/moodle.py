"""Moodle's offline grading worksheet, filled in.

Its column names are translated, so they are told from English names, else from their order and
what they hold, and what was taken for what is said. Only the cells of students with a mark
change; students without one, excused ones among them, keep what Moodle gave.
"""

from __future__ import annotations

import html
from decimal import Decimal
from typing import Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line
from grader.core.handin import Student
from grader.core.text import inline
from grader.export.feedback import moodle_name
from grader.export.joining import Key, folded, join
from grader.export.marks import comment, listed, named, pupils, score_of, written
from grader.export.model import Export, Options
from grader.export.sheet import Sheet, read_sheet
from grader.export.worksheet import Columns, columns_of, number_in, participant

__all__ = ["moodle"]

_WHAT: Final = "Moodle's grading worksheet"
_NO: Final = (
    "no nein non nei nej nee não nao nie ne нет ні いいえ 否 아니오 아니요 hayır ei όχι לא لا nem "
    "nu nē không tidak ez nid"
)
_YES: Final = (
    "yes ja oui sí si sì sim tak ano да так はい 是 예 evet kyllä ναι כן نعم igen da áno jah jā "
    "taip có ya bai oes"
)
"""What languages say; a word in neither is told to whoever uploads."""


def moodle(book: Gradebook, options: Options) -> Export:
    """`moodle.csv`: the worksheet with grades, and feedback where it has a column for it.

    UsageError names the students whose grade cannot be changed or is over the maximum.
    """
    sheet = read_sheet(options.template or b"", _WHAT, ",;\t", lambda row: len(row) > 3)
    columns = columns_of(sheet, options.columns)
    rows = [at for at in range(1, len(sheet.rows)) if any(sheet.rows[at])]
    joined = join(pupils(book), _keys(sheet, columns, rows), _names(sheet, columns, rows), _WHAT)
    comma = _comma(sheet, columns, rows)
    scored = {
        row: (student, line, score)
        for row, (student, line) in sorted(joined.rows.items())
        if (score := score_of(line, options)) is not None
    }
    told = _refusals(sheet, columns, scored)
    changes = []
    for row, (_, line, score) in scored.items():
        text = written(score)
        changes.append((row, columns.grade, text.replace(".", ",") if comma else text))
        if columns.feedback is not None:
            note = html.escape(comment(line.view, score, book.maximum)).replace("\n", "<br>")
            changes.append((row, columns.feedback, f"<p>{note}</p>"))
    kept = [
        student
        for row, (student, _) in joined.rows.items()
        if row not in scored and _at(sheet, row, columns.grade).strip() not in ("", "-")
    ]
    if kept:
        told.append(f"without a mark, what Moodle had before stays for {listed(kept)}")
    if columns.maximum_value != book.maximum:
        theirs, ours = written(columns.maximum_value), written(book.maximum)
        told.append(f"Moodle counts out of {theirs}, these marks are out of {ours}")
    if columns.feedback is None:
        told.append("no column is certain to be that of feedback comments: grades alone go out")
    data = sheet.filled(changes).data()
    return Export({"moodle.csv": data}, (*joined.warnings, columns.told(sheet), *told))


def _at(sheet: Sheet, row: int, column: int) -> str:
    cells = sheet.rows[row]
    return cells[column] if column < len(cells) else ""


def _refusals(
    sheet: Sheet, columns: Columns, scored: dict[int, tuple[Student, Line, Decimal]]
) -> list[str]:
    over, fixed, unsure = [], [], []
    for row, (student, _, score) in scored.items():
        most = number_in(_at(sheet, row, columns.maximum)) or columns.maximum_value
        word = folded(_at(sheet, row, columns.changeable)) if columns.changeable is not None else ""
        if score > most:
            over.append(f"{named(student)} ({written(score)} of {written(most)})")
        if word in _NO.split():
            fixed.append(student)
        elif word and word not in _YES.split():
            unsure.append(_at(sheet, row, columns.changeable or 0))
    if over:
        raise UsageError(
            f"over Moodle's maximum grade, which it does not take: {', '.join(over)}; raise the "
            "maximum in Moodle or let the rubric's bonus fill up"
        )
    if fixed:
        raise UsageError(f"Moodle does not let these grades be changed: {listed(fixed, None)}")
    if unsure:
        words = ", ".join(f"`{inline(word)}`" for word in sorted(set(unsure))[:4])
        return [f"it is not known whether {words} means that a grade can be changed"]
    return []


def _comma(sheet: Sheet, columns: Columns, rows: list[int]) -> bool:
    cells = [_at(sheet, row, at) for row in rows for at in (columns.grade, columns.maximum)]
    numbers = [cell for cell in cells if number_in(cell) is not None]
    return any("," in cell for cell in numbers) and not any("." in cell for cell in numbers)


def _keys(sheet: Sheet, columns: Columns, rows: list[int]) -> list[Key]:
    numbers = {row: participant(_at(sheet, row, columns.identifier)) or "" for row in rows}
    keys = [
        Key("participant", _participants, numbers),
        Key(
            "moodle",
            lambda student, _: [student.ids.get("moodle", "")],
            numbers,
            strict=False,
            weak=True,
        ),
    ]
    for column in range(columns.identifier + 1, columns.grade):
        cells = {row: _at(sheet, row, column) for row in rows}
        if any("@" in cell for cell in cells.values()) and all(
            "@" in cell or not cell.strip(" -") for cell in cells.values()
        ):
            keys.append(Key("email", lambda student, _: [student.email], cells))
    return keys


def _participants(student: Student, line: Line) -> list[str]:
    """The number of the download: it is the worksheet's, while a roster's may be another."""
    told = [one[7:] for one in student.handles if one.startswith("moodle:")]
    path = moodle_name(line.handin.filename) if line.handin else None
    if path and len(line.students) == 1:
        told.append(path.split("_assignsubmission")[0].rpartition("_")[2])
    return [number for number in told if number.isascii() and number.isdecimal()]


def _names(sheet: Sheet, columns: Columns, rows: list[int]) -> dict[int, str]:
    """The full name is the column after the identifier, except in worksheets without names."""
    if columns.identifier + 1 >= columns.grade:
        return {}
    return {row: _at(sheet, row, columns.identifier + 1) for row in rows}
