"""Looking for a repair of a wrong target: searched in one child, confirmed in fresh ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from grader.core.assignment import Task
from grader.core.observation import Exchange, Observation, Program, Run
from grader.core.record import Bench, Exam, Runner
from grader.core.repair import Edit, Repair, Rule
from grader.core.slice import Slice
from grader.editing import Code
from grader.judging.judge import MAIN, judge_run
from grader.judging.plan import calls_for, experiments_for
from grader.repairing.edits import edits_for, mended, told
from grader.repairing.search import Tried, search
from grader.repairing.trying import (
    Base,
    Telling,
    base_of,
    held,
    is_right,
    refuted,
    telling,
    unexplained,
    wrong_answers,
)
from grader.repairing.verified import REPAIR, verified, without

__all__ = ["observe_repair"]

MOST_CONFIRMED: Final = 3
"""So many of the sets that held are confirmed, one after another, until one does."""


def observe_repair(
    exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange], runner: Runner
) -> tuple[Repair | None, dict[str, Exchange]]:
    """What a search found, and the exchanges that confirm it; None where there was nothing to mend.

    A target that loses nothing, or only what experiments have explained, costs nothing.
    SandboxFault as the runner raises it.
    """
    task = exam.assignment.task(role)
    base = base_of(exam, role, cut, exchanges)
    if not task.repairs or base is None or not unexplained(base.verdicts):
        return None, {}
    program = base.main.program
    edits, failed = edits_for(Code.of(program.statements), _open(exam, task, base))
    questions = telling(exam, role, cut, base)
    if not edits or not questions:
        return (Repair(unread=failed) if failed else None), {}
    with runner.bench() as bench:
        found = search(edits, _Candidates(exam, role, cut, base, questions, bench).evaluate)
    sets = tuple(told(program.statements, chosen) for chosen in found.sets)
    for at, chosen in enumerate(found.sets[:MOST_CONFIRMED]):
        order = (sets[at], *(each for each in sets if each is not sets[at]))
        repair = Repair(order, found.tried, failed, found.complete)
        confirming = _confirmed(exam, role, cut, program, chosen, runner=runner)
        if verified(exam, role, cut, {**exchanges, **confirming}, repair) is not None:
            return repair, confirming
    return Repair((), found.tried, failed, found.complete), {}


def _open(exam: Exam, task: Task, base: Base) -> tuple[Rule, ...]:
    """The rules that neither an experiment nor the answers speak against.

    What a check proves by experiment is that bug only where the check has named it.
    """
    spoken_against = refuted(exam, task, base)
    wrong = wrong_answers(exam, base)
    return tuple(
        each
        for each in task.repairs
        if each.bug not in spoken_against
        and (each.seen is None or any(each.seen(inputs, answer) for inputs, answer in wrong))
    )


def _confirmed(
    exam: Exam,
    role: str,
    cut: Slice,
    program: Program,
    edits: tuple[Edit, ...],
    *,
    runner: Runner,
) -> dict[str, Exchange]:
    """The whole set in a fresh child, and each set without one of its edits in another."""
    exchanges: dict[str, Exchange] = {}
    parts = {REPAIR: edits}
    if len(edits) > 1:
        parts |= {without(at): edits[:at] + edits[at + 1 :] for at in range(len(edits))}
    for prefix, some in parts.items():
        changed = replace(program, statements=mended(program.statements, some))
        main = Exchange(changed, runner.run(changed, calls_for(exam, role, program.convention)))
        exchanges[f"{prefix}/{MAIN}"] = main
        for name, each in experiments_for(exam, role, cut, main).items():
            exchanges[f"{prefix}/{name}"] = Exchange(
                each.program, runner.run(each.program, each.calls)
            )
    return exchanges


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Tries one candidate after another on a bench."""

    exam: Exam
    role: str
    cut: Slice
    base: Base
    questions: tuple[Telling, ...]
    bench: Bench

    def evaluate(self, edits: tuple[Edit, ...], union: frozenset[str]) -> Tried | None:
        """The telling questions first; where all are right, every other call."""
        if self.bench.spent:
            return None
        base = self.base.main.program
        program = replace(base, statements=mended(base.statements, edits), watch=())
        setup = self.bench.start(program)
        if setup.outcome != "ok":
            return Tried(frozenset(), "no")
        answers: dict[str, Observation] = {}
        right: set[str] = set()
        # of several edits those questions first that none mends alone: they fail soonest
        for each in sorted(self.questions, key=lambda one: one.call.key in union):
            answers[each.call.key] = self.bench.ask(each.call)
            if is_right(self.exam, self.cut, each, program, answers[each.call.key]):
                right.add(each.call.key)
            elif len(edits) > 1:
                break
        if len(right) < len(self.questions):
            return Tried(frozenset(right), "no")
        calls = calls_for(self.exam, self.role, program.convention)
        for call in calls:
            if call.key not in answers:
                answers[call.key] = self.bench.ask(call)
        main = Exchange(program, Run(setup, {call.key: answers[call.key] for call in calls}))
        verdicts = judge_run(self.exam, self.role, self.cut, {MAIN: main})
        return Tried(frozenset(right), held(self.base, verdicts))
