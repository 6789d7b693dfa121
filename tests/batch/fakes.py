"""An engine without a sandbox; module-level, so that worker processes can be sent it.

What a submission's bytes say decides what happens to it.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from grader.batch.plan import Engine, ExamSpec, IsolationMode
from grader.core.assignment import Assignment, Task
from grader.core.errors import IsolationRefused, SandboxFault
from grader.core.observation import Call, Limits, Observation, Program, Run, Setup
from grader.core.record import Exam, Graded, Record, Runner, Submission
from grader.core.rubric import Criterion, Rubric
from grader.core.slice import Wanted
from tests.store.samples import record, report

__all__ = ["CROWDED", "DYING", "ENGINE", "LIMITS", "REFUSING", "exam", "load_exam", "stumbling"]

LIMITS = Limits()
_SHA = "0" * 64


class _Runner:
    torch = "2.0"

    def __init__(self, isolation: str, limits: Limits) -> None:
        self.isolation = isolation
        self.limits = limits

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        raise AssertionError("the fake engine runs nothing")


def exam() -> Exam:
    """An exam of one criterion and no fixture."""
    criterion = Criterion(id="values", title="Values", check="values", points=4)
    rubric = Rubric(
        id="sample", version="1.0", title="Sample", assignment="sample", criteria=(criterion,)
    )
    wanted = Wanted("forward", ("good_f",))
    task = Task(
        wanted=wanted,
        arguments=("x",),
        oracle=lambda inputs: inputs["x"],
        kinds=MappingProxyType({}),
        trivial=MappingProxyType({}),
    )
    assignment = Assignment("sample", "Sample", Path(), (task,), MappingProxyType({}))
    return Exam(rubric, _SHA, assignment, (), 1)


def load_exam(spec: ExamSpec) -> Exam:
    return exam()


@contextmanager
def _open(isolation: IsolationMode, limits: Limits) -> Iterator[Runner]:
    yield _Runner(isolation, limits)


@contextmanager
def _refuse(isolation: IsolationMode, limits: Limits) -> Iterator[Runner]:
    raise IsolationRefused("no layer here")
    yield


@contextmanager
def _find_no_room(isolation: IsolationMode, limits: Limits) -> Iterator[Runner]:
    raise OSError(28, "No space left on device")
    yield


@contextmanager
def _die(isolation: IsolationMode, limits: Limits) -> Iterator[Runner]:
    os._exit(9)
    yield


@contextmanager
def _stumble(mark: Path, isolation: IsolationMode, limits: Limits) -> Iterator[Runner]:
    if _first(str(mark)):
        os._exit(9)
    yield _Runner(isolation, limits)


def stumbling(mark: Path) -> Engine:
    """An engine whose first opening ends its process; `mark` is a path that is free until then."""
    return replace(ENGINE, open=functools.partial(_stumble, mark))


def _grade(
    submission: Submission,
    exam: Exam,
    runner: Runner,
    *,
    names: Mapping[str, str] | None = None,
    alone: bool = False,
) -> Graded:
    told = submission.data.decode()
    assert alone == (runner.limits == LIMITS.doubled())
    if "interrupt" in told:
        raise KeyboardInterrupt
    if "bug" in told:
        raise ZeroDivisionError("odd input")
    if "fault-always" in told or ("fault-once" in told and _first(told)):
        raise SandboxFault("the zygote is gone")
    if "dies-always" in told or ("dies-once" in told and _first(told)):
        os._exit(9)
    if "late" in told:
        time.sleep(0.05)
    one = replace(record(submission.source, submission.data), retried=alone, limits=runner.limits)
    if "hangs-always" in told or ("hangs-once" in told and not alone):
        exchange = one.exchanges["forward"]["main"]
        run = Run(Setup("ok"), {"values/pair": Observation("timed_out")})
        one = replace(one, exchanges={"forward": {"main": replace(exchange, run=run)}})
    return _rejudge(one, exam)


def _first(told: str) -> bool:
    """Whether this is the first time; the last word is a path that only the first time is free."""
    try:
        Path(told.rsplit(maxsplit=1)[-1]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _rejudge(one: Record, exam: Exam) -> Graded:
    made = report(one.source, status="needs_person" if one.fault else "graded", reason=one.fault)
    if one.ungradable:
        made = report(one.source, status="ungradable", reason=one.ungradable)
    facts = made.submission.model_copy(update={"id": one.submission_id, "sha256": one.sha256})
    return Graded(made.model_copy(update={"submission": facts}), one)


ENGINE = Engine(load=load_exam, open=_open, grade=_grade, rejudge=_rejudge)
CROWDED = replace(ENGINE, open=_find_no_room)
DYING = replace(ENGINE, open=_die)
REFUSING = replace(ENGINE, open=_refuse)
