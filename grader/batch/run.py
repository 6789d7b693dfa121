"""Grading many submissions: in this process, or on workers that may die without harm."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import Final

from grader.batch.crew import Lost, crew
from grader.batch.desk import Again, Desk, open_desk, ungraded
from grader.batch.find import Found, read
from grader.batch.plan import Plan, fixtures_of
from grader.core.errors import Ungradable
from grader.core.record import Exam, Graded
from grader.store.rows import Row
from grader.store.run import digest_of
from grader.store.store import Store

__all__ = ["Postponed", "default_jobs", "grade_all", "grade_one", "left_to_do"]

_WORTH_A_WORKER: Final = 16
"""Submissions that take about as long as a worker takes to start."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """A submission that will be graded again, alone, after all others."""

    source: str
    reason: str


def default_jobs(submissions: int) -> int:
    """Workers that pay off: no more than cores, and none for a handful of submissions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, submissions // _WORTH_A_WORKER + 1))


def left_to_do(
    found: Sequence[Found], rows: Mapping[str, Row], rubric_sha256: str
) -> tuple[tuple[Found, ...], int]:
    """What is not graded yet, and how much is: same path, same content, same rubric."""
    todo = tuple(one for one in found if not _is_done(one, rows, rubric_sha256))
    return todo, len(found) - len(todo)


def grade_all(
    found: Sequence[Found], plan: Plan, exam: Exam, jobs: int, *, desk: Desk | None = None
) -> Generator[Row | Postponed, None, None]:
    """Grade every file and store its report; yields a row as each one is stored.

    `exam` is this process's copy of `plan.exam`; workers load their own. `desk` is used where one
    job is asked for, and is the caller's to close. The order is that of completion; what is
    stored does not depend on it or on `jobs`. What a limit, a fault or a dead worker cut short is
    put aside and graded again alone, after all others, with twice the limits.
    Close the iterator to stop: workers end, and what was yielded is on disk.
    """
    aside: list[Found] = []
    with closing(_pass(found, plan, exam, jobs, desk=desk)) as outcomes:
        for one, outcome in outcomes:
            if isinstance(outcome, Row):
                yield outcome
            else:
                aside.append(one)
                yield Postponed(one.source, outcome.reason)
    again = plan.second()
    # One worker, not this process: what killed a worker would kill the batch.
    with closing(_pass(sorted(aside), again, exam, 1, apart=jobs > 1)) as outcomes:
        for one, outcome in outcomes:
            yield outcome if isinstance(outcome, Row) else _lost(one, outcome, again, exam)


def grade_one(found: Found, plan: Plan, exam: Exam, desk: Desk) -> Graded:
    """Grade one file at `desk`, a second time alone where the first must not count; not stored."""
    graded = desk.grade(found)
    if isinstance(graded, Graded):
        return graded
    second = plan.second()
    with open_desk(second, exam) as alone:
        graded = alone.grade(found)
    if isinstance(graded, Graded):
        return graded
    return ungraded(second, exam, found.source, fault=graded.reason)


def _pass(
    found: Sequence[Found],
    plan: Plan,
    exam: Exam,
    jobs: int,
    *,
    apart: bool = False,
    desk: Desk | None = None,
) -> Generator[tuple[Found, Row | Again | Lost], None, None]:
    if not found:
        return
    if jobs > 1 or apart:
        yield from crew(found, plan, jobs)
        return
    with nullcontext(desk) if desk else open_desk(plan, exam) as here:
        for one in found:
            yield one, here.examine(one)


def _lost(found: Found, outcome: Again | Lost, plan: Plan, exam: Exam) -> Row:
    try:
        data = read(found).data
    except (OSError, Ungradable):
        data = b""
    if plan.folder is None:
        raise ValueError("a plan without a folder has nowhere to store a report")
    graded = ungraded(plan, exam, found.source, data, fault=outcome.reason)
    return Store(plan.folder, digest_of(fixtures_of(exam))).save(graded)


def _is_done(found: Found, rows: Mapping[str, Row], rubric_sha256: str) -> bool:
    try:
        row = rows.get(read(found).id)
    except (OSError, Ungradable):
        return False
    return row is not None and row.rubric_sha256 == rubric_sha256
