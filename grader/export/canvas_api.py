"""JSON for Canvas's bulk update of the grades of one assignment.

Canvas adds a comment each time it is sent one, so students without a score are left out until
they have one. In a group everybody has an entry of their own and `group_comment` is false: were it
true, each member would see the comment once for every member.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.handin import Student
from grader.core.spelling import nearest
from grader.core.text import inline, plain
from grader.export.marks import OPEN, comment, identifier, listed, named, pupils, score_of, written
from grader.export.model import Export, Options

__all__ = ["canvas_api"]

_HIDDEN: Final = "hidden criteria are not sent to Canvas, whose rubrics students see"


def canvas_api(book: Gradebook, options: Options) -> Export:
    """`canvas-api.json`: the body of the request, `grade_data` by Canvas's own user id."""
    everybody = list(pupils(book))
    _check(book, options)
    data: dict[str, dict[str, Any]] = {}
    owners: dict[str, Student] = {}
    unknown, uneven = [], []
    for student, line in everybody:
        user = identifier(student, options.user_ids or "canvas")
        score = score_of(line, options)
        if not (user.isascii() and user.isdecimal()):
            unknown.append(student)
            continue
        if user in owners:
            raise UsageError(
                f"{named(student)} and {named(owners[user])} have one Canvas id, {user}"
            )
        owners[user] = student
        if line.excused:
            data[user] = {"excuse": True}
        elif score is not None:
            data[user] = _entry(line, score, book, options)
            if _uneven(data[user], score):
                uneven.append(student)
    if everybody and not owners:
        raise UsageError("no student has a Canvas id: give a roster with a column `canvas`")
    warnings = []
    if unknown:
        warnings.append(f"no Canvas id, left out: {listed(unknown)}")
    if uneven:
        warnings.append(
            "the points of the rubric's criteria do not add up to the mark, and Canvas puts their "
            f"sum in its place where the rubric is used for grading: {listed(uneven)}"
        )
    if _hidden(book) & set(options.rubric_ids):
        warnings.append(_HIDDEN)
    body = json.dumps({"grade_data": data}, ensure_ascii=False, indent=2, sort_keys=True)
    return Export({"canvas-api.json": f"{body}\n".encode()}, tuple(warnings))


def _check(book: Gradebook, options: Options) -> None:
    known = sorted({row.id for line in book.lines for row in line.report.criteria})
    for name in sorted(options.rubric_ids):
        if known and name not in known:
            raise UsageError(f"no criterion is called `{inline(name)}`{nearest(name, known)}")
    ids = [one for one in options.rubric_ids.values() if one]
    if len(ids) != len(set(ids)) or len(ids) != len(options.rubric_ids):
        raise UsageError("every criterion needs a Canvas rubric criterion id of its own")


def _hidden(book: Gradebook) -> set[str]:
    rows = {row.id for line in book.lines for row in line.report.criteria}
    return rows - {row.id for line in book.lines for row in line.view.criteria}


def _entry(line: Line, score: Decimal, book: Gradebook, options: Options) -> dict[str, Any]:
    assessed = {
        options.rubric_ids[row.id]: {
            "points": float(rounded(row.points)),
            "comments": plain("\n".join(filter(None, (row.feedback, _marker(row.marked))))),
        }
        for row in line.view.criteria
        if row.id in options.rubric_ids and row.status not in OPEN
    }
    told = [row.id for row in line.view.criteria if options.rubric_ids.get(row.id) in assessed]
    entry: dict[str, Any] = {
        "posted_grade": written(score),
        "text_comment": comment(line.view, score, book.maximum, without=told),
    }
    if assessed:
        entry["rubric_assessment"] = assessed
    if len(line.students) > 1:
        entry["group_comment"] = False
    return entry


def _marker(marked: Any) -> str:
    return "" if marked is None else str(marked.comment)


def _uneven(entry: dict[str, Any], score: Decimal) -> bool:
    rows = entry.get("rubric_assessment")
    if not rows:
        return False
    return sum((rounded(row["points"]) for row in rows.values()), Decimal()) != score
