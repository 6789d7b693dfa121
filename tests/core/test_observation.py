from __future__ import annotations

from dataclasses import fields

import pytest

from grader.core.observation import Limits, Outcome
from tests.builders import answer, no_answer, ran


def test_doubled_limits_are_twice_as_wide_for_the_one_run_that_counts() -> None:
    usual, doubled = Limits(), Limits().doubled()
    kept = {"output_bytes", "frame_bytes"}
    stops = {"timeouts", "timeouts_among_answers"}
    for name in {each.name for each in fields(Limits)} - kept - stops:
        assert getattr(doubled, name) == 2 * getattr(usual, name), name
    for name in kept:
        assert getattr(doubled, name) == getattr(usual, name), name
    for name in stops:
        assert getattr(doubled, name) > getattr(usual, name), name


def test_doubling_goes_by_the_limits_at_hand() -> None:
    assert Limits(call_seconds=7, memory_bytes=3).doubled().call_seconds == 14
    assert Limits(call_seconds=7, memory_bytes=3).doubled().memory_bytes == 6


@pytest.mark.parametrize(
    ("outcome", "stopped"),
    [("timed_out", True), ("killed", True), ("ok", False), ("raised", False), ("not_run", False)],
)
def test_a_limit_anywhere_stops_a_run(outcome: Outcome, *, stopped: bool) -> None:
    assert ran(setup=outcome).stopped == stopped
    assert ran({"a": answer(), "b": no_answer(outcome)}).stopped == stopped
