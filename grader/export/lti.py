"""LTI Advantage assignment and grade services: a score a student, and an index of them.

Only `FullyGraded` is final. What has no score goes out as `PendingManual`, also where it could not
be graded: a person has to look at it, and the receiver must not take it for a failure of the
student's. There is no word for excused students: they are left out.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook, Line
from grader.core.handin import Student
from grader.core.text import inline, plain
from grader.export.marks import comment, identifier, listed, named, pupils, score_of
from grader.export.model import Export, Options

__all__ = ["lti_ags"]

_SCORE: Final = "application/vnd.ims.lis.v1.score+json"
_ITEM: Final = "application/vnd.ims.lis.v2.lineitem+json"


def lti_ags(book: Gradebook, options: Options) -> Export:
    """`scores/<n>.json`, each the body of one request, and `index.json` with whose they are.

    Time stamps are `options.at` and a microsecond more for each score: an export has to be made
    later than the one before it. UsageError where `options.at` has no zone or two students share
    an id.
    """
    moment = _moment(options.at or "")
    kind = options.user_ids or "lti"
    files: dict[str, bytes] = {}
    index, unknown, excused = [], [], []
    owners: dict[str, Student] = {}
    for student, line in pupils(book):
        user = identifier(student, kind)
        if not user:
            unknown.append(student)
        elif user in owners:
            raise UsageError(
                f"{named(student)} and {named(owners[user])} have one id, {inline(user)}"
            )
        else:
            owners[user] = student
            if line.excused:
                excused.append(student)
                continue
            name = f"scores/{len(files) + 1:04d}.json"
            stamp = moment + timedelta(microseconds=len(files))
            files[name] = _bytes(_score(user, line, book, options, stamp))
            index.append({"file": name, "student": student.key, "userId": user})
    if unknown and not owners:
        raise UsageError(f"no student has an id `{inline(kind)}`: give a roster with that column")
    warnings = []
    if unknown:
        warnings.append(f"no id `{inline(kind)}`, left out: {listed(unknown)}")
    if excused:
        warnings.append(f"LTI has no word for excused, left out: {listed(excused)}")
    item = {
        "label": plain(book.title),
        "scoreMaximum": float(book.maximum),
        "resourceId": book.rubric,
    }
    files["index.json"] = _bytes(
        {
            "lineItem": item,
            "lineItemContentType": _ITEM,
            "scoreContentType": _SCORE,
            "scores": index,
        }
    )
    return Export(files, tuple(warnings))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"not a time: `{inline(text)}`") from error
    if moment.tzinfo is None:
        raise UsageError(f"a time without a zone: `{inline(text)}`")
    return moment.astimezone(UTC)


def _score(
    user: str, line: Line, book: Gradebook, options: Options, stamp: datetime
) -> dict[str, Any]:
    score = score_of(line, options)
    final = line.mark is not None
    document: dict[str, Any] = {
        "userId": user,
        "activityProgress": "Completed" if final else "Submitted",
        "gradingProgress": "FullyGraded" if final else "PendingManual",
        "timestamp": stamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "comment": comment(line.view, score, book.maximum),
    }
    if score is not None:
        document |= {"scoreGiven": float(score), "scoreMaximum": float(book.maximum)}
    return document


def _bytes(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()
