"""Grading many submissions: in this process, or on workers that may die without harm."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
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

_Stage = tuple[bool, bool]
"""Whether twice the limits hold, and whether a fault counts: `Plan.alone` and `Plan.last`."""

_STAGES: Final[tuple[_Stage, ...]] = ((False, False), (False, True), (True, False), (True, True))
"""In the order in which a submission may go through them."""


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
    found: Sequence[Found], rows: Mapping[str, Row], rubric_sha256: str, *, again: bool = True
) -> tuple[tuple[Found, ...], tuple[Row, ...]]:
    """What is not graded yet, and the rows of what is: same path, same content, same rubric.

    What the grader could not judge is graded `again`: its fault may have been mended.
    """
    todo: list[Found] = []
    done: list[Row] = []
    for one in found:
        row = _row_of(one, rows, rubric_sha256)
        if row is None or (row.unjudged and again):
            todo.append(one)
        else:
            done.append(row)
    return tuple(todo), tuple(done)


def grade_all(
    found: Sequence[Found], plan: Plan, exam: Exam, jobs: int, *, desk: Desk | None = None
) -> Generator[Row | Postponed, None, None]:
    """Grade every file and store its report; yields a row as each one is stored.

    `exam` is this process's copy of `plan.exam`; workers load their own. `desk` is used where one
    job is asked for, and is the caller's to close. The order is that of completion; what is
    stored does not depend on it or on `jobs`. What a fault or a dead worker cut short is put aside
    and graded once more alone, after all others; what a limit cut short likewise, with twice the
    limits. Close the iterator to stop, or send SIGTERM or SIGHUP, which are told as
    KeyboardInterrupt: workers end, and what was yielded is on disk.
    """
    waiting: dict[_Stage, list[Found]] = {stage: [] for stage in _STAGES}
    waiting[_STAGES[0]].extend(found)
    with _interrupted_by_any_signal():
        for stage, left in waiting.items():
            here = _plan_of(plan, stage)
            if stage == _STAGES[0]:
                outcomes = _pass(left, here, exam, jobs, desk=desk)
            else:
                # One worker, not this process: what killed a worker would kill the batch.
                outcomes = _pass(sorted(left), here, exam, 1, apart=jobs > 1)
            with closing(outcomes):
                for one, outcome in outcomes:
                    if isinstance(outcome, Row):
                        yield outcome
                        continue
                    after = _next(stage, outcome)
                    if after is None:
                        yield _lost(one, outcome, here, exam)
                        continue
                    waiting[after].append(one)
                    if stage == _STAGES[0]:
                        yield Postponed(one.source, outcome.reason)


def grade_one(found: Found, plan: Plan, exam: Exam, desk: Desk) -> Graded:
    """Grade one file at `desk`, and again alone while the last time must not count; not stored."""
    stage = _STAGES[0]
    graded = desk.grade(found)
    while isinstance(graded, Again):
        after = _next(stage, graded)
        if after is None:
            return ungraded(plan, exam, found.source, fault=graded.reason)
        stage = after
        with open_desk(_plan_of(plan, stage), exam) as alone:
            graded = alone.grade(found)
    return graded


def _plan_of(plan: Plan, stage: _Stage) -> Plan:
    alone, last = stage
    return replace(plan.second() if alone else plan, last=last)


def _next(stage: _Stage, outcome: Again | Lost) -> _Stage | None:
    """Where a submission is graded again; None where it has to be reported as it is."""
    alone, last = stage
    if isinstance(outcome, Again) and not outcome.fault:
        return (True, False)
    return None if last else (alone, True)


@contextmanager
def _interrupted_by_any_signal() -> Iterator[None]:
    """SIGTERM and SIGHUP do what Ctrl-C does, where nobody has decided otherwise (`nohup`)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signals = (signal.SIGTERM, signal.SIGHUP)
    taken = [one for one in signals if signal.getsignal(one) is signal.SIG_DFL]
    for one in taken:
        signal.signal(one, interrupt)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


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


def _row_of(found: Found, rows: Mapping[str, Row], rubric_sha256: str) -> Row | None:
    try:
        row = rows.get(read(found).id)
    except (OSError, Ungradable):
        return None
    return row if row is not None and row.rubric_sha256 == rubric_sha256 else None
