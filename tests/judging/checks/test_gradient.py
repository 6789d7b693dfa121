from __future__ import annotations

import pytest

from grader.core.observation import Observation
from grader.judging.checks import CHECKS
from tests.builders import (
    answer,
    asked,
    criterion,
    fixture,
    gradient_fixture,
    no_answer,
    raised,
    ran,
    raw,
    task,
)

GRADIENT = CHECKS["gradient"]
PAIR = gradient_fixture("gradient/pair")
OTHER = gradient_fixture("gradient/other", visibility="hidden")
RIGHT = answer(gradient=raw([[1.0, -1.0]]), flows=True)
WRONG = answer(gradient=raw([[1.0, 1.0]]), flows=True)
CUSTOM = answer(gradient=raw([[9.0, 9.0]]), flows=True, custom=True)


def test_calls_have_the_upstream_and_the_argument_to_differentiate() -> None:
    bare = fixture("gradient/bare")
    two = task(arguments=("w", "x"))
    calls = GRADIENT.calls(criterion(check="gradient"), two, (PAIR, bare), None)
    assert [call.key for call in calls] == ["gradient/pair#gradient"]
    assert (calls[0].mode, calls[0].upstream, calls[0].wrt) == ("gradient", PAIR.upstream, 1)
    (none,) = GRADIENT.calls(criterion(check="gradient"), task(differentiable=None), (PAIR,), None)
    assert none.wrt == 0


def test_right_gradients_pass() -> None:
    found = GRADIENT.verdict(
        asked(
            "gradient",
            (PAIR, OTHER),
            ran({"gradient/pair#gradient": RIGHT, "gradient/other#gradient": RIGHT}),
        )
    )
    assert (found.status, found.share) == ("passed", 1.0)


@pytest.mark.parametrize(
    ("observation", "outcome", "text"),
    [
        (WRONG, "wrong", "1 at (0, 1), expected -1"),
        (answer(flows=False), "wrong", "cut off from the argument"),
        (answer(flows=True), "wrong", "no gradient reaches the argument"),
        (no_answer(returned="nothing"), "wrong", "returned nothing, not numbers"),
        (raised("RuntimeError", "an inplace operation"), "raised", "an inplace operation"),
        (no_answer("timed_out"), "timed_out", "did not end"),
        (no_answer("killed"), "killed", "died"),
        (no_answer("not_run"), "not_run", "not run"),
    ],
)
def test_each_way_a_gradient_can_be_lost(observation: Observation, outcome: str, text: str) -> None:
    run = ran({"gradient/pair#gradient": observation, "gradient/other#gradient": RIGHT})
    found = GRADIENT.verdict(asked("gradient", (PAIR, OTHER), run))
    assert (found.status, found.share) == ("partial", 0.5)
    assert found.evidence[0].outcome == outcome
    assert text in found.evidence[0].text


def test_the_value_of_a_gradient_call_is_not_judged() -> None:
    off = answer(((7.0, 7.0),), gradient=raw([[1.0, -1.0]]), flows=True)
    run = ran({"gradient/pair#gradient": off})
    assert GRADIENT.verdict(asked("gradient", (PAIR,), run)).status == "passed"


@pytest.mark.parametrize("form", ["function", "autograd_function"])
def test_a_backward_pass_written_by_hand_is_not_judged(form: str) -> None:
    observation = CUSTOM if form == "function" else WRONG
    run = ran({"gradient/pair#gradient": observation, "gradient/other#gradient": WRONG}, form=form)
    found = GRADIENT.verdict(asked("gradient", (PAIR, OTHER), run))
    assert (found.status, found.share) == ("not_applicable", 1.0)
    assert found.evidence == ()


def test_an_observation_never_made_is_an_error() -> None:
    value_only = ran({"gradient/pair": answer()})
    assert GRADIENT.verdict(asked("gradient", (PAIR,), value_only)).status == "error"
