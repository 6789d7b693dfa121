from __future__ import annotations

from dataclasses import replace

from grader.core.observation import Exchange, Program
from grader.core.record import Record
from tests.builders import answer, criterion, exam, fixture, no_answer, ran

PROGRAM = Program((), "good_f")
PLAIN = Record("ada-1", "ada/work.py", "0" * 64, "script")
FINE, HUNG = Exchange(PROGRAM, ran({"a": answer()})), Exchange(PROGRAM, ran(setup="timed_out"))
DEAD = Exchange(PROGRAM, ran({"a": no_answer("killed")}))


def test_a_record_without_runs_is_not_stopped() -> None:
    assert not PLAIN.stopped
    assert not replace(PLAIN, exchanges={"forward": {}}).stopped


def test_any_run_of_any_role_stops_a_record_until_it_was_made_alone() -> None:
    assert not replace(PLAIN, exchanges={"forward": {"main": FINE}}).stopped
    for exchanges in (
        {"forward": {"main": HUNG}},
        {"forward": {"main": FINE, "own/vary-1": DEAD}},
        {"forward": {"main": FINE}, "backward": {"main": DEAD}},
    ):
        assert replace(PLAIN, exchanges=exchanges).stopped
        assert not replace(PLAIN, exchanges=exchanges, retried=True).stopped


def test_exams_are_told_apart_by_identity() -> None:
    one, other = (exam((criterion(),), (fixture(),)) for _ in range(2))
    assert one == one  # noqa: PLR0124 - what caches rely on
    assert one != other
    assert len({one, other}) == 2
