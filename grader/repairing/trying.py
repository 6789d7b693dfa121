"""What a candidate is asked, and whether its answers hold: pure functions of observations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from grader.core.assignment import Task
from grader.core.fixture import Fixture, Inputs
from grader.core.observation import Call, Exchange, Observation, Program, Run, Setup
from grader.core.record import Exam
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.core.tensor import Float64
from grader.core.verdict import Verdict
from grader.judging.calling import convention_of
from grader.judging.checks import CHECKS, FOLLOWING
from grader.judging.checks.dtype import is_other
from grader.judging.discovery import STAND_IN
from grader.judging.judge import MAIN, better_run, judge_run, under
from grader.judging.plan import asked_of, chosen, criteria_of

__all__ = [
    "Base",
    "Telling",
    "base_of",
    "binding",
    "explained",
    "held",
    "holds",
    "is_right",
    "lost",
    "refuted",
    "telling",
    "unexplained",
    "wrong_answers",
]

Verdicts = Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Base:
    """What is to be mended.

    main      the run the target's values are decided on: as handed in, or with a stand-in
    verdicts  of the criteria that are decided on it
    """

    main: Exchange
    verdicts: Verdicts


def base_of(exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange]) -> Base | None:
    """None where nothing ran, or where a limit stopped it."""
    if MAIN not in exchanges or any(each.run.stopped for each in exchanges.values()):
        return None
    if better_run(exam, role, cut, exchanges) == MAIN:
        return Base(exchanges[MAIN], judge_run(exam, role, cut, exchanges))
    main = exchanges[STAND_IN]
    verdicts = judge_run(exam, role, cut, {**under(exchanges, STAND_IN), MAIN: main})
    looked_at = {each.id for each in criteria_of(exam, role) if each.stand_in}
    return Base(main, {name: each for name, each in verdicts.items() if name in looked_at})


@dataclass(frozen=True, slots=True)
class Telling:
    """A question the target answered wrongly, and the criterion that says so."""

    call: Call
    criterion: Criterion
    fixture: Fixture


def lost(verdict: Verdict) -> bool:
    """Whether points are missing because of what came back."""
    return verdict.status in ("failed", "partial")


def holds(verdict: Verdict) -> bool:
    """Whether the criterion is met, or does not apply."""
    return verdict.status in ("passed", "not_applicable")


def explained(verdicts: Verdicts) -> dict[str, tuple[str, ...]]:
    """Diagnoses by lost criterion, where the check's own experiment has proved them."""
    proving = {"crashes", "timeout", "killed"}  # how it went, not why
    found = {
        name: tuple(bug for bug in verdict.diagnoses if bug not in proving)
        for name, verdict in verdicts.items()
        if lost(verdict)
    }
    return {name: bugs for name, bugs in found.items() if bugs}


def binding(exam: Exam, role: str, verdicts: Verdicts) -> dict[str, tuple[str, ...]]:
    """What experiments have named and no other bug could have brought about."""
    own = {each.id for each in criteria_of(exam, role) if each.check not in FOLLOWING}
    return {name: bugs for name, bugs in explained(verdicts).items() if name in own}


def unexplained(verdicts: Verdicts) -> tuple[str, ...]:
    """Lost criteria that ask for a cause."""
    known = explained(verdicts)
    return tuple(name for name, each in verdicts.items() if lost(each) and name not in known)


def telling(exam: Exam, role: str, cut: Slice, base: Base) -> tuple[Telling, ...]:
    """Of each lost criterion without an explanation the first and last question it lost."""
    wanted, main = set(unexplained(base.verdicts)), base.main
    found: dict[str, Telling] = {}
    for criterion in criteria_of(exam, role):
        if criterion.id not in wanted:
            continue
        wrong = [
            each
            for each in _questions(exam, criterion, main.program)
            if not is_right(exam, cut, each, main.program, main.run.calls.get(each.call.key))
        ]
        for each in (*wrong[:1], *wrong[-1:]):
            found.setdefault(each.call.key, each)
    return tuple(found.values())


def refuted(exam: Exam, task: Task, base: Base) -> set[str]:
    """Bugs that a check of the rubric would have proved, had they been there.

    A check says nothing where it was skipped, where gradients of wrong values went wrong, or where
    wrong values came back in another dtype.
    """
    looked_for: set[str] = set()
    left_open: set[str] = set()
    for criterion in criteria_of(exam, task.role):
        verdict = base.verdicts.get(criterion.id)
        bug = task.proves.get(criterion.check)
        if bug is None or verdict is None:
            continue
        looked_for.add(bug)
        silent = verdict.status == "skipped" or (
            lost(verdict)
            and (
                criterion.check == "gradient"
                or (criterion.check == "dtype" and _changes_dtype(exam, criterion, base))
            )
        )
        if silent or bug in verdict.diagnoses:
            left_open.add(bug)
    return looked_for - left_open


def _changes_dtype(exam: Exam, criterion: Criterion, base: Base) -> bool:
    calls = base.main.run.calls
    return any(
        is_other(fixture, calls[fixture.name])
        for fixture in chosen(exam, criterion)
        if fixture.scored and fixture.name in calls
    )


def wrong_answers(exam: Exam, base: Base) -> tuple[tuple[Inputs, Float64], ...]:
    """What came back on the fixtures that lost criteria found wrong, with their inputs."""
    wrong = {
        each.fixture
        for verdict in base.verdicts.values()
        if lost(verdict)
        for each in verdict.evidence
        if each.outcome == "wrong"
    }
    answers = {
        fixture.name: observation.value
        for fixture in exam.fixtures
        if fixture.name in wrong
        and (observation := base.main.run.calls.get(fixture.name)) is not None
    }
    return tuple(
        (fixture.inputs, value.numbers())
        for fixture in exam.fixtures
        if (value := answers.get(fixture.name)) is not None
    )


def _questions(exam: Exam, criterion: Criterion, program: Program) -> list[Telling]:
    task = exam.assignment.task(criterion.role or exam.assignment.tasks[0].role)
    way = convention_of(task, program.convention)
    return [
        Telling(call, criterion, fixture)
        for fixture in chosen(exam, criterion)
        if fixture.scored
        for call in CHECKS[criterion.check].calls(criterion, task, (fixture,), way)
    ]


def is_right(
    exam: Exam, cut: Slice, each: Telling, program: Program, observation: Observation | None
) -> bool:
    """Whether one question alone is answered as its criterion wants it."""
    if observation is None or observation.outcome != "ok":
        return False
    alone = Exchange(program, Run(Setup("ok", "function"), {each.call.key: observation}))
    asked = asked_of(exam, each.criterion, cut, alone, {})
    asked = replace(asked, fixtures=(each.fixture,), again=())
    return holds(CHECKS[each.criterion.check].verdict(asked))


def held(base: Base, verdicts: Verdicts) -> Literal["no", "nearly", "whole"]:
    """How well the target does now, by the criteria that were decided on its base.

    nearly: all hold but some that an experiment had explained already. What only a further
    experiment could say is left open.
    """
    known = explained(base.verdicts)
    failing = [
        name
        for name in base.verdicts
        if not holds(verdicts[name]) and verdicts[name].status != "error"
    ]
    if not failing:
        return "whole"
    return "nearly" if all(name in known for name in failing) else "no"
