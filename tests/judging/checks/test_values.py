from __future__ import annotations

import math
from dataclasses import replace

import pytest
from numpy.typing import ArrayLike

from grader.core.observation import Observation
from grader.judging.checks import CHECKS
from tests.builders import (
    BOUND,
    answer,
    asked,
    criterion,
    fixture,
    no_answer,
    raised,
    ran,
    task,
)

VALUES = CHECKS["values"]
PAIR = fixture("values/pair")
OTHER = fixture("values/other", ((3.0, 4.0),), visibility="hidden")
RIGHT = answer(((3.0, 4.0),))
WRONG = answer(((9.0, 9.0),))


def test_one_value_call_a_fixture_and_no_experiment() -> None:
    calls = VALUES.calls(criterion(), task(), (PAIR, OTHER), None)
    assert [call.key for call in calls] == ["values/pair", "values/other"]
    assert {call.mode for call in calls} == {"value"}
    assert calls[0].arguments == PAIR.arguments
    assert VALUES.watch(criterion()) == ()


def test_all_right_is_passed() -> None:
    calls = {"values/pair": answer(), "values/other": RIGHT}
    found = VALUES.verdict(asked("values", (PAIR, OTHER), ran(calls)))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())
    assert [each.outcome for each in found.evidence] == ["ok", "ok"]
    assert [each.visibility for each in found.evidence] == ["visible", "hidden"]
    assert found.feedback == "2 of 2 inputs are right."


def test_some_right_is_partial_with_the_worst_entry() -> None:
    off = answer(((1.0, 2.5),))
    run = ran({"values/pair": off, "values/other": RIGHT})
    found = VALUES.verdict(asked("values", (PAIR, OTHER), run))
    assert (found.status, found.share) == ("partial", 0.5)
    wrong = found.evidence[0]
    assert wrong.outcome == "wrong"
    assert (wrong.error, wrong.bound) == (0.5, BOUND)
    assert wrong.worst is not None
    assert (wrong.worst.index, wrong.worst.got, wrong.worst.expected) == ((0, 1), 2.5, 2.0)
    assert "2.5 at (0, 1), expected 2" in wrong.text


def test_none_right_is_failed() -> None:
    run = ran({"values/pair": WRONG, "values/other": WRONG})
    found = VALUES.verdict(asked("values", (PAIR, OTHER), run))
    assert (found.status, found.share) == ("failed", 0.0)


def test_a_right_answer_of_another_dtype_is_right_here() -> None:
    run = ran({"values/pair": answer(dtype="float64", returned="list")})
    assert VALUES.verdict(asked("values", (PAIR,), run)).status == "passed"


@pytest.mark.parametrize("values", [((math.nan, 2.0),), (1.0, 2.0), ((1.0, 2.0, 3.0),), 1.0, ()])
def test_nan_and_other_shapes_are_wrong(values: ArrayLike) -> None:
    run = ran({"values/pair": answer(values)})
    found = VALUES.verdict(asked("values", (PAIR,), run))
    assert (found.status, found.evidence[0].outcome) == ("failed", "wrong")
    assert found.evidence[0].text


@pytest.mark.parametrize(
    ("observation", "outcome", "text", "named"),
    [
        (raised(), "raised", "ValueError: bad shape (cell 6, line 3)", "crashes"),
        (raised(message="", cell=None), "raised", "ValueError", "crashes"),
        (raised(line=None), "raised", "ValueError: bad shape", "crashes"),
        (no_answer("raised"), "raised", "raised an exception", "crashes"),
        (no_answer("timed_out"), "timed_out", "did not end within its time", "timeout"),
        (no_answer("killed"), "killed", "the process died", "killed"),
        (no_answer("not_run"), "not_run", "not run: earlier calls used up the limits", None),
        (no_answer(returned="nothing"), "wrong", "returned nothing, not numbers", None),
        (no_answer(returned="str"), "wrong", "returned str, not numbers", None),
    ],
)
def test_a_call_without_numbers(
    observation: Observation, outcome: str, text: str, named: str | None
) -> None:
    run = ran({"values/pair": observation, "values/other": RIGHT})
    found = VALUES.verdict(asked("values", (PAIR, OTHER), run))
    assert (found.status, found.share) == ("partial", 0.5)
    assert (found.evidence[0].outcome, found.evidence[0].text) == (outcome, text)
    assert found.diagnoses == (() if named is None else (named,))


def test_an_observation_never_made_is_an_error_and_not_a_failure() -> None:
    found = VALUES.verdict(asked("values", (PAIR, OTHER), ran({"values/pair": answer()})))
    assert (found.status, found.share) == ("error", 0.0)
    assert "values/other" in found.feedback


def test_a_degenerate_fixture_that_holds_earns_nothing() -> None:
    trivial = fixture("values/trivial", ((0.0, 0.0),), degenerate=True)
    calls = {"values/trivial": answer(((0.0, 0.0),))}
    alone = VALUES.verdict(asked("values", (trivial,), ran(calls)))
    assert (alone.status, alone.share) == ("passed", 0.0)
    beside = asked("values", (PAIR, trivial), ran({**calls, "values/pair": WRONG}))
    assert (VALUES.verdict(beside).status, VALUES.verdict(beside).share) == ("failed", 0.0)


def test_a_degenerate_fixture_that_fails_costs() -> None:
    trivial = fixture("values/trivial", ((0.0, 0.0),), degenerate=True)
    run = ran({"values/trivial": WRONG, "values/pair": answer()})
    found = VALUES.verdict(asked("values", (PAIR, trivial), run))
    assert (found.status, found.share) == ("partial", 0.5)


def test_an_informational_fixture_is_shown_and_decides_nothing() -> None:
    shown = fixture("values/shown", scored=False)
    crash = ran({"values/pair": answer(), "values/shown": raised()})
    found = VALUES.verdict(asked("values", (PAIR, shown), crash))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())
    assert [(each.fixture, each.scored) for each in found.evidence] == [
        ("values/pair", True),
        ("values/shown", False),
    ]
    held = ran({"values/pair": WRONG, "values/shown": answer()})
    assert VALUES.verdict(asked("values", (PAIR, shown), held)).status == "failed"


def test_nothing_but_information_is_skipped() -> None:
    shown = fixture("values/shown", scored=False)
    found = VALUES.verdict(asked("values", (shown,), ran({"values/shown": WRONG})))
    assert (found.status, found.share) == ("skipped", 0.0)


def test_a_fixture_for_information_that_was_never_observed_is_left_out() -> None:
    decides, told = fixture("a/1"), fixture("a/2", scored=False)
    verdict = VALUES.verdict(asked("values", (decides, told), ran({"a/1": answer()})))
    assert verdict.status == "passed"
    assert [each.fixture for each in verdict.evidence] == ["a/1"]


@pytest.mark.parametrize(
    ("needed", "status"), [(answer(), "failed"), (WRONG, "passed"), (None, "failed")]
)
def test_a_fixture_counts_only_where_the_one_it_needs_holds(
    needed: Observation | None, status: str
) -> None:
    also = replace(OTHER, needs="values/pair")
    third = fixture("values/third", ((5.0, 6.0),))
    calls = {"values/other": WRONG, "values/third": answer(((5.0, 6.0),))}
    calls |= {"values/pair": needed} if needed else {}
    question = replace(asked("values", (also, third), ran(calls)), needed={"values/pair": PAIR})
    found = VALUES.verdict(question)
    assert (found.status == "passed") == (status == "passed")
    assert found.evidence[0].scored == (status == "failed")
    assert found.evidence[0].text.startswith("not counted") == (status == "passed")
