from __future__ import annotations

import pytest

from grader.core.observation import Fault, Observation, Outcome
from grader.core.slice import TargetState
from grader.judging.checks import CHECKS
from tests.builders import answer, asked, cut, no_answer, raised, ran

IMPLEMENTED = CHECKS["implemented"]


@pytest.mark.parametrize(
    ("state", "text", "bug"),
    [
        ("missing", "No function good_f was found.", "missing"),
        ("unparsed", "The cell that should define good_f is not valid Python.", "missing"),
        ("stub", "good_f has no body yet.", "stub"),
    ],
)
def test_what_slicing_did_not_find(state: TargetState, text: str, bug: str) -> None:
    run = ran(setup="not_run")
    found = IMPLEMENTED.verdict(asked("implemented", (), run, sliced=cut(state=state)))
    assert (found.status, found.share, found.feedback) == ("failed", 0.0, text)
    assert found.diagnoses == (bug,)


def test_a_near_miss_is_hinted_at() -> None:
    sliced = cut(state="missing", near=("goodf", "good"))
    found = IMPLEMENTED.verdict(asked("implemented", (), ran(setup="not_run"), sliced=sliced))
    assert found.feedback == "No function good_f was found. Did you mean goodf to be it?"


@pytest.mark.parametrize(
    ("outcome", "status", "text", "bugs"),
    [
        ("raised", "failed", "good_f could not be defined. raised an exception", ("crashes",)),
        ("timed_out", "failed", "did not end within their time", ("timeout",)),
        ("killed", "failed", "The process died", ("killed",)),
        ("not_run", "error", "good_f was never run.", ()),
    ],
)
def test_cells_that_did_not_run(
    outcome: Outcome, status: str, text: str, bugs: tuple[str, ...]
) -> None:
    found = IMPLEMENTED.verdict(asked("implemented", (), ran(setup=outcome)))
    assert (found.status, found.share, found.diagnoses) == (status, 0.0, bugs)
    assert text in found.feedback


def test_the_first_fault_of_the_cells_is_told() -> None:
    faults = ((0, Fault("ImportError", "no course", "<cell 1>", 2)), (-1, Fault("E", "later")))
    found = IMPLEMENTED.verdict(asked("implemented", (), ran(setup="raised", faults=faults)))
    assert "could not be defined. ImportError: no course (cell 1, line 2)" in found.feedback


def test_only_nothing_is_a_stub() -> None:
    nothing, more = no_answer(returned="nothing"), raised()
    found = IMPLEMENTED.verdict(asked("implemented", (), ran({"a": nothing, "b": more})))
    assert (found.status, found.diagnoses) == ("failed", ("stub",))
    assert found.feedback == "good_f returns nothing."


@pytest.mark.parametrize(
    "calls",
    [
        {"a": no_answer(returned="nothing"), "b": answer()},
        {"a": no_answer(returned="str")},
        {"a": raised(), "b": no_answer("timed_out")},
        {},
    ],
)
def test_whatever_can_be_called_is_implemented(calls: dict[str, Observation]) -> None:
    found = IMPLEMENTED.verdict(asked("implemented", (), ran(calls)))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())


def test_faults_of_other_statements_do_not_matter_once_it_can_be_called() -> None:
    run = ran({"a": answer()}, faults=((0, Fault("ModuleNotFoundError", "no course")),))
    assert IMPLEMENTED.verdict(asked("implemented", (), run)).status == "passed"
