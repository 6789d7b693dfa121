from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.core.report import Evidence, Report
from grader.deciding.compare import Comparison, Side, compare
from grader.deciding.decide import decided
from tests.deciding.samples import chain, entry, report, row


def side(*reports: Report, **facts: str) -> Side:
    return Side(reports, facts, {"values/a": "1", "values/b": "1"})


def made(*rows: Any, source: str = "a") -> Report:
    evidence = (Evidence(fixture="values/a", outcome="ok"),)
    return report(*rows or (row("values", "partial", 2.0, evidence=evidence),), source=source)


OTHER = made(row("values", "passed", 4.0, evidence=made().criteria[0].evidence))


def test_the_same_is_the_same() -> None:
    one = side(made(), made(source="b"), torch="2.1")
    assert compare(one, one) == Comparison((), (), (), (), same=2)


def test_whose_mark_changed_and_which_verdict() -> None:
    found = compare(side(made(), made(source="b")), side(OTHER, made(source="b")))
    (change,) = found.changes
    assert (change.source, change.old, change.new) == ("a", 2.0, 4.0)
    assert change.why == ("values 2/4 partial -> 4/4 passed",)
    assert found.same == 1


def test_what_they_were_made_with_is_told() -> None:
    old, new = side(torch="2.1", rubric="x 1.0"), side(torch="2.2", rubric="x 1.0", numpy="2")
    assert compare(old, new).facts == ("torch 2.1 -> 2.2", "numpy none -> 2")


def test_a_changed_fixture_is_told_of_the_criteria_it_decides() -> None:
    new = replace(side(OTHER), fixtures={"values/a": "2", "values/c": "1"})
    found = compare(side(made()), new)
    assert found.facts == ("3 of 3 fixtures (values/a, values/b, values/c)",)
    assert found.changes[0].why == ("values 2/4 partial -> 4/4 passed, fixtures changed: values/a",)


def test_a_changed_criterion_is_told() -> None:
    new = made(row("values", "partial", 3.0, max_points=6.0), row("more", "passed", 1.0))
    found = compare(
        side(made(row("values", "partial", 2.0), row("gone", "passed", 1.0))), side(new)
    )
    assert found.changes[0].why == (
        "values 2/4 partial -> 3/6 partial, the rubric's criterion changed",
        "gone is gone: it had 1",
        "more is new: 1 of 4",
    )


@pytest.mark.parametrize("back", [False, True])
def test_a_decision_is_told_when_it_comes_and_when_it_goes(*, back: bool) -> None:
    plain = made()
    new = decided(plain, chain(entry("override", plain, criterion="values", points=3))).report
    told = "override values +1 (by ann)"
    pair = (side(new), side(plain)) if back else (side(plain), side(new))
    assert compare(*pair).changes[0].why == ((f"no longer: {told}",) if back else (told,))


def test_a_mark_by_hand_is_told() -> None:
    plain = made(row("essay", "pending"))
    new = decided(plain, chain(entry("mark", plain, criterion="essay", points=0))).report
    (change,) = compare(side(plain), side(new)).changes
    assert (change.old, change.new) == (0.0, 0.0)
    assert change.why == ("needs_person -> graded", "essay 0/4 pending -> 0/4 failed by hand")


def test_another_file_and_files_on_one_side_only() -> None:
    changed = OTHER.model_copy(
        update={"submission": OTHER.submission.model_copy(update={"sha256": "f" * 64})}
    )
    found = compare(side(made(), made(source="o")), side(changed, made(source="n")))
    assert found.changes[0].why[0] == "another file"
    assert (found.only_old, found.only_new) == (("o",), ("n",))


def test_the_ungradable_and_excused_have_no_mark() -> None:
    unread = report(source="a")
    excused = decided(made(), chain(entry("excuse", made()))).report
    (change,) = compare(side(unread), side(made())).changes
    assert (change.old, change.new) == (None, 2.0)
    (change,) = compare(side(made()), side(excused)).changes
    assert (change.old, change.new) == (2.0, None)


def test_close_results_are_listed() -> None:
    near = made(row("values", "failed", close=True))
    assert compare(side(), side(near)).close == ("a",)
