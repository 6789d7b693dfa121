from __future__ import annotations

import pytest

from grader.core.observation import Fault
from grader.judging.checks.asked import by_fixture, evidence, fault_text, unanswered
from tests.builders import answer, asked, fixture, no_answer, ran, task

PAIR = fixture("values/pair")
SHOWN = fixture("values/shown", scored=False, visibility="hidden")


def test_evidence_keeps_what_decides_who_may_see_it() -> None:
    found = evidence(SHOWN, "wrong", "text")
    assert (found.fixture, found.visibility, found.scored) == ("values/shown", "hidden", False)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (None, "raised an exception"),
        (Fault("E", "why", "<cell 2>", 4), "E: why (cell 2, line 4)"),
        (Fault("E", "", "<cell 2>", 4), "E (cell 2, line 4)"),
        (Fault("E", "why"), "E: why"),
        (Fault("E", "", "<cell 2>", None), "E"),
    ],
)
def test_a_fault_in_words(fault: Fault | None, text: str) -> None:
    assert fault_text(fault) == text


def test_an_answer_is_not_unanswered() -> None:
    assert unanswered(PAIR, answer()) is None


def test_a_value_call_is_keyed_by_its_fixture() -> None:
    call = asked("values", (PAIR,), ran()).call(PAIR)
    assert (call.key, call.arguments) == ("values/pair", PAIR.arguments)


def test_by_fixture_leaves_out_what_was_never_asked() -> None:
    run = ran({"values/pair#gradient": answer(), "values/shown": no_answer("killed")})
    question = asked("values", (PAIR, SHOWN), run)
    assert list(by_fixture(question)) == ["values/shown"]
    assert list(by_fixture(question, "#gradient")) == ["values/pair"]


def test_scored_are_those_that_decide() -> None:
    assert asked("values", (PAIR, SHOWN), ran()).scored == (PAIR,)


def test_what_a_check_proves_is_the_assignments_to_say() -> None:
    assert asked("pure", (), ran()).proved() == ("writes",)
    assert asked("values", (), ran()).proved() == ()
    assert asked("pure", (), ran(), task_=task(proves={})).proved() == ()
