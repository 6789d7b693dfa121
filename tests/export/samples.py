"""A small class for tests of the exporters."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from grader.core.decision import Entry, Stale
from grader.core.gradebook import Gradebook, Line
from grader.core.handin import Handin, Student
from grader.core.report import CriterionResult, Report
from tests.store.samples import criterion, report

__all__ = ["GOLDEN", "book", "line", "stale", "student"]

GOLDEN = Path(__file__).parent / "golden"


def student(name: str, number: int = 0, **changes: Any) -> Student:
    made = Student(
        key=f"s-{name.casefold().replace(' ', '-')}",
        name=name,
        email=f"{name.split(maxsplit=1)[0].casefold() if name.split() else 'x'}@example.org",
        handles=(f"canvas:{number}", f"moodle:{number}") if number else (),
        ids={"canvas": str(number), "lti": f"u-{number}"} if number else {},
    )
    return made.model_copy(update=changes)


def line(
    *students: Student,
    mark: str | None = "12.50",
    partial: str | None = "12.50",
    source: str = "",
    filename: str = "",
    rows: tuple[CriterionResult, ...] = (),
    excused: bool = False,
    **changes: Any,
) -> Line:
    first = students[0].name if students else "nobody"
    made: Report = report(source or f"{first}.ipynb", first.encode(), *rows)
    made = made.model_copy(update=changes)
    shown = tuple(row for row in made.criteria if row.visibility == "visible")
    facts = made.submission
    handin = Handin(
        submission=facts.id,
        source=facts.source,
        sha256=facts.sha256,
        filename=filename,
        students=tuple(one.key for one in students),
    )
    return Line(
        students=students,
        report=made,
        view=made.model_copy(update={"criteria": shown}),
        handin=handin if filename else None,
        mark=None if mark is None else Decimal(mark),
        partial=None if partial is None else Decimal(partial),
        excused=excused,
    )


def book(*lines: Line, **changes: Any) -> Gradebook:
    """Ada has a mark, Bo and Cy are a group, Di is open, Ed is ungradable, Fi is excused."""
    hidden = criterion("secret", "failed", 0).model_copy(update={"visibility": "hidden"})
    essay = criterion("essay", "pending", 0)
    group = (student("Bo Berg", 102), student("Cy Cole", 103))
    usual = (
        line(
            student("Ada Lovelace", 101),
            filename="lovelaceada_LATE_101_9001_work.ipynb",
            rows=(criterion(), criterion("batch", "failed", 0), hidden),
        ),
        line(*group, mark="20.00", partial="20.00", filename="bergbo_102_9002_my_work.ipynb"),
        line(
            student("Di <b>Day", 104),
            mark=None,
            partial="4.00",
            filename="daydi_104_9003_work.ipynb",
            rows=(criterion(), essay),
            status="needs_person",
        ),
        line(
            student("Ed Ek", 105),
            mark=None,
            partial=None,
            filename="eked_105_9004_work.pdf",
            status="ungradable",
            reason="not a notebook",
        ),
        line(student("Fi Fox", 106), excused=True, filename="foxfi_106_9005_work.ipynb"),
    )
    facts: dict[str, Any] = {
        "rubric": "sample",
        "title": "Tutorial 1b",
        "system": "canvas",
        "maximum": Decimal("20.00"),
        "most": Decimal("25.00"),
        "missing": (student("Gil Gone", 107),),
    }
    return Gradebook(lines=lines or usual, **{**facts, **changes})


def stale() -> Stale:
    entry = Entry(
        at="2026-01-01T00:00:00Z", by="ann", submission="x", sha256="0" * 64, kind="comment"
    )
    return Stale(entry=entry, why="older attempt")
