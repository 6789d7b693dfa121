"""Which calls and programs a rubric needs for one target."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping

from grader.core.assignment import Task
from grader.core.fixture import Fixture
from grader.core.observation import Call, Observation, Program, Run
from grader.core.record import Exam
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.judging.checks import CHECKS, Asked, Experiment
from grader.judging.checks.asked import AGAIN

__all__ = [
    "asked_of",
    "before_hidden",
    "calls_for",
    "criteria_of",
    "experiments_for",
    "main_program",
    "roles",
]


@functools.lru_cache(maxsize=16)
def roles(exam: Exam) -> tuple[str, ...]:
    """Roles that some automatic criterion is about, in the assignment's order."""
    wanted = {_role(exam, criterion) for criterion in _automatic(exam.rubric.criteria)}
    return tuple(task.role for task in exam.assignment.tasks if task.role in wanted)


@functools.lru_cache(maxsize=64)
def criteria_of(exam: Exam, role: str) -> tuple[Criterion, ...]:
    """The automatic criteria about `role`."""
    return tuple(
        criterion
        for criterion in _automatic(exam.rubric.criteria)
        if _role(exam, criterion) == role
    )


@functools.lru_cache(maxsize=16)
def calls_for(exam: Exam, role: str) -> tuple[Call, ...]:
    """Every call the role's criteria need, each once.

    Visible fixtures come first, so that what a target prints while it sees them cannot hold a
    hidden input; those shown for information only come last, so that a limit hit on them costs
    nothing; the very first call is asked once more at the end.
    """
    task = exam.assignment.task(role)
    found: dict[str, tuple[tuple[bool, bool], Call]] = {}
    for criterion in criteria_of(exam, role):
        for fixture in chosen(exam, criterion):
            order = (not fixture.scored, fixture.visibility == "hidden")
            for call in CHECKS[criterion.check].calls(criterion, task, (fixture,)):
                found.setdefault(call.key, (order, call))
    calls = [call for _, call in sorted(found.values(), key=lambda each: each[0])]
    first = next((call for call in calls if call.mode == "value"), None)
    if first is not None:
        calls.append(Call(first.key + AGAIN, first.arguments))
    return tuple(calls)


def main_program(exam: Exam, role: str, cut: Slice, *, wide: bool) -> Program:
    """The program of the main run: the target as handed in."""
    watched = {
        pattern
        for criterion in criteria_of(exam, role)
        for pattern in CHECKS[criterion.check].watch(criterion)
    }
    return Program(
        statements=cut.wide if wide else cut.statements,
        symbol=cut.symbol,
        fills=dict(exam.assignment.task(role).fills),
        devices=cut.devices,
        watch=tuple(sorted(watched)),
    )


def asked_of(
    exam: Exam, criterion: Criterion, cut: Slice, run: Run, experiments: Mapping[str, Run]
) -> Asked:
    """What the criterion's check is handed."""
    return Asked(
        criterion=criterion,
        task=_task(exam, criterion),
        fixtures=chosen(exam, criterion),
        slice=cut,
        run=run,
        experiments={
            name: found
            for name, found in experiments.items()
            if name.startswith(f"{criterion.id}/")
        },
        again=tuple(fixture for fixture in exam.fixtures if fixture.name + AGAIN in run.calls),
    )


def before_hidden(exam: Exam, run: Run) -> dict[str, Observation]:
    """The answers given before the target had seen any hidden input, in the order of the calls."""
    visible = {fixture.name for fixture in exam.fixtures if fixture.visibility == "visible"}
    return dict(
        itertools.takewhile(lambda item: item[0].partition("#")[0] in visible, run.calls.items())
    )


def experiments_for(
    exam: Exam, role: str, cut: Slice, program: Program, run: Run
) -> dict[str, Experiment]:
    """What the checks want to try, now that the main run is known."""
    wanted: dict[str, Experiment] = {}
    for criterion in criteria_of(exam, role):
        asked = asked_of(exam, criterion, cut, run, {})
        wanted |= CHECKS[criterion.check].experiments(asked, program)
    return wanted


@functools.lru_cache(maxsize=256)
def chosen(exam: Exam, criterion: Criterion) -> tuple[Fixture, ...]:
    """The criterion's fixtures: each named one, and all of each named group, in that order."""
    found: dict[str, Fixture] = {}
    for name in criterion.fixtures:
        for fixture in exam.fixtures:
            if name in (fixture.name, fixture.group):
                found.setdefault(fixture.name, fixture)
    return tuple(found.values())


def _automatic(criteria: Iterable[Criterion]) -> tuple[Criterion, ...]:
    return tuple(criterion for criterion in criteria if criterion.check != "manual")


def _role(exam: Exam, criterion: Criterion) -> str:
    return criterion.role or exam.assignment.tasks[0].role


def _task(exam: Exam, criterion: Criterion) -> Task:
    return exam.assignment.task(_role(exam, criterion))
