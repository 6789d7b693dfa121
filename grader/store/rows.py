"""What a summary keeps of a report: one small row, so that a batch of any size stays flat."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel

from grader.core.report import (
    Adjustment,
    Automatic,
    CriterionStatus,
    Final_,
    Manual,
    Report,
    RubricFacts,
    SubmissionFacts,
)
from grader.core.text import cell

__all__ = [
    "Mark",
    "Row",
    "brief_row",
    "finite",
    "row_of",
    "scores_csv",
    "summary_bytes",
    "summary_of",
]

_OPEN: Final = ("pending", "error")


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion of a report, in short."""

    id: str
    status: CriterionStatus
    points: float
    max_points: float
    bonus: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One report, in short.

    waits     criteria a person has to mark
    errors    criteria the grader could not judge and nobody has decided since
    causes    ids of the diagnoses
    unjudged  the grader failed, not the submission: the next run tries it again
    """

    id: str
    source: str
    sha256: str
    rubric_sha256: str
    status: str
    reason: str
    score: float
    max: float
    bonus: float
    manual: float | None
    final: float | None
    final_max: float
    marks: tuple[Mark, ...]
    waits: tuple[str, ...]
    errors: tuple[str, ...]
    causes: tuple[str, ...]
    unjudged: bool


class _BriefRow(BaseModel):
    id: str
    status: CriterionStatus
    points: float
    max_points: float
    bonus: bool


class _BriefId(BaseModel):
    id: str


class _Brief(BaseModel):
    """What a row needs of a stored report: the rest is skipped, which is most of it."""

    submission: SubmissionFacts
    rubric: RubricFacts
    status: Literal["graded", "needs_person", "ungradable"]
    reason: str = ""
    automatic: Automatic
    manual: Manual
    final: Final_
    criteria: tuple[_BriefRow, ...]
    diagnoses: tuple[_BriefId, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    execution: object = None


def brief_row(data: bytes) -> Row:
    """The row of a stored report. ValueError where it is none."""
    return row_of(_Brief.model_validate_json(data))


def row_of(report: Report | _Brief) -> Row:
    """The row of a report."""
    decided = {each.criterion for each in report.adjustments if each.kind == "override"}
    undecided = () if None in decided else report.criteria
    open_ = tuple(one for one in undecided if one.id not in decided)
    waits = tuple(one.id for one in open_ if one.status == "pending")
    errors = tuple(one.id for one in open_ if one.status == "error")
    # A submission that is ungradable by itself has no execution; one that met a fault has.
    fault = (report.status == "ungradable" and report.execution is not None) or (
        report.status == "needs_person" and not waits
    )
    return Row(
        id=report.submission.id,
        source=report.submission.source,
        sha256=report.submission.sha256,
        rubric_sha256=report.rubric.sha256,
        status=report.status,
        reason=report.reason,
        score=report.automatic.score,
        max=report.automatic.max,
        bonus=report.automatic.bonus,
        manual=report.manual.score,
        final=report.final.score,
        final_max=report.final.max,
        marks=tuple(
            Mark(one.id, one.status, one.points, one.max_points, one.bonus)
            for one in report.criteria
        ),
        waits=waits,
        errors=errors,
        causes=tuple(dict.fromkeys(one.id for one in report.diagnoses)),
        unjudged=fault or bool(errors),
    )


def finite(row: Row) -> bool:
    """Whether every mark is a number; JSON and CSV have no other, and no check gives one."""
    whole = (row.score, row.max, row.bonus, row.manual, row.final, row.final_max)
    marks = (part for mark in row.marks for part in (mark.points, mark.max_points))
    return all(part is None or math.isfinite(part) for part in (*whole, *marks))


def summary_of(rows: Iterable[Row]) -> dict[str, Any]:
    """The document of `summary.json`: counts, and the rows in order of their source."""
    ordered = _ordered(rows)
    counts = dict.fromkeys(("graded", "needs_person", "ungradable"), 0)
    for row in ordered:
        counts[row.status] = counts.get(row.status, 0) + 1
    return {
        "schema_version": "1.0",
        "submissions": len(ordered),
        "counts": counts,
        "rows": [
            {**_fields(row), "marks": [_fields(mark) for mark in row.marks]} for row in ordered
        ],
    }


def summary_bytes(rows: Iterable[Row]) -> bytes:
    """The text of `summary.json`: a line a row, so that thousands are written in no time."""
    document = summary_of(rows)
    lines = ",\n".join(f"    {_json(row)}" for row in document.pop("rows"))
    head = ",\n".join(f"  {_json(name)}: {_json(document[name])}" for name in sorted(document))
    return f'{{\n{head},\n  "rows": [\n{lines}\n  ]\n}}\n'.encode("utf-8", "backslashreplace")


def _json(document: object) -> str:
    return json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _fields(one: Row | Mark) -> dict[str, Any]:
    # `asdict` copies deeply, for a tenth of a second in two hundred
    return {name: getattr(one, name) for name in one.__slots__}


def scores_csv(rows: Iterable[Row]) -> str:
    """The text of `scores.csv`: a line a submission, a column a criterion.

    An ungradable submission has blanks for its numbers, and so has a criterion that a person has
    yet to decide. Cells that a spreadsheet would take for
    a formula get a leading quote, and control characters are escaped: paths and reasons come from
    strangers.
    """
    ordered = _ordered(rows)
    criteria = tuple(dict.fromkeys(mark.id for row in ordered for mark in row.marks))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["source", "id", "status", "score", "max", "bonus", "manual", "final", "final_max"]
    writer.writerow([*head, *map(cell, criteria), "diagnoses", "reason"])
    for row in ordered:
        points = {mark.id: mark.points for mark in row.marks if mark.status not in _OPEN}
        judged = row.status != "ungradable"  # what was not judged has no score, not even 0
        writer.writerow(
            [
                *map(cell, (row.source, row.id, row.status)),
                _number(row.score if judged else None),
                _number(row.max),
                _number(row.bonus if judged else None),
                *map(_number, (row.manual, row.final if judged else None, row.final_max)),
                *(_number(points.get(one)) for one in criteria),
                cell(" ".join(row.causes)),
                cell(row.reason),
            ]
        )
    return out.getvalue()


def _ordered(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row.source, row.id))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
