"""Further calls of a wrong target: when they are made, and of what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from grader.core.errors import SandboxFault
from grader.core.observation import Exchange, Outcome
from grader.core.record import Bench, Exam
from grader.core.relation import Relation
from grader.diagnosis.behaviour import DRAWN, RELATION
from grader.judging.judge import MAIN
from grader.observing import observe_relations, observe_target
from tests.builders import (
    Played,
    Player,
    answer,
    backward_exam,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    no_answer,
    ran,
    statement,
    task,
)

NEGATED: Final = Relation(
    "not-odd", lambda inputs: ({"x": -inputs["x"]},), lambda _, answers: -answers[0]
)
CUT: Final = cut(statement("def good_f(x):\n    return x + 1"))


@dataclass
class _Runner(Player):
    """A player in whose sandbox nothing is tried on a bench."""

    def bench(self) -> Bench:
        raise AssertionError("no bench is needed")


@dataclass
class _Dice(_Runner):
    """A player whose target rolls dice where that is watched."""

    def run(self, program: Any, calls: Any) -> Any:
        run = super().run(program, calls)
        if not program.watch:
            return run
        told = {key: replace(each, ops=("aten::rand",)) for key, each in run.calls.items()}
        return replace(run, calls=told)


def _exam() -> Exam:
    made = criterion(fixtures=("a",)), criterion("clean", "pure", fixtures=("a",))
    fixtures = (fixture("a/1"), fixture("a/2", ((5.0, 4.0),)))
    return exam(made, fixtures, tasks=(task(relations=(NEGATED,)),))


def _followed(
    function: Played, player: type[_Runner] = _Runner, made: Exam | None = None
) -> tuple[dict[str, Exchange], _Runner]:
    runner, known = player(function), made or _exam()
    seen = observe_target(known, "forward", CUT, runner, alone=False)
    runner.asked.clear()
    return observe_relations(known, "forward", CUT, seen, runner), runner


def test_a_right_target_costs_nothing() -> None:
    found, runner = _followed(lambda x: x)
    assert found == {}
    assert runner.asked == []


def test_a_wrong_one_is_asked_once_more() -> None:
    found, runner = _followed(lambda x: x + 1)
    assert list(found) == [RELATION]
    ((program, calls),) = runner.asked
    assert program.statements == CUT.statements
    assert program.poison is None
    assert [each.key for each in calls] == ["a/1#not-odd-0", "a/1#still"]
    assert list(found[RELATION].run.calls) == [each.key for each in calls]


def test_where_dice_are_rolled_the_same_is_asked_under_others() -> None:
    found, runner = _followed(lambda x: x + 1, _Dice)
    assert list(found) == [RELATION, DRAWN]
    (first, calls), (second, again) = runner.asked
    assert calls == again
    assert second.poison is not None
    assert second.poison.ops == first.watch


def test_what_a_check_has_proved_is_not_followed_up() -> None:
    made = _exam()
    seen = observe_target(made, "forward", CUT, _Runner(lambda x: x), alone=False)
    calls = {key: replace(each, changed=True) for key, each in seen[MAIN].run.calls.items()}
    changed = {MAIN: replace(seen[MAIN], run=ran(calls))}
    assert observe_relations(made, "forward", CUT, changed, _Runner(lambda x: x)) == {}


@pytest.mark.parametrize("outcome", ["timed_out", "killed"])
def test_a_run_that_a_limit_stopped_is_left_alone(outcome: Outcome) -> None:
    made, runner = _exam(), _Runner(lambda x: x + 1)
    seen = observe_target(made, "forward", CUT, runner, alone=False)
    calls = {**seen[MAIN].run.calls, "a/2": no_answer(outcome), "a/1": answer(((9.0, 9.0),))}
    stopped = {MAIN: replace(seen[MAIN], run=ran(calls))}
    runner.asked.clear()
    assert observe_relations(made, "forward", CUT, stopped, runner) == {}
    assert runner.asked == []


def test_what_never_ran_is_left_alone() -> None:
    assert observe_relations(_exam(), "forward", CUT, {}, _Runner(lambda x: x)) == {}


def test_a_target_with_a_calling_convention_is_left_alone() -> None:
    made, found = backward_exam(), candidate("upstream", "x")
    runner = _Runner(lambda upstream, x: upstream + x)
    seen = observe_target(made, "backward", found, runner, alone=False)
    runner.asked.clear()
    assert observe_relations(made, "backward", found, seen, runner) == {}
    assert runner.asked == []


def test_what_the_sandbox_raises_is_passed_on() -> None:
    made = _exam()
    seen = observe_target(made, "forward", CUT, _Runner(lambda x: x + 1), alone=False)

    class _Broken(_Runner):
        def run(self, program: Any, calls: Any) -> Any:
            raise SandboxFault("no child")

    with pytest.raises(SandboxFault, match="no child"):
        observe_relations(made, "forward", CUT, seen, _Broken(lambda x: x))
