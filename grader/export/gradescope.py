"""Gradescope's results.json.

Gradescope takes no result without a number. What has no score therefore goes out as two tests: one
without points that says so and everybody sees, and one with all the points that is hidden, because
Gradescope shows no total to students where points are hidden. Staff replace it by the mark.
Criteria that are hidden here are no tests there: only the student's view goes out.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.report import CriterionResult
from grader.core.text import inline, plain
from grader.export.marks import OPEN, criterion_line, pupils, score_of
from grader.export.model import Export, Options
from grader.export.zips import packed

__all__ = ["gradescope", "held", "results"]

_OPEN: Final = "No score yet: this has to be decided by a person."


def gradescope(book: Gradebook, options: Options) -> Export:
    """`results.json` of one submission, else `gradescope.zip` with a folder for each."""
    list(pupils(book))
    documents = {
        line.report.submission.id: _bytes(_line(line, book, options)) for line in book.lines
    }
    waiting = sum(score_of(line, options) is None for line in book.lines)
    warnings: tuple[str, ...] = ()
    if waiting:
        warnings = (
            f"Gradescope knows no missing score: {waiting} results carry a hidden 0 as a "
            "placeholder, which students do not see and staff have to replace",
        )
    if len(documents) == 1:
        return Export({"results.json": next(iter(documents.values()))}, warnings)
    files = {f"{name}/results.json": data for name, data in documents.items()}
    return Export({"gradescope.zip": packed(files)}, warnings)


def held(message: str, maximum: Decimal = Decimal()) -> dict[str, Any]:
    """Results that are legal and give no score a student can see."""
    return {
        **_frame(message),
        "tests": [
            {
                "name": "No score yet",
                "score": 0.0,
                "max_score": 0.0,
                "output": plain(message),
                "visibility": "visible",
            },
            {
                "name": "Placeholder, not a mark",
                "score": 0.0,
                "max_score": max(float(maximum), 1.0),  # of no points nothing would be hidden
                "output": "A person has to give the score.",
                "visibility": "hidden",
            },
        ],
        "extra_data": {"final": False},
    }


def results(line: Line, maximum: Decimal, score: Decimal, *, final: bool) -> dict[str, Any]:
    """Results with a score: it stands above the tests, since caps and lateness are in no test."""
    view = line.view
    said = [view.headline, *(f"{one.reason or one.kind}" for one in view.adjustments)]
    if not final:
        said.append("Something is still open: the score is what is decided so far.")
    return {
        **_frame("\n".join(plain(each) for each in said if each.strip())),
        "score": float(score),
        "tests": [_test(at, row) for at, row in enumerate(view.criteria, 1)],
        "extra_data": {"final": final, "maximum": float(maximum)},
    }


def _line(line: Line, book: Gradebook, options: Options) -> dict[str, Any]:
    score = score_of(line, options)
    if score is not None:
        return results(line, book.maximum, score, final=line.mark is not None)
    if line.excused:
        return held("Excused: no mark is wanted.", book.maximum)
    if line.view.status == "ungradable":
        return held(f"{_OPEN} {line.view.reason}".strip(), book.maximum)
    document = held(_OPEN, book.maximum)
    # Outcomes without points: points here would add up to a total.
    rows = [{**_told(at, row), "score": 0.0} for at, row in enumerate(line.view.criteria, 1)]
    return {**document, "tests": [*document["tests"], *rows]}


def _frame(output: str) -> dict[str, Any]:
    return {
        "output": output,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
    }


def _told(at: int, row: CriterionResult) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": str(at),
        "name": inline(row.title),
        "max_score": 0.0,
        "output": criterion_line(row),
        "visibility": "visible",
    }
    if row.status in ("passed", "failed"):
        told["status"] = row.status
    elif row.status == "partial":
        told["status"] = "failed"
    elif row.status == "not_applicable":
        told["status"] = "passed"
    return told


def _test(at: int, row: CriterionResult) -> dict[str, Any]:
    if row.status in OPEN:
        return _told(at, row)
    worth = 0.0 if row.bonus else float(rounded(row.max_points))
    return {**_told(at, row), "score": float(rounded(row.points)), "max_score": worth}


def _bytes(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
    return f"{text}\n".encode()
