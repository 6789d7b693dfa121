"""Reports whose numbers add up, and entries, for tests of decisions."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from grader.core.decision import Entry, Kind
from grader.core.gradebook import rounded
from grader.core.report import (
    Adjustment,
    Automatic,
    CriterionResult,
    Final_,
    Manual,
    Policy,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
)
from grader.deciding.decide import undecided
from grader.deciding.ledger import appended

__all__ = ["AT", "chain", "entry", "report", "row", "total", "whole"]

AT = "2026-11-23T20:00:00+00:00"


def row(identifier: str, status: Any = "passed", points: float = 0.0, **more: Any) -> Any:
    """A row; of an open one the points are 0."""
    facts: dict[str, Any] = {"max_points": 4.0, "bonus": False, "visibility": "visible", **more}
    return CriterionResult(
        id=identifier,
        title=identifier.title(),
        points=points,
        status=status,
        feedback=f"{identifier} is {status}.",
        **facts,
    )


def report(
    *rows: CriterionResult,
    source: str = "ada/work.ipynb",
    policy: Policy | None = None,
    adjustments: tuple[Adjustment, ...] = (),
    reason: str = "not a notebook",
) -> Report:
    """A report as the grader makes it; ungradable without rows."""
    by_hand = [one for one in rows if one.status == "pending"]
    plain = [one for one in rows if one not in by_hand and not one.bonus]
    bonus = [one for one in rows if one.bonus]
    caps = [one for one in adjustments if one.kind == "cap"]
    most = sum(one.max_points for one in (*plain, *by_hand))
    made = Report(
        submission=SubmissionFacts(
            id=source.replace("/", "-").replace(".", "-"),
            source=source,
            sha256=hashlib.sha256(source.encode()).hexdigest(),
            format="ipynb",
        ),
        rubric=RubricFacts(id="sample", version="1.0", sha256="0" * 64, policy=policy or Policy()),
        status="ungradable" if not rows else "graded",
        reason="" if rows else reason,
        automatic=Automatic(
            score=float(sum((rounded(one.points) for one in (*plain, *caps)), Decimal(0))),
            max=sum(one.max_points for one in plain),
            bonus=float(sum((rounded(one.points) for one in bonus), Decimal(0))),
            max_bonus=sum(one.max_points for one in bonus),
        ),
        manual=Manual(score=None if by_hand else 0.0, max=sum(one.max_points for one in by_hand)),
        final=Final_(score=None, max=most or 8.0),
        criteria=rows,
        adjustments=adjustments,
        run=RunFacts(seconds=0.5, at=AT, environment={}),
    )
    return undecided(made)


def whole() -> Report:
    """One passed, one partial, one the grader could not judge, a bonus, one marked by hand."""
    return report(
        row("values", "passed", 4.0),
        row("batch", "partial", 1.5),
        row("broken", "error"),
        row("extra", "passed", 2.0, bonus=True, max_points=2.0),
        row("essay", "pending", max_points=3.0),
    )


def entry(kind: Kind, about: Report, **more: Any) -> Entry:
    """An entry without an id, as of nobody in particular; an override gives a reason."""
    facts: dict[str, Any] = {"at": AT, "by": "ann", "reason": "because", **more}
    return Entry(submission=about.submission.id, sha256=about.submission.sha256, kind=kind, **facts)


def chain(*entries: Entry) -> tuple[Entry, ...]:
    """A ledger of them; a number for `supersedes` is the entry's place in it, from 0."""
    made: list[Entry] = []
    for one in entries:
        place = one.supersedes or ""
        target = made[int(place)].id if place.isdigit() else one.supersedes
        made.append(appended(made, one.model_copy(update={"supersedes": target})))
    return tuple(made)


def total(made: Report) -> Decimal:
    """Points of all rows and adjustments, summed here on their own."""
    parts = [one.points for one in made.criteria] + [one.points for one in made.adjustments]
    return sum((Decimal(repr(each)) for each in parts), Decimal(0))
