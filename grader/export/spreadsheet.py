"""Everything for a spreadsheet, for staff: names, ids and marks joined.

UTF-8 with a byte order mark, without which Excel reads names in the code page of the machine.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.handin import Student
from grader.core.text import cell
from grader.export.marks import OPEN, identifier, pupils, written
from grader.export.model import Export, Options

__all__ = ["spreadsheet"]

_KINDS: Final = ("id", "sis", "login", "canvas", "moodle", "gradescope", "github", "lti")
_BEFORE: Final = ("name", "email", "group")
_BETWEEN: Final = (
    *("key", "source", "submission", "attempt", "submitted_at", "late", "status", "mark"),
    *("decided", "maximum", "open"),
)


def spreadsheet(book: Gradebook, options: Options) -> Export:
    """`grades.csv`: a row a student (each of a group), submissions of nobody, then the missing.

    `mark` is the final one, blank where there is none; `decided` what is decided so far. With
    `options.partial` the second stands in for the first.
    """
    rows = [*pupils(book), *((None, line) for line in book.lines if not line.students)]
    absent = [(student, None) for student in book.missing]
    everybody = [*(one for one, _ in rows if one), *book.missing]
    kinds = [kind for kind in _KINDS if any(identifier(one, kind) for one in everybody)]
    criteria = tuple(dict.fromkeys(row.id for line in book.lines for row in line.report.criteria))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_BEFORE, *kinds, *_BETWEEN, *map(cell, criteria), "diagnoses"])
    for student, line in [*rows, *absent]:
        writer.writerow(
            [
                *_person(student, kinds),
                *_facts(student, line, book, options),
                *_points(line, criteria),
            ]
        )
    return Export({"grades.csv": out.getvalue().encode("utf-8-sig")})


def _person(student: Student | None, kinds: list[str]) -> list[str]:
    if student is None:
        return [""] * (len(_BEFORE) + len(kinds))
    ids = (identifier(student, kind) for kind in kinds)
    return [cell(text) for text in (student.name, student.email, student.group, *ids)]


def _facts(
    student: Student | None, line: Line | None, book: Gradebook, options: Options
) -> list[str]:
    key = cell(student.key) if student else ""
    if line is None:
        blanks = [""] * (len(_BETWEEN) - 5)
        return [key, *blanks[:5], "missing", "", "", written(book.maximum), ""]
    facts = line.report.submission
    attempt = line.handin.attempt if line.handin else facts.attempt
    late = attempt.late_seconds if attempt.late_seconds is not None else attempt.late_flag
    mark = line.partial if line.mark is None and options.partial else line.mark
    return [
        key,
        cell(facts.source),
        cell(facts.id),
        f"{attempt.number} of {attempt.of}",
        cell(attempt.submitted_at or ""),
        "" if late is None else ("late" if late is True else "" if late is False else str(late)),
        "excused" if line.excused else line.report.status,
        "" if mark is None or line.excused else written(mark),
        "" if line.partial is None or line.excused else written(line.partial),
        written(book.maximum),
        cell(line.why_open),
    ]


def _points(line: Line | None, criteria: tuple[str, ...]) -> list[str]:
    if line is None or line.report.status == "ungradable":
        return [""] * (len(criteria) + 1)
    points = {row.id: row.points for row in line.report.criteria if row.status not in OPEN}
    causes = " ".join(dict.fromkeys(one.id for one in line.report.diagnoses))
    cells = (written(rounded(points[one])) if one in points else "" for one in criteria)
    return [*cells, cell(causes)]
