"""What is known of bugs, brought together: the strongest evidence first, one diagnosis a bug."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from grader.core.assignment import Bug
from grader.core.observation import Run
from grader.core.record import Exam, Record
from grader.core.repair import Change
from grader.core.report import CriterionResult, CriterionStatus, Diagnosis
from grader.core.slice import Location
from grader.diagnosis.naming import name_bugs, repairs_of
from grader.repairing.verified import Verified
from tests.builders import (
    answer,
    backward_exam,
    backward_record,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    ran,
    record,
    task,
)

OWN = ("added", "turned", "cut-off")
PLACE = Location(6, 4, "id6", 44)
RUN = ran({"a/1": answer(), "a/1#again": answer()})


def _exam() -> Exam:
    criteria = (
        criterion("values", fixtures=("a",)),
        criterion("far", fixtures=("a",)),
        criterion("grad", "gradient", fixtures=("a",)),
        criterion("pure", "pure", fixtures=("a",)),
        criterion("own", "own-argument", fixtures=("a",)),
        criterion("back", role="backward", fixtures=("a",)),
    )
    tasks = (task("forward"), task("backward", symbol="good_b"))
    found = exam(criteria, (fixture("a/1"),), tasks=tasks)
    bugs = {**found.assignment.bugs, **{name: Bug(f"It is {name}.", "") for name in OWN}}
    return replace(found, assignment=replace(found.assignment, bugs=bugs))


EXAM = _exam()


def _row(identifier: str, *diagnoses: str, status: CriterionStatus = "failed") -> CriterionResult:
    return CriterionResult(
        id=identifier,
        title=identifier,
        points=0,
        max_points=1,
        bonus=False,
        visibility="visible",
        status=status,
        feedback="",
        diagnoses=diagnoses,
    )


def _record(run: Run = RUN, **changes: Any) -> Record:
    told = {"slices": {"forward": cut(), "backward": cut(role="backward")}, **changes}
    return record(EXAM, run, **told)


def _verified(
    *told: tuple[str, tuple[str, ...]], agreed: Iterable[str] | None = None, alone: bool = True
) -> dict[str, Verified]:
    """A verified repair of `forward`: bugs, and what each explains."""
    changes = tuple(Change(f"{bug}-away", bug, (PLACE, Location(7, 1))) for bug, _ in told)
    common = frozenset((bug for bug, _ in told) if agreed is None else agreed)
    return {"forward": Verified(changes, {}, tuple(names for _, names in told), common, alone)}


def _named(
    rows: tuple[CriterionResult, ...],
    repairs: Mapping[str, Verified] | None = None,
    one: Record | None = None,
    made: Exam = EXAM,
) -> list[tuple[str, str, tuple[str, ...]]]:
    return _short(name_bugs(one or _record(), made, rows, repairs or {})[1])


def _short(diagnoses: Iterable[Diagnosis]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.id, each.confidence, each.criteria) for each in diagnoses]


# Repairs. ----------------------------------------------------------------------------------------


def test_a_verified_repair_proves_its_bug_at_its_line() -> None:
    rows = (_row("values"), _row("far"), _row("grad", status="passed"))
    told, (found,) = name_bugs(_record(), EXAM, rows, _verified(("added", ("values", "far"))))
    assert _short([found]) == [("added", "proved", ("values", "far"))]
    assert found.message == "It is added."
    assert found.location is not None
    assert (found.location.cell, found.location.line, found.location.file_line) == (6, 4, 44)
    assert [row.diagnoses for row in told] == [("added",), ("added",), ()]


def test_the_rows_are_otherwise_as_they_were() -> None:
    rows = (_row("values"), _row("far", status="passed"))
    told, _ = name_bugs(_record(), EXAM, rows, _verified(("added", ("values",))))
    assert told[1] is rows[1]
    assert told[0] == rows[0].model_copy(update={"diagnoses": ("added",)})


def test_two_bugs_of_one_repair_are_both_proved() -> None:
    rows = (_row("values"), _row("far"))
    repair = _verified(("added", ("far",)), ("turned", ("values", "far")))
    assert _named(rows, repair) == [
        ("turned", "proved", ("values", "far")),
        ("added", "proved", ("far",)),
    ]


def test_one_bug_at_two_places_is_one_diagnosis_at_the_first() -> None:
    rows = (_row("values"), _row("far"))
    repair = _verified(("added", ("far",)), ("added", ("values",)))
    assert _named(rows, repair) == [("added", "proved", ("values", "far"))]


def test_where_repairs_disagree_only_what_they_share_is_told_and_not_as_proved() -> None:
    rows = (_row("values"), _row("far"))
    told = (("added", ("far",)), ("turned", ("values",)))
    assert _named(rows, _verified(*told, agreed=("turned",), alone=False)) == [
        ("turned", "matched", ("values",))
    ]
    assert _named(rows, _verified(*told, agreed=(), alone=False)) == []


def test_of_several_the_one_that_explains_most_comes_first() -> None:
    rows = tuple(_row(name) for name in ("values", "far", "grad"))
    repair = _verified(("added", ("values",)), ("turned", ("far", "grad")))
    assert [bug for bug, *_ in _named(rows, repair)] == ["turned", "added"]


def test_a_record_without_a_search_has_no_repair() -> None:
    assert repairs_of(_record(), EXAM) == {}
    assert repairs_of(_record(slices={}, exchanges={}), EXAM) == {}


# What checks have proved. ------------------------------------------------------------------------


def test_a_repair_and_a_check_that_name_the_same_bug_are_one_diagnosis_as_sure_as_the_surer() -> (
    None
):
    rows = (_row("values"), _row("grad", "added"))
    repair = _verified(("added", ("values",)), agreed=("added",), alone=False)
    told, found = name_bugs(_record(), EXAM, rows, repair)
    assert [row.diagnoses for row in told] == [("added",), ("added",)]
    assert [(each.id, each.criteria) for each in found] == [("added", ("values", "grad"))]
    assert found[0].confidence == "proved"
    assert found[0].location is not None
    assert found[0].location.line == 4


def test_what_a_check_found_stands_beside_a_repair_of_something_else() -> None:
    rows = (_row("values"), _row("far"), _row("pure", "writes"))
    assert _named(rows, _verified(("added", ("values", "far")))) == [
        ("added", "proved", ("values", "far")),
        ("writes", "proved", ("pure",)),
    ]


def test_what_merely_follows_gives_way_to_the_cause() -> None:
    """Gradients of wrong values are wrong: what the check says of them is no second bug."""
    rows = (_row("values"), _row("grad", "turned"))
    assert _named(rows, _verified(("added", ("values", "grad")))) == [
        ("added", "proved", ("values", "grad"))
    ]


def test_how_a_call_ended_gives_way_to_why() -> None:
    rows = (_row("values", "crashes"), _row("far", "crashes"))
    assert _named(rows, _verified(("added", ("values", "far")))) == [
        ("added", "proved", ("values", "far"))
    ]


def test_how_a_call_ended_stays_where_a_row_has_no_cause() -> None:
    rows = (_row("values", "crashes"), _row("far", "crashes"))
    assert _named(rows, _verified(("added", ("values",)))) == [
        ("crashes", "proved", ("values", "far")),
        ("added", "proved", ("values",)),
    ]


@pytest.mark.parametrize("status", ["passed", "not_applicable", "error", "pending"])
def test_a_row_that_was_not_lost_is_explained_by_nothing(status: CriterionStatus) -> None:
    rows = (_row("values"), _row("far", status=status))
    repair = _verified(("added", ("values", "far")))
    assert _named(rows, repair) == [("added", "proved", ("values",))]


def test_without_any_evidence_nothing_is_named() -> None:
    assert _named(()) == []
    assert _named((_row("back"),)) == []


# Outputs that are those of one known bug. --------------------------------------------------------


def _wrong(upstream: Any, x: Any) -> Any:
    return -3 * x**2 * upstream


BACKWARD = backward_exam()


def test_a_bug_known_by_its_results_is_matched() -> None:
    one = backward_record(BACKWARD, (candidate("upstream", "x"), _wrong))
    rows = (_row("slope"), _row("far"))
    assert _named(rows, None, one, BACKWARD) == [("flipped", "matched", ("slope", "far"))]


def test_what_a_repair_has_proved_is_not_matched_again() -> None:
    one = backward_record(BACKWARD, (candidate("upstream", "x"), _wrong))
    (proved,) = _verified(("linear", ("slope", "far"))).values()
    assert _named((_row("slope"), _row("far")), {"backward": proved}, one, BACKWARD) == [
        ("linear", "proved", ("slope", "far"))
    ]


def test_of_what_depends_on_more_than_its_argument_nothing_is_matched() -> None:
    one = backward_record(BACKWARD, (candidate("upstream", "x"), _wrong))
    proves = {"own-argument": "borrowed"}
    tasks = tuple(
        replace(each, proves=proves) if each.role == "backward" else each
        for each in BACKWARD.assignment.tasks
    )
    made = replace(BACKWARD, assignment=replace(BACKWARD.assignment, tasks=tasks))
    rows = (_row("slope"), _row("far", "borrowed"))
    assert _named(rows, None, one, made) == [("borrowed", "proved", ("far",))]


def test_a_method_that_is_never_called_comes_last_and_explains_nothing() -> None:
    one = backward_record(BACKWARD, (candidate("upstream", "x", uncalled=True), _wrong))
    assert _named((_row("slope"), _row("far")), None, one, BACKWARD) == [
        ("flipped", "matched", ("slope", "far")),
        ("never-called", "static", ()),
    ]


def test_roles_come_in_the_order_of_the_rubric() -> None:
    rows = (_row("back", "writes"), _row("pure", "writes"))
    found = name_bugs(_record(), EXAM, rows, {})[1]
    assert [(each.role, each.criteria) for each in found] == [
        ("forward", ("pure",)),
        ("backward", ("back",)),
    ]
