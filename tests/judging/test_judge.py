from __future__ import annotations

from dataclasses import replace

import pytest

from grader.core.observation import Exchange, Outcome, Program
from grader.core.record import Exam, Record
from grader.core.slice import TargetState
from grader.judging.judge import MAIN, judge
from tests.builders import (
    answer,
    criterion,
    cut,
    exam,
    fixture,
    identity_answers,
    ran,
    record,
    statement,
    task,
)

DATA = statement("z = [1.0]", cell=2, binds=("z",), data="literal")
ALL = (
    criterion("implemented", "implemented", points=0, gate=True),
    criterion("values", fixtures=("a",)),
    criterion("pure", "pure", fixtures=("a",)),
    criterion("own", "own-argument", fixtures=("a",)),
    criterion("essay", "manual"),
)
FIXTURES = (fixture("a/1"), fixture("a/2", ((3.0, 4.0),), visibility="hidden"))


def _made() -> Exam:
    return exam(ALL, FIXTURES)


def _statuses(one: Record, made: Exam) -> dict[str, str]:
    return {name: verdict.status for name, verdict in judge(one, made).items()}


def _without(one: Record, *names: str) -> Record:
    kept = {name: each for name, each in one.exchanges["forward"].items() if name not in names}
    return replace(one, exchanges={"forward": kept})


def test_every_automatic_criterion_gets_a_verdict() -> None:
    made = _made()
    found = judge(record(made, ran(identity_answers(made))), made)
    assert {name: verdict.criterion for name, verdict in found.items()} == {
        name: name for name in ("implemented", "values", "pure", "own")
    }
    assert {verdict.status for verdict in found.values()} == {"passed"}


@pytest.mark.parametrize("change", [{"fault": "the zygote is gone"}, {"ungradable": "not JSON"}])
def test_what_was_not_run_or_read_has_no_verdict(change: dict[str, str]) -> None:
    made = _made()
    assert judge(replace(record(made, ran(identity_answers(made))), **change), made) == {}


@pytest.mark.parametrize("state", ["missing", "stub", "unparsed"])
def test_nothing_to_call_is_skipped_and_not_an_error(state: TargetState) -> None:
    made = _made()
    one = replace(record(made, ran()), slices={"forward": cut(state=state)}, exchanges={})
    assert _statuses(one, made) == {
        "implemented": "failed",
        "values": "skipped",
        "pure": "skipped",
        "own": "skipped",
    }


@pytest.mark.parametrize("outcome", ["raised", "timed_out", "killed"])
def test_cells_that_did_not_run_leave_nothing_to_call(outcome: Outcome) -> None:
    made = _made()
    found = judge(record(made, ran(setup=outcome)), made)
    assert found["implemented"].status == "failed"
    assert {found[name].status for name in ("values", "pure", "own")} == {"skipped"}


def test_a_target_that_was_found_and_never_run_is_an_error_everywhere() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)))
    assert set(_statuses(_without(one, MAIN), made).values()) == {"error"}
    assert set(_statuses(replace(one, exchanges={}), made).values()) == {"error"}
    without_gate = exam(ALL[1:], FIXTURES)
    assert set(_statuses(replace(one, exchanges={}), without_gate).values()) == {"error"}


def test_a_role_that_was_never_cut_has_no_verdict() -> None:
    tasks = (task("forward"), task("backward", symbol="good_b"))
    back = criterion("back", role="backward", fixtures=("a",))
    made = exam((*ALL, back), FIXTURES, tasks=tasks)
    one = record(made, ran(identity_answers(made)))
    assert "back" not in judge(one, made)
    both = replace(one, slices={**one.slices, "backward": cut(role="backward")})
    assert judge(both, made)["back"].status == "error"


def test_an_experiment_called_for_and_never_made_is_an_error() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)), cut(DATA, statement()))
    assert _statuses(one, made)["own"] == "passed"
    lacking = judge(_without(one, "own/vary-2"), made)
    assert lacking["own"].status == "error"
    assert "own/vary-2" in lacking["own"].feedback
    assert lacking["values"].status == "passed"


def test_an_experiment_that_asked_less_than_wanted_is_an_error() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)), cut(DATA, statement()))
    made_of = one.exchanges["forward"]["own/vary-1"]
    short = Exchange(made_of.program, ran({"a/1": answer()}))
    exchanges = {"forward": {**one.exchanges["forward"], "own/vary-1": short}}
    assert _statuses(replace(one, exchanges=exchanges), made)["own"] == "error"


def test_the_main_run_is_no_experiment() -> None:
    made = exam((criterion("main", "own-argument", fixtures=("a",)),), FIXTURES)
    one = record(made, ran(identity_answers(made)))
    assert _statuses(one, made) == {"main": "passed"}


def test_a_wider_rubric_than_the_record_knows_of_is_an_error_in_what_is_new() -> None:
    narrow = exam(ALL, FIXTURES[:1])
    one = record(narrow, ran(identity_answers(narrow)))
    assert _statuses(one, _made()) == {
        "implemented": "passed",
        "values": "error",
        "pure": "error",
        "own": "error",
    }


def test_the_program_that_ran_decides_which_experiments_are_due() -> None:
    made = _made()
    one = record(made, ran(identity_answers(made)))
    main = one.exchanges["forward"][MAIN]
    wide = Exchange(Program((DATA, *main.program.statements), "good_f"), main.run)
    exchanges = {"forward": {MAIN: wide}}
    assert _statuses(replace(one, exchanges=exchanges), made)["own"] == "error"
