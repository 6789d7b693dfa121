from __future__ import annotations

from typing import Any

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


PROVING = task(proves={"gradient": "cut-off"})
OVERWRITTEN = raised("RuntimeError", "was modified by an inplace operation", cell=None, line=None)
MISFIT = raised("ValueError", "the result has shape (1, 3)", cell=None, line=None)


def _named(*told: Observation, plain: Observation | None = None) -> tuple[str, ...]:
    keys = ("gradient/pair#gradient", "gradient/other#gradient")
    calls = dict(zip(keys, told, strict=True)) | ({"a/1": plain} if plain else {})
    found = GRADIENT.verdict(asked("gradient", (PAIR, OTHER), ran(calls), task_=PROVING))
    return found.diagnoses


@pytest.mark.parametrize("lost", [WRONG, answer(flows=False), answer(flows=True)])
def test_what_is_wrong_in_its_gradient_alone_is_named(lost: Observation) -> None:
    assert _named(lost, RIGHT) == ("cut-off",)
    assert _named(RIGHT, RIGHT) == ()


@pytest.mark.parametrize("lost", [{"gradient": raw([[1.0, 1.0]]), "flows": True}, {}])
def test_the_gradient_of_wrong_values_may_be_wrong_for_that(lost: dict[str, Any]) -> None:
    """One input may have the right value by chance: every one must."""
    assert _named(answer(((7.0, 7.0),), **lost), RIGHT) == ()
    assert _named(WRONG, answer(((7.0, 7.0),), **lost)) == ()


@pytest.mark.parametrize(
    ("lost", "plain", "named"),
    [
        (raised("RuntimeError", "needs no grad", line=3), answer(), ("cut-off",)),
        (OVERWRITTEN, answer(), ("cut-off",)),
        (OVERWRITTEN, answer(changed=True), ()),
        (MISFIT, answer(), ()),
        (raised("RuntimeError", line=3), raised("RuntimeError", line=3), ()),
        (raised("RuntimeError", line=3), None, ()),
    ],
    ids=[
        "in its own line",
        "overwritten",
        "argument overwritten",
        "upstream of another shape",
        "anyway",
        "never asked",
    ],
)
def test_an_exception_is_named_where_the_gradient_brings_it_about(
    lost: Observation, plain: Observation | None, named: tuple[str, ...]
) -> None:
    assert _named(lost, RIGHT, plain=plain) == named


def test_other_inputs_that_raise_for_reasons_of_their_own_hide_nothing() -> None:
    calls = {
        "a/1": answer(),
        "a/2": raised("IndexError", line=4),
        "gradient/pair#gradient": raised("RuntimeError", "needs no grad", line=4),
    }
    found = GRADIENT.verdict(asked("gradient", (PAIR,), ran(calls), task_=PROVING))
    assert found.diagnoses == ("cut-off",)
