"""A verified repair in the report: for staff, in points, and for students where it is revealed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.core.observation import Limits
from grader.core.record import Exam, Record
from grader.core.report import Report
from grader.editing import Code
from grader.judging.judge import judge
from grader.judging.settle import settle
from grader.observing import observe_repair
from grader.reporting.assemble import assemble
from grader.reporting.student import student_view
from tests.builders import criterion
from tests.repairing.workshop import Workshop, made, observed, swap, target

MORE = swap(" + 1", "")
SIGN = swap("-x", "x", "turned")


def _exam(*rules: Any, hidden: bool = False, **rubric: Any) -> Exam:
    dark = "hidden" if hidden else "visible"
    criteria = (
        criterion("values", fixtures=("values",)),
        criterion("large", fixtures=("large",), visibility=dark),
        criterion("batch", fixtures=("batch",), visibility=dark),
        criterion("pure", "pure", points=1, fixtures=("values",)),
    )
    found = made(*rules, criteria=criteria)
    return replace(found, rubric=found.rubric.model_copy(update=rubric))


def _record(known: Exam, body: str) -> Record:
    runner, sliced = Workshop(), target(body)
    exchanges = observed(known, sliced, runner)
    repair, confirming = observe_repair(known, "forward", sliced, exchanges, runner)
    return Record(
        "ada-1",
        "ada/work.py",
        "1" * 64,
        "script",
        slices={"forward": sliced},
        exchanges={"forward": {**exchanges, **confirming}},
        repairs={} if repair is None else {"forward": repair},
        limits=Limits(),
        isolation="none",
        torch="2.0",
    )


def _report(known: Exam, body: str) -> Report:
    one = settle(_record(known, body), known)
    return assemble(one, known, judge(one, known))


def test_staff_see_what_was_mended_and_what_it_would_be_worth() -> None:
    found = _report(_exam(MORE), "y = x + 1\nreturn y")
    (repair,) = found.repairs
    assert (repair.role, repair.bugs, repair.criteria) == (
        "forward",
        ("added",),
        ("values", "large", "batch"),
    )
    assert (repair.points, repair.tried, repair.alternatives) == (12.0, 1, ())
    assert repair.diff.splitlines()[-3:] == ["-    y = x + 1", "+    y = x", "     return y"]
    assert not repair.revealed
    assert found.headline == "One bug (cell 6, line 2) explains all 3 of your lost criteria."
    assert [(each.id, each.confidence) for each in found.diagnoses] == [("added", "proved")]


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 1.0), (0.5, 7.0), (1.0, 13.0)])
def test_a_share_of_it_is_given_back(share: float, wanted: float) -> None:
    found = _report(_exam(MORE, follow_through=share), "return x + 1")
    assert found.automatic.score == wanted
    rows = sum(row.points for row in found.criteria)
    assert rows + sum(each.points for each in found.adjustments) == wanted
    assert [row.points for row in found.criteria] == [0.0, 0.0, 0.0, 1.0]


def test_a_search_alone_changes_no_mark() -> None:
    with_rule, without = (_report(_exam(*rules), "return x + 1") for rules in ((MORE,), ()))
    assert with_rule.repairs
    assert not without.repairs
    assert with_rule.automatic == without.automatic
    assert [(row.id, row.status, row.points) for row in with_rule.criteria] == [
        (row.id, row.status, row.points) for row in without.criteria
    ]


def test_a_student_sees_no_repair_unless_it_is_revealed() -> None:
    assert student_view(_report(_exam(MORE), "return x + 1")).repairs == ()
    (seen,) = student_view(_report(_exam(MORE, reveal_repair=True), "return x + 1")).repairs
    assert seen.diff
    assert seen.bugs == ("added",)
    assert (seen.points, seen.tried, seen.alternatives) == (0.0, 0, ())


def test_a_repair_of_a_bug_that_hidden_rows_alone_show_is_not_revealed() -> None:
    body = "return -x if np.abs(x).max() > 9 else x"
    report = _report(_exam(SIGN, hidden=True, reveal_repair=True), body)
    assert [each.criteria for each in report.repairs] == [("large",)]
    seen = student_view(report)
    assert [(each.bugs, each.diff, each.criteria) for each in seen.repairs] == [((), "", ())]
    assert (seen.diagnoses, seen.headline) == ((), "")


def test_the_headline_of_a_student_counts_what_they_see() -> None:
    report = _report(_exam(MORE, hidden=True), "return x + 1")
    assert report.headline.endswith("all 3 of your lost criteria.")
    assert student_view(report).headline.endswith("the one criterion you lost.")


def test_a_diff_is_plain_text() -> None:
    body = "y = '\u001b[31m\u202e'; x = -x\nreturn x"
    found = _report(_exam(SIGN), body)
    (repair,) = found.repairs
    assert "\u001b" not in repair.diff
    assert "\u202e" not in repair.diff
    assert "\\x1b[31m" in repair.diff


def test_of_a_record_that_is_not_graded_no_repair_is_told() -> None:
    known = _exam(MORE)
    one = replace(_record(known, "return x + 1"), fault="the zygote is gone")
    assert assemble(one, known, {}).repairs == ()


def test_a_rule_that_failed_is_noted_for_staff() -> None:
    def stumbles(_: Code) -> Any:
        raise LookupError

    known = _exam(replace(MORE, name="clumsy", find=stumbles), MORE)
    found = _report(known, "return x + 1")
    assert found.repairs
    assert found.execution is not None
    assert "forward: the rule clumsy failed here" in found.execution.notes


def test_the_same_record_gives_the_same_report() -> None:
    known = _exam(MORE, SIGN, follow_through=0.5)
    one = _record(known, "return -x + 1")
    first, second = (
        assemble(settle(one, known), known, judge(one, known)).model_dump(exclude={"run"})
        for _ in range(2)
    )
    assert first == second
    assert _record(known, "return -x + 1").repairs == one.repairs
