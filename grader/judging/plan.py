"""Which calls and programs a rubric needs for one target."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from grader.core.assignment import Task
from grader.core.convention import StandIn
from grader.core.fixture import Fixture
from grader.core.observation import Call, Exchange, Observation, Program, Run
from grader.core.record import Exam
from grader.core.rubric import Criterion
from grader.core.slice import Location, Slice, Statement
from grader.judging.calling import answers, convention_of
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
    "with_stand_in",
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


@functools.lru_cache(maxsize=64)
def calls_for(exam: Exam, role: str, convention: str = "") -> tuple[Call, ...]:
    """Every call the role's criteria need, each once, as the task's `convention` has it.

    Visible fixtures come first, so that what a target prints while it sees them cannot hold a
    hidden input; those shown for information only come last, so that a limit hit on them costs
    nothing; the very first call is asked once more at the end.
    """
    task = exam.assignment.task(role)
    way = convention_of(task, convention)
    found: dict[str, tuple[tuple[bool, bool], Call]] = {}
    for criterion in criteria_of(exam, role):
        for fixture in chosen(exam, criterion):
            order = (not fixture.scored, fixture.visibility == "hidden")
            for call in CHECKS[criterion.check].calls(criterion, task, (fixture,), way):
                found.setdefault(call.key, (order, call))
    calls = [call for _, call in sorted(found.values(), key=lambda each: each[0])]
    first = next((call for call in calls if "#" not in call.key), None)
    if first is not None:
        calls.append(replace(first, key=first.key + AGAIN))
    return tuple(calls)


def main_program(exam: Exam, role: str, cut: Slice, *, wide: bool, convention: str = "") -> Program:
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
        method=cut.method,
        convention=convention,
    )


def with_stand_in(program: Program, stand_in: StandIn, name: str) -> Program:
    """The program with `name`, the other target it calls, replaced by a right one."""
    code = stand_in.source.format(name=name)
    handout = Statement(code, "<handout>", Location(0, 1), (name,))
    return replace(program, statements=(*program.statements, handout))


def asked_of(
    exam: Exam,
    criterion: Criterion,
    cut: Slice,
    main: Exchange,
    experiments: Mapping[str, Run],
) -> Asked:
    """What the criterion's check is handed."""
    task = _task(exam, criterion)
    convention = convention_of(task, main.program.convention)
    fixtures = chosen(exam, criterion)
    needed = {fixture.needs for fixture in fixtures} - {""}
    return Asked(
        criterion=criterion,
        task=task,
        fixtures=fixtures,
        slice=cut,
        run=answers(main.run, convention),
        experiments={
            name: answers(found, convention)
            for name, found in experiments.items()
            if name.startswith(f"{criterion.id}/")
        },
        again=tuple(fixture for fixture in exam.fixtures if fixture.name + AGAIN in main.run.calls),
        convention=convention,
        needed={each.name: each for each in exam.fixtures if each.name in needed},
    )


def before_hidden(exam: Exam, run: Run) -> dict[str, Observation]:
    """The answers given before the target had seen any hidden input, in the order of the calls."""
    visible = {fixture.name for fixture in exam.fixtures if fixture.visibility == "visible"}
    return dict(
        itertools.takewhile(lambda item: item[0].partition("#")[0] in visible, run.calls.items())
    )


def experiments_for(
    exam: Exam, role: str, cut: Slice, main: Exchange, *, replaced: bool = False
) -> dict[str, Experiment]:
    """What the checks want to try, now that the main run is known.

    replaced  `main` is the run with a stand-in: for the criteria that look at it
    """
    wanted: dict[str, Experiment] = {}
    for criterion in criteria_of(exam, role):
        if criterion.stand_in or not replaced:
            asked = asked_of(exam, criterion, cut, main, {})
            wanted |= CHECKS[criterion.check].experiments(asked, main.program)
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
