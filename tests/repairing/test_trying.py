"""What is to be mended, what is asked of a candidate, and what speaks against a bug."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.observation import Exchange, Observation, Run, Setup
from grader.core.record import Bench, Exam
from grader.core.report import CriterionStatus
from grader.core.slice import Slice
from grader.core.verdict import Verdict
from grader.judging.discovery import STAND_IN
from grader.judging.judge import MAIN
from grader.observing import observe_target
from grader.repairing.trying import (
    Base,
    base_of,
    binding,
    explained,
    held,
    holds,
    is_right,
    lost,
    refuted,
    telling,
    unexplained,
    wrong_answers,
)
from tests.builders import Player, answer, backward_exam, candidate, criterion
from tests.repairing.workshop import made, observed, target

EXAM = made()
LEANING = candidate("upstream", "x", leans_on="good_f")
STATUSES: tuple[CriterionStatus, ...] = (
    "passed", "partial", "failed", "skipped", "not_applicable", "pending", "error",
)  # fmt: skip


class Unbenched(Player):
    """A player on whose bench nothing may be tried."""

    def bench(self) -> Bench:
        raise AssertionError("a bench was started")


def _base(sliced: Slice, exam: Exam = EXAM) -> Base:
    found = base_of(exam, "forward", sliced, observed(exam, sliced))
    assert found is not None
    return found


def _of(verdicts: dict[str, Verdict], exam: Exam = EXAM) -> Base:
    """The base of a right target, with these verdicts in place of its own."""
    return replace(_base(target("return x"), exam), verdicts=verdicts)


def _said(name: str, status: CriterionStatus = "failed", *bugs: str) -> dict[str, Verdict]:
    return {name: Verdict(name, status, 0.0, diagnoses=bugs)}


def test_the_target_as_handed_in_is_what_is_mended() -> None:
    sliced = target("return x + 1")
    exchanges = observed(EXAM, sliced)
    base = base_of(EXAM, "forward", sliced, exchanges)
    assert base is not None
    assert base.main is exchanges[MAIN]
    assert [name for name, each in base.verdicts.items() if lost(each)] == [
        "values", "large", "batch",
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", ["timed_out", "killed"])
@pytest.mark.parametrize("stopped", [MAIN, "own/vary-1"])
def test_what_a_limit_stopped_anywhere_is_not_mended(outcome: Any, stopped: str) -> None:
    sliced = target("return x + far", reads=True)
    exchanges = observed(EXAM, sliced)
    calls = {**exchanges[stopped].run.calls, "values/pair": Observation(outcome)}
    run = replace(exchanges[stopped].run, calls=calls)
    exchanges[stopped] = replace(exchanges[stopped], run=run)
    assert base_of(EXAM, "forward", sliced, exchanges) is None


def test_where_nothing_ran_nothing_is_mended() -> None:
    assert base_of(EXAM, "forward", target("return x"), {}) is None


def _leaning(handed_in: Any, instead: Any) -> tuple[Base | None, dict[str, Exchange]]:
    exam = backward_exam()
    runner = Unbenched(handed_in, instead)
    exchanges = observe_target(exam, "backward", LEANING, runner, alone=False)
    assert STAND_IN in exchanges
    return base_of(exam, "backward", LEANING, exchanges), exchanges


def _right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def _wrong(upstream: Any, x: Any) -> Any:
    return upstream + x


def _right_in_rows(upstream: Any, x: Any) -> Any:
    return _right(upstream, x) if len(x) == 1 else _wrong(upstream, x)


def test_with_a_stand_in_only_what_is_decided_on_it_is_mended() -> None:
    base, exchanges = _leaning(_wrong, _right_in_rows)
    assert base is not None
    assert base.main is exchanges[STAND_IN]
    assert list(base.verdicts) == ["slope"]
    assert base.verdicts["slope"].status == "partial"


def test_a_stand_in_that_does_no_better_is_left_out() -> None:
    base, exchanges = _leaning(_right_in_rows, _wrong)
    assert base is not None
    assert base.main is exchanges[MAIN]
    assert list(base.verdicts) == ["slope", "far"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_verdict_is_lost_or_holds_or_neither(status: CriterionStatus) -> None:
    verdict = Verdict("it", status, 0.5)
    assert lost(verdict) == (status in {"failed", "partial"})
    assert holds(verdict) == (status in {"passed", "not_applicable"})


def test_only_lost_criteria_that_an_experiment_named_are_explained() -> None:
    verdicts = {
        **_said("own", "failed", "reaches-out"),
        **_said("values", "partial", "crashes", "timeout", "killed"),
        **_said("large", "failed", "crashes", "turned"),
        **_said("batch", "passed", "added"),
        **_said("pure", "skipped", "writes"),
    }
    assert explained(verdicts) == {"own": ("reaches-out",), "large": ("turned",)}
    assert unexplained(verdicts) == ("values",)


def test_what_follows_from_other_bugs_does_not_bind() -> None:
    criteria = (
        criterion("own", "own-argument", fixtures=("values",)),
        criterion("dtype", "dtype", fixtures=("values",)),
        criterion("gradient", "gradient", fixtures=("values",)),
    )
    exam = made(criteria=criteria)
    verdicts = {
        **_said("own", "failed", "reaches-out"),
        **_said("dtype", "failed", "borrowed"),
        **_said("gradient", "failed", "writes"),
    }
    assert set(explained(verdicts)) == {"own", "dtype", "gradient"}
    assert binding(exam, "forward", verdicts) == {"own": ("reaches-out",)}


@pytest.mark.parametrize(
    ("status", "bugs", "is_refuted"),
    [
        ("passed", (), True),
        ("failed", ("writes",), False),
        ("skipped", (), False),
        ("failed", ("unsteady",), True),
    ],
)
def test_a_check_that_would_have_proved_a_bug_refutes_it(
    status: CriterionStatus, bugs: tuple[str, ...], *, is_refuted: bool
) -> None:
    base = _of(_said("pure", status, *bugs))
    assert refuted(EXAM, EXAM.assignment.task("forward"), base) == (
        {"writes"} if is_refuted else set()
    )


def test_a_check_that_the_rubric_does_not_use_refutes_nothing() -> None:
    assert refuted(EXAM, EXAM.assignment.task("forward"), _of({})) == set()


def test_of_two_criteria_with_one_check_either_may_leave_the_bug_open() -> None:
    criteria = tuple(criterion(name, "pure", fixtures=("values",)) for name in ("pure", "again"))
    exam = made(criteria=criteria)
    task = exam.assignment.task("forward")
    both = {**_said("pure", "passed"), **_said("again", "passed")}
    assert refuted(exam, task, _of(both, exam)) == {"writes"}
    one = {**both, **_said("again", "failed", "writes")}
    assert refuted(exam, task, _of(one, exam)) == set()


@pytest.mark.parametrize(
    ("status", "expected"), [("passed", {"torn"}), ("failed", set()), ("partial", set())]
)
def test_gradients_of_wrong_values_refute_nothing(
    status: CriterionStatus, expected: set[str]
) -> None:
    exam = made(criteria=(criterion("gradient", "gradient", fixtures=("values",)),))
    task = replace(exam.assignment.task("forward"), proves={"gradient": "torn"})
    assert refuted(exam, task, _of(_said("gradient", status), exam)) == expected


def _told(sliced: Slice, base: Base) -> list[tuple[str, str]]:
    return [(each.criterion.id, each.call.key) for each in telling(EXAM, "forward", sliced, base)]


def test_the_first_and_the_last_lost_question_of_each_criterion_tell() -> None:
    sliced = target("return x + 1")
    assert _told(sliced, _base(sliced)) == [
        ("values", "values/pair"),
        ("values", "values/other"),
        ("large", "large/row"),
        ("batch", "batch/rows"),
    ]


def test_what_is_right_or_explained_tells_nothing() -> None:
    sliced = target("return x + (far if x.shape[0] > 1 else 0)", reads=True)
    assert _told(sliced, _base(sliced)) == [("batch", "batch/rows")]
    assert _told(target("return x"), _base(target("return x"))) == []


def test_a_write_that_was_seen_tells_nothing() -> None:
    sliced = target("y = x + (len(x) > 1)\nx *= 2\nreturn y")
    assert _told(sliced, _base(sliced)) == [("batch", "batch/rows")]


def test_only_wrong_questions_tell() -> None:
    sliced = target("return x + (x.shape[1] == 3)")
    assert _told(sliced, _base(sliced)) == [("values", "values/other"), ("large", "large/row")]


@pytest.mark.parametrize(
    ("observation", "right"),
    [
        (None, False),
        (Observation("raised"), False),
        (Observation("timed_out"), False),
        (Observation("ok"), False),
        (answer(), True),
        (answer(((1.0, 2.5),)), False),
        (answer(((1.0,), (2.0,))), False),
        (answer(((1.0, np.nan),)), False),
    ],
)
def test_one_question_is_right_as_its_criterion_wants_it(
    observation: Observation | None, *, right: bool
) -> None:
    sliced = target("return x + 1")
    base = _base(sliced)
    first = telling(EXAM, "forward", sliced, base)[0]
    assert is_right(EXAM, sliced, first, base.main.program, observation) is right


def test_wrong_answers_come_with_their_inputs() -> None:
    sliced = target("return x + (x.shape[1] == 3)")
    found = wrong_answers(EXAM, _base(sliced))
    assert [inputs["x"].tolist() for inputs, _ in found] == [[[-3.0, 0.5, 4.0]], [[20, 90, -70]]]
    assert [value.tolist() for _, value in found] == [[[-2.0, 1.5, 5.0]], [[21, 91, -69]]]


def test_what_raised_or_is_right_is_no_wrong_answer() -> None:
    sliced = target("assert abs(x).max() < 50\nreturn x")
    assert wrong_answers(EXAM, _base(sliced)) == ()


NAMES = ("values", "large", "batch", "own", "pure")
VERDICTS = st.fixed_dictionaries({name: st.sampled_from(STATUSES) for name in NAMES})


@settings(deadline=None)
@given(VERDICTS, VERDICTS)
def test_a_target_is_whole_where_all_holds_and_nearly_where_the_rest_was_explained(
    before: dict[str, CriterionStatus], after: dict[str, CriterionStatus]
) -> None:
    named = {"own": ("reaches-out",), "pure": ("writes",)}
    base = Base(
        Exchange(observed(EXAM, target("return x"))[MAIN].program, Run(Setup("ok"), {})),
        {
            name: Verdict(name, status, 0.5, diagnoses=named.get(name, ()))
            for name, status in before.items()
        },
    )
    now = {name: Verdict(name, status, 0.5) for name, status in after.items()}
    failing = {
        name for name, each in after.items() if each not in ("passed", "not_applicable", "error")
    }
    known = {name for name in named if before[name] in ("failed", "partial")}
    expected = "no" if failing - known else "nearly" if failing else "whole"
    assert held(base, now) == expected


def test_criteria_decided_on_another_run_do_not_count() -> None:
    base = _of(_said("values"))
    after = {name: Verdict(name, "failed", 0.0) for name in NAMES} | _said("values", "passed")
    assert held(base, after) == "whole"
