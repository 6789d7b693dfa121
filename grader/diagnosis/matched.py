"""Diagnoses by outputs alone: what came back is what one known bug gives, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.fixture import Fixture, Truth
from grader.core.observation import Run
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult
from grader.core.rubric import Criterion
from grader.judging.calling import answers, convention_of, known_truths, spared, truths_for
from grader.judging.compare import closest
from grader.judging.discovery import STAND_IN
from grader.judging.judge import MAIN
from grader.judging.plan import chosen, criteria_of, roles

__all__ = ["is_matched", "with_matches"]


def is_matched(exam: Exam, role: str, bug: str) -> bool:
    """Whether a diagnosis of that role is made by matching outputs."""
    return bug in exam.assignment.task(role).known


def with_matches(
    record: Record, exam: Exam, rows: Sequence[CriterionResult]
) -> tuple[CriterionResult, ...]:
    """The rows, with the known bug whose results came back, where there is exactly one.

    Equal on every fixture of the role that decides values and on no other bug's; where no bug is
    equal on all of them, on every fixture of that row.
    """
    found: dict[str, str] = {}
    lost = {row.id for row in rows if row.status in ("failed", "partial")}
    for role in roles(exam):
        task = exam.assignment.task(role)
        criteria = [each for each in criteria_of(exam, role) if each.check == "values"]
        if not task.known or not lost & {each.id for each in criteria}:
            continue
        for run, convention in _runs(record, task, role):
            found = {**_matches(exam, task, criteria, run, convention), **found}
    return tuple(
        row.model_copy(update={"diagnoses": (*row.diagnoses, found[row.id])})
        if row.id in lost and found.get(row.id) not in (None, *row.diagnoses)
        else row
        for row in rows
    )


def _runs(record: Record, task: Task, role: str) -> Iterator[tuple[Run, Convention | None]]:
    """As handed in, then with the other target replaced."""
    exchanges = record.exchanges.get(role, {})
    for name in (MAIN, STAND_IN):
        if name in exchanges:
            convention = convention_of(task, exchanges[name].program.convention)
            yield answers(exchanges[name].run, convention), convention


def _matches(
    exam: Exam,
    task: Task,
    criteria: Iterable[Criterion],
    run: Run,
    convention: Convention | None,
) -> dict[str, str]:
    """The bug by criterion, where a single one explains it."""
    by_row = {
        criterion.id: _alike(
            task, [each for each in chosen(exam, criterion) if each.scored], run, convention
        )
        for criterion in criteria
    }
    wrong = {name: bugs for name, bugs in by_row.items() if bugs is not None}
    everywhere = set.intersection(*wrong.values()) if wrong else set()
    found = {name: bugs & everywhere or bugs for name, bugs in wrong.items()}
    return {name: next(iter(bugs)) for name, bugs in found.items() if len(bugs) == 1}


def _alike(
    task: Task, fixtures: Sequence[Fixture], run: Run, convention: Convention | None
) -> set[str] | None:
    """Bugs whose results came back on every one of the fixtures; None where all are right."""
    asked = [each for each in fixtures if not spared(each, convention)]
    if all(_is(run, each, truths_for(each, convention)) for each in asked):
        return None
    return {
        bug
        for bug in task.known
        if all(_is(run, each, known_truths(task, each, convention, bug)) for each in asked)
    }


def _is(run: Run, fixture: Fixture, truths: Sequence[Truth]) -> bool:
    observation = run.calls.get(fixture.name)
    if observation is None or observation.value is None or not truths:
        return False
    # several results of one shape may be a bug's: each is tried by itself
    return any(closest(observation.value, (truth,)).ok for truth in truths)
