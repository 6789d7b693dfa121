from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.report import Adjustment
from grader.store import row_of
from grader.store.rows import scores_csv, summary_of
from tests.store.samples import criterion, report


def _cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_row_tells_marks_waits_and_causes() -> None:
    row = row_of(
        report(
            "a.py",
            b"",
            criterion("values", "failed", 0),
            criterion("essay", "pending", 0),
            criterion("odd", "error", 0),
            status="needs_person",
            diagnoses=("global-max", "global-max", "crashes"),
        )
    )
    assert [mark.status for mark in row.marks] == ["failed", "pending", "error"]
    assert row.waits == ("essay",)
    assert row.errors == ("odd",)
    assert row.causes == ("global-max", "crashes")


def test_the_summary_is_in_order_of_the_sources() -> None:
    rows = [row_of(report(name)) for name in ("b.py", "a.py", "c.py")]
    summary = summary_of(rows)
    assert [row["source"] for row in summary["rows"]] == ["a.py", "b.py", "c.py"]
    assert summary["counts"] == {"graded": 3, "needs_person": 0, "ungradable": 0}
    assert summary == summary_of(reversed(rows))


def test_scores_have_a_column_a_criterion() -> None:
    rows = [
        row_of(report("a.py", b"", criterion("values", points=3.5), criterion("batch"))),
        row_of(report("b.py", b"", criterion("values"))),
    ]
    head, first, second = _cells(scores_csv(rows))
    assert first[head.index("values")] == "3.50"
    assert first[head.index("batch")] == "4.00"
    assert second[head.index("batch")] == ""


def test_what_was_not_judged_has_blanks_for_its_scores() -> None:
    row = row_of(report("a.py", status="ungradable", reason="the file is empty"))
    head, line = _cells(scores_csv([row]))
    cells = dict(zip(head, line, strict=True))
    assert cells["status"] == "ungradable"
    assert [cells[name] for name in ("score", "bonus", "manual", "final")] == [""] * 4
    assert (cells["max"], cells["reason"]) == ("4.00", "the file is empty")


def _override(criterion: str | None) -> Adjustment:
    return Adjustment(
        kind="override", criterion=criterion, points=1, reason="R", by="ann", entry="e-1"
    )


@pytest.mark.parametrize(
    ("about", "waits", "errors"),
    [
        ((), ("essay",), ("broken",)),
        (("broken",), ("essay",), ()),
        (("broken", "essay"), (), ()),
        ((None,), (), ()),
    ],
)
def test_what_a_person_decided_is_not_graded_again(
    about: tuple[str | None, ...], waits: tuple[str, ...], errors: tuple[str, ...]
) -> None:
    made = report("a.py", b"", criterion("broken", "error", 0), criterion("essay", "pending", 0))
    row = row_of(made.model_copy(update={"adjustments": tuple(map(_override, about))}))
    assert (row.waits, row.errors, row.unjudged) == (waits, errors, bool(errors))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", " =1", "\t=1", "|calc", "%0A"])
def test_formulas_are_neutralised(text: str) -> None:
    _, line = _cells(scores_csv([row_of(report(f"{text}.py", reason=text))]))
    assert line[0].startswith("'")
    assert line[-1].startswith("'")


@given(st.text(max_size=30))
def test_no_text_breaks_the_table(text: str) -> None:
    lines = scores_csv([row_of(report(reason=text))]).encode().decode().splitlines()
    assert len(lines) == 2
    assert not any(letter < " " for letter in lines[1])
