from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from grader.core.errors import SandboxFault
from grader.core.observation import Call, Exchange, Fault, Program, Run
from grader.core.record import Exam, Runner
from grader.core.slice import Slice
from grader.judging.discovery import DISCOVERY, STAND_IN, choose
from grader.judging.judge import MAIN, judge_target
from grader.judging.plan import calls_for
from grader.observing import observe_target
from tests.builders import (
    Player,
    backward_exam,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    played,
    raised,
    ran,
    raw,
    statement,
    task,
)

EXAM = backward_exam()
TASK = EXAM.assignment.task("backward")
LEANING = candidate("upstream", "x", leans_on="good_f")
NARROW = statement("def good_b(g, x): ...", binds=("good_b",))
MORE = statement("scale = 3", cell=2, binds=("scale",))
TRIED = f"{STAND_IN}/{DISCOVERY}"
Played = Callable[..., Any]


def right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def right_when_tried(upstream: Any, x: Any) -> Any:
    return right(upstream, x) if x[0, 0] == 1.5 else np.zeros_like(x)


def wrong(upstream: Any, x: Any) -> Any:
    return upstream + x


def _observed(
    found: Slice, runner: Runner, made: Exam = EXAM, *, role: str = "backward", alone: bool = False
) -> dict[str, Exchange]:
    return observe_target(made, role, found, runner, alone=alone)


def _replaced(program: Program) -> bool:
    return program.statements[-1].filename == "<handout>"


def test_the_player_is_a_runner() -> None:
    runner: Runner = Player(right)
    assert runner.isolation == "none"


@pytest.mark.parametrize("state", ["missing", "stub", "unparsed"])
def test_where_there_is_nothing_to_run_nothing_is_asked(state: Any) -> None:
    runner = Player(right)
    assert _observed(replace(LEANING, state=state), runner) == {}
    assert runner.asked == []


def test_a_plain_task_is_asked_its_calls_once() -> None:
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"), fixture("a/2")))
    runner = Player(lambda x: x)
    found = _observed(cut(), runner, made, role="forward")
    assert list(found) == [MAIN]
    ((program, calls),) = runner.asked
    assert calls == calls_for(made, "forward")
    assert (program.symbol, program.convention, program.fills) == ("good_f", "", {})


def test_a_convention_is_found_out_before_the_target_is_judged() -> None:
    runner = Player(right)
    found = _observed(candidate("a", "b"), runner)
    assert list(found) == [DISCOVERY, MAIN]
    (first, tried), (second, calls) = runner.asked
    assert {call.key.partition("#")[0] for call in tried} == {"tries/row", "tries/batch"}
    assert (first.convention, second.convention) == ("", "f(upstream, x)")
    assert calls == calls_for(EXAM, "backward", "f(upstream, x)")
    assert {call.key.partition("#")[0] for call in calls} == {
        "slope/row", "slope/batch", "far/row",
    }  # fmt: skip
    assert found[MAIN].program == second


@pytest.mark.parametrize(
    ("found", "function", "name"),
    [
        (candidate("a"), lambda x: np.diag(3 * x.ravel() ** 2), "f(x)"),
        (candidate("a", "b"), lambda x, g: right(g, x), "f(x, upstream)"),
        (candidate(kind="class", method="backward"), lambda x, g: right(g, x), "method"),
        (candidate(kind="autograd_function", method="backward"), wrong, "context"),
    ],
)
def test_the_program_says_how_it_is_called(found: Slice, function: Played, name: str) -> None:
    exchanges = _observed(found, Player(function))
    assert exchanges[MAIN].program.convention == name
    assert exchanges[MAIN].program.method == found.method
    assert choose(EXAM, TASK, found, exchanges).convention.name == name


def test_what_needs_nothing_else_is_never_asked_with_a_stand_in() -> None:
    runner = Player(wrong)
    assert list(_observed(candidate("upstream", "x"), runner)) == [DISCOVERY, MAIN]
    assert not any(_replaced(program) for program, _ in runner.asked)


def test_what_is_right_is_not_asked_again_with_a_stand_in() -> None:
    runner = Player(right, wrong)
    assert list(_observed(LEANING, runner)) == [DISCOVERY, MAIN]


def test_what_fails_only_where_no_stand_in_counts_is_not_asked_again() -> None:
    def near(upstream: Any, x: Any) -> Any:
        return right(upstream, x) if np.abs(x).max() < 10 else np.full_like(x, np.nan)

    assert list(_observed(LEANING, Player(near, right))) == [DISCOVERY, MAIN]


def test_what_is_wrong_and_calls_the_other_target_is_asked_with_a_stand_in() -> None:
    runner = Player(wrong, right)
    found = _observed(LEANING, runner)
    assert set(found) == {DISCOVERY, TRIED, MAIN, STAND_IN}
    assert [_replaced(program) for program, _ in runner.asked] == [False, True, False, True]
    assert runner.asked[0][1] == runner.asked[1][1]
    assert runner.asked[2][1] == runner.asked[3][1]
    assert found[STAND_IN].program.convention == found[MAIN].program.convention


def test_a_convention_known_as_handed_in_is_not_tried_again() -> None:
    runner = Player(right_when_tried, right)
    found = _observed(LEANING, runner)
    assert set(found) == {DISCOVERY, MAIN, STAND_IN}
    assert [_replaced(program) for program, _ in runner.asked] == [False, False, True]


def test_the_stand_in_is_the_last_word_and_goes_by_the_students_name() -> None:
    found = _observed(LEANING, Player(wrong, right))
    *before, handout = found[STAND_IN].program.statements
    assert tuple(before) == found[MAIN].program.statements
    assert (handout.code, handout.binds) == ("def good_f(x):\n    return x**3", ("good_f",))
    renamed = _observed(replace(LEANING, leans_on="my_f"), Player(wrong, right))
    assert renamed[STAND_IN].program.statements[-1].code.startswith("def my_f(x):")


def test_a_task_that_has_no_stand_in_is_asked_without() -> None:
    made = replace(
        EXAM,
        assignment=replace(EXAM.assignment, tasks=(task(), replace(TASK, stand_in=None))),
    )
    assert list(_observed(LEANING, Player(wrong), made)) == [DISCOVERY, MAIN]


def test_no_stand_in_is_needed_where_no_criterion_counts_with_one() -> None:
    made = backward_exam(stand_in=False)
    found = _observed(LEANING, Player(right_when_tried, right), made)
    assert list(found) == [DISCOVERY, MAIN]


def _scratch(*, stand_in: bool) -> Exam:
    made = backward_exam()
    scratch = criterion(
        "scratch",
        "from-scratch",
        role="backward",
        fixtures=("slope",),
        stand_in=stand_in,
        forbid={"names": ["torch.relu"]},
    )
    criteria = (*made.rubric.criteria, scratch)
    return replace(made, rubric=made.rubric.model_copy(update={"criteria": criteria}))


MENTIONS = replace(LEANING, references=cut(references=("torch.relu",)).references)


def test_experiments_follow_the_run_they_are_about() -> None:
    found = _observed(MENTIONS, Player(wrong, right), _scratch(stand_in=True))
    assert set(found) == {
        DISCOVERY, TRIED, MAIN, "scratch/nudge", "scratch/roll",
        STAND_IN, "stand-in/scratch/nudge", "stand-in/scratch/roll",
    }  # fmt: skip
    for name, each in found.items():
        assert _replaced(each.program) == name.startswith(STAND_IN)
        assert (each.program.poison is not None) == ("scratch" in name)


def test_experiments_with_a_stand_in_are_for_criteria_that_count_with_one() -> None:
    found = _observed(MENTIONS, Player(wrong, right), _scratch(stand_in=False))
    assert {name for name in found if "scratch" in name} == {"scratch/nudge", "scratch/roll"}


def test_an_experiment_is_called_as_the_target_is() -> None:
    found = _observed(MENTIONS, Player(lambda x, g: right(g, x)), _scratch(stand_in=True))
    experiment = found["scratch/nudge"]
    assert experiment.program.convention == "f(x, upstream)"
    assert experiment.run.calls.keys() == {"slope/row", "slope/batch"}


class Applied(Player):
    """Poisoned libraries change what `moves`: the value of a call or its gradient."""

    moves: str = ""

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        run = super().run(program, calls)
        if program.poison is None:
            return run
        moved: dict[str, Any] = {self.moves: raw(((7.0,),))}
        return replace(run, calls={key: replace(each, **moved) for key, each in run.calls.items()})


@pytest.mark.parametrize(("moves", "scratch"), [("value", "passed"), ("gradient", "failed")])
def test_what_was_applied_is_judged_by_its_gradient(moves: str, scratch: str) -> None:
    made = _scratch(stand_in=False)
    ways = tuple(each for each in TASK.conventions if each.entry == "apply")
    only = replace(TASK, conventions=ways)
    made = replace(made, assignment=replace(made.assignment, tasks=(task(), only)))
    found = replace(MENTIONS, kind="autograd_function", method="backward", leans_on="")
    runner = Applied(lambda x, g: right(g, x))
    runner.moves = moves
    verdicts = judge_target(made, "backward", found, _observed(found, runner, made))
    assert {name: each.status for name, each in verdicts.items()} == {
        "slope": "passed",
        "far": "passed",
        "scratch": scratch,
    }


class Reaching(Player):
    """Its target reaches for a name that the narrow slice does not bind."""

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        self.asked.append((program, tuple(calls)))
        if MORE in program.statements:
            return played(calls, self.function)
        return ran({call.key: raised("NameError", missing_name="scale") for call in calls})


def _wide(**changes: Any) -> Slice:
    return candidate("upstream", "x", statements=(NARROW,), wide=(MORE, NARROW), **changes)


def test_a_target_that_reaches_further_is_given_more_of_the_notebook() -> None:
    runner = Reaching(right)
    found = _observed(_wide(), runner)
    taken = [program.statements for program, _ in runner.asked]
    assert taken == [(NARROW,), (MORE, NARROW), (MORE, NARROW)]
    assert found[DISCOVERY].program.statements == (MORE, NARROW)
    assert found[MAIN].program.convention == "f(upstream, x)"


def test_a_plain_task_that_reaches_further_is_given_more_too() -> None:
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"),))
    runner = Reaching(lambda x: x)
    found = _observed(_wide(), runner, made, role="forward")
    assert list(found) == [MAIN]
    assert found[MAIN].program.statements == (MORE, NARROW)


def test_a_target_that_looks_names_up_at_run_time_gets_all_at_once() -> None:
    runner = Reaching(right)
    _observed(_wide(dynamic=True), runner)
    assert [program.statements for program, _ in runner.asked] == [(MORE, NARROW)] * 2


def test_a_target_that_reaches_no_further_keeps_its_slice() -> None:
    runner = Player(right)
    _observed(_wide(), runner)
    assert [program.statements for program, _ in runner.asked] == [(NARROW,)] * 2
    runner = Reaching(right)
    _observed(replace(_wide(), wide=()), runner)
    assert [program.statements for program, _ in runner.asked] == [(NARROW,)] * 2


class Breaking(Reaching):
    """With more of the notebook its cells do not run, or not within their time."""

    outcome: Any = "raised"

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        run = super().run(program, calls)
        if MORE not in program.statements:
            return run
        return ran({}, setup=self.outcome, faults=((0, Fault("E", "no")),))


@pytest.mark.parametrize(
    ("outcome", "alone", "taken"),
    [
        ("raised", False, NARROW),
        ("raised", True, NARROW),
        ("timed_out", False, MORE),
        ("timed_out", True, NARROW),
    ],
)
def test_more_of_the_notebook_must_not_cost_what_less_answered(
    outcome: Any, alone: Any, taken: Any
) -> None:
    runner = Breaking(right)
    runner.outcome = outcome
    found = _observed(_wide(), runner, alone=alone)
    assert found[MAIN].program.statements[0] == taken


def test_where_neither_ran_the_wider_one_is_told() -> None:
    """There the name that was missing at first is not what is amiss."""

    class Broken(Player):
        def run(self, program: Program, calls: Sequence[Call]) -> Run:
            fault = Fault("NameError", "no", missing_name="scale")
            return ran({}, setup="raised", faults=((0, fault),))

    assert _observed(_wide(), Broken(right))[MAIN].program.statements == (MORE, NARROW)


def test_what_the_slicing_missed_is_seen_with_a_stand_in_too() -> None:
    runner = Reaching(wrong)
    found = _observed(_wide(leans_on="good_f"), runner)
    assert set(found) == {DISCOVERY, TRIED, MAIN, STAND_IN}
    for each in found.values():
        assert MORE in each.program.statements


def test_a_fault_of_the_sandbox_is_handed_on() -> None:
    class Gone(Player):
        def run(self, program: Program, calls: Sequence[Call]) -> Run:
            raise SandboxFault("the zygote is gone")

    with pytest.raises(SandboxFault, match="zygote"):
        _observed(LEANING, Gone(right))


def test_the_same_answers_make_the_same_exchanges() -> None:
    first, second = (_observed(LEANING, Player(wrong, right)) for _ in range(2))
    assert first == second


def test_what_cannot_be_called_in_any_known_way_is_no_crash() -> None:
    """A course's own task need not know every kind of definition."""
    ways = tuple(each for each in TASK.conventions if each.entry == "call")
    only = replace(TASK, conventions=ways)
    made = replace(EXAM, assignment=replace(EXAM.assignment, tasks=(task(), only)))
    found = _observed(candidate(kind="class", method="backward"), Player(right), made)
    assert all(not each.run.calls for each in found.values())
