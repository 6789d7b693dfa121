from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.core.assignment import Bug
from grader.core.observation import Fault, Run
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult, Diagnosis
from grader.core.slice import Location
from grader.diagnosis.observed import OWN, diagnosis_of, observed, place, uncalled
from grader.reporting.assemble import assemble
from tests.builders import (
    answer,
    backward_exam,
    backward_record,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    no_answer,
    raised,
    ran,
    record,
    statement,
    task,
)

FIXTURES = (fixture("a/1"), fixture("a/2", visibility="hidden"))


def _exam(**changes: Any) -> Exam:
    criteria = (
        criterion("values", fixtures=("a",)),
        criterion("pure", "pure", fixtures=("a",)),
        criterion("back", role="backward", fixtures=("a",)),
    )
    tasks = (task("forward"), task("backward", symbol="good_b"))
    return exam(criteria, FIXTURES, tasks=tasks, **changes)


def _row(identifier: str, *diagnoses: str) -> CriterionResult:
    return CriterionResult(
        id=identifier,
        title=identifier,
        points=0,
        max_points=1,
        bonus=False,
        visibility="visible",
        status="failed",
        feedback="",
        diagnoses=diagnoses,
    )


def _record(run: Run, **changes: Any) -> Record:
    told = {"slices": {"forward": cut(), "backward": cut(role="backward")}, **changes}
    return record(_exam(), run, **told)


RUN = ran({"a/1": answer(), "a/2": answer()})


def _told(one: Record, made: Exam, rows: tuple[CriterionResult, ...]) -> tuple[Diagnosis, ...]:
    """What the checks have proved, and what is seen of the slices, in words."""
    found = (*observed(made, rows), *uncalled(one, made))
    return tuple(diagnosis_of(one, made, each) for each in found)


def test_no_row_names_no_bug() -> None:
    assert _told(_record(RUN), _exam(), ()) == ()
    assert _told(_record(RUN), _exam(), (_row("values"),)) == ()


def test_one_diagnosis_a_bug_and_role_in_the_order_of_the_rows() -> None:
    rows = (
        _row("pure", "writes", "crashes"),
        _row("values", "crashes"),
        _row("back", "crashes"),
    )
    found = _told(_record(RUN), _exam(), rows)
    assert [(each.id, each.role, each.criteria) for each in found] == [
        ("writes", "forward", ("pure",)),
        ("crashes", "forward", ("pure", "values")),
        ("crashes", "backward", ("back",)),
    ]
    assert {each.confidence for each in found} == {"proved"}


def test_words_come_from_the_engine_or_the_assignment() -> None:
    writes, stub = _told(_record(RUN), _exam(), (_row("pure", "writes", "stub"),))
    assert (writes.message, writes.hint) == ("It writes.", "See where it writes.")
    assert (stub.message, stub.hint) == (OWN["stub"].message, OWN["stub"].hint)


def test_the_engines_own_bugs_are_those_of_the_contract() -> None:
    stable = {"missing", "stub", "crashes", "timeout", "killed"}
    assert stable <= set(OWN)
    assert set(OWN) - stable == {
        "draws-random", "not-numbers", "returns-nothing", "unsteady",
    }  # fmt: skip


def test_a_bug_stands_where_the_definition_does() -> None:
    sliced = cut(location=Location(6, 2, "id6", 41))
    one = _record(RUN, slices={"forward": sliced})
    (found,) = _told(one, _exam(), (_row("values", "timeout"),))
    assert found.location is not None
    assert found.location.model_dump() == {
        "cell": 6,
        "cell_id": "id6",
        "line": 2,
        "file_line": 41,
    }
    nowhere = _record(RUN, slices={"forward": cut(state="missing", location=None)})
    (found,) = _told(nowhere, _exam(), (_row("values", "missing"),))
    assert found.location is None


def _crash_line(run: Run, *statements: Any) -> tuple[int, int, int | None] | None:
    sliced = cut(*statements) if statements else cut()
    one = _record(run, slices={"forward": sliced})
    (found,) = _told(one, _exam(), (_row("values", "crashes"),))
    if found.location is None:
        return None
    return found.location.cell, found.location.line, found.location.file_line


def test_a_crash_stands_where_the_exception_came_from() -> None:
    run = ran({"a/1": raised(cell=4, line=7), "a/2": answer()})
    helper = statement("def helper(x): ...", cell=4, line=6, file_line=106, binds=("helper",))
    assert _crash_line(run, helper, statement()) == (4, 7, 107)
    bare = statement("def helper(x): ...", cell=4, line=6, binds=("helper",))
    assert _crash_line(run, bare, statement()) == (4, 7, None)


def test_the_line_of_the_file_is_counted_from_the_nearest_statement() -> None:
    run = ran({"a/1": raised(cell=4, line=7), "a/2": answer()})
    first = statement("import math", cell=4, line=1, file_line=10, binds=("math",))
    second = statement("def helper(x): ...", cell=4, line=6, file_line=206, binds=("helper",))
    assert _crash_line(run, first, second, statement()) == (4, 7, 207)


@pytest.mark.parametrize(
    "observation",
    [raised(cell=None), raised(line=None), raised(cell=99), no_answer("raised")],
)
def test_a_crash_outside_the_slice_stands_at_the_definition(observation: Any) -> None:
    assert _crash_line(ran({"a/1": observation, "a/2": answer()})) == (6, 1, None)


def test_a_crash_while_the_cells_ran_stands_there() -> None:
    fault = Fault("ImportError", "no course", "<cell 2>", 1)
    run = ran(setup="raised", faults=((0, fault), (-1, Fault("E", "later", "<cell 6>", 1))))
    course = statement("import course", cell=2, binds=("course",))
    assert _crash_line(run, course, statement()) == (2, 1, None)
    assert _crash_line(ran(setup="raised"), course, statement()) == (6, 1, None)


def test_where_it_crashed_on_a_hidden_input_is_not_told() -> None:
    hidden_only = ran({"a/1": answer(), "a/2": raised(line=9)})
    assert _crash_line(hidden_only) == (6, 1, None)
    both = ran({"a/1": raised(line=5), "a/2": raised(line=9)})
    assert _crash_line(both) == (6, 5, None)


def test_no_run_is_survived() -> None:
    one = _record(RUN, exchanges={})
    (found,) = _told(one, _exam(), (_row("values", "crashes"),))
    assert found.location is not None
    assert found.location.line == 1


def test_a_place_is_a_location_in_the_reports_words() -> None:
    assert place(None) is None
    found = place(Location(3, 4))
    assert found is not None
    assert (found.cell, found.line, found.cell_id, found.file_line) == (3, 4, None, None)


# A role whose notebooks may leave the call to autograd.


def test_a_role_may_have_words_of_its_own_for_a_bug() -> None:
    made = _exam()
    own = Bug("The backward pass writes.", "See there.")
    bugs = {**made.assignment.bugs, "backward/writes": own}
    made = replace(made, assignment=replace(made.assignment, bugs=bugs))
    forward, backward = _told(_record(RUN), made, (_row("pure", "writes"), _row("back", "writes")))
    assert (forward.id, forward.message) == ("writes", "It writes.")
    assert (backward.id, backward.message) == ("writes", "The backward pass writes.")


def test_a_method_that_autograd_never_calls_is_told_and_explains_nothing() -> None:
    made = backward_exam()
    uncalled = candidate("upstream", location=Location(6, 4), kind="class", uncalled=True)
    one = backward_record(made, (uncalled, lambda x, upstream: 3 * x**2 * upstream))
    (found,) = _told(one, made, ())
    assert (found.id, found.role, found.confidence) == ("never-called", "backward", "static")
    assert (found.criteria, found.message) == ((), "It is never-called.")
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (6, 4)


def test_it_is_told_only_where_it_is_so_and_the_task_has_a_word_for_it() -> None:
    made = backward_exam()
    called = backward_record(made, (candidate("upstream", "x"), lambda upstream, x: upstream + x))
    assert _told(called, made, ()) == ()
    assert _told(replace(called, slices={}), made, ()) == ()
    # the task `forward` has no word for it
    assert _told(_record(RUN, slices={"forward": cut(uncalled=True)}), _exam(), ()) == ()


def test_of_a_record_that_is_not_graded_nothing_is_told() -> None:
    """Which of several definitions is meant was not settled: it may be the other one."""
    made = backward_exam()
    one = backward_record(
        made,
        (candidate("upstream", "x", uncalled=True), lambda upstream, x: upstream + x),
        fault="the zygote is gone",
    )
    assert assemble(one, made, {}).diagnoses == ()
