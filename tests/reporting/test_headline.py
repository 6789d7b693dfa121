from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.report import CriterionResult, CriterionStatus, Diagnosis, Place
from grader.reporting.headline import headline


def row(identifier: str, status: CriterionStatus = "failed", *, bonus: bool = False) -> Any:
    return CriterionResult(
        id=identifier,
        title=identifier,
        points=0,
        max_points=1,
        bonus=bonus,
        visibility="visible",
        status=status,
        feedback="",
    )


def bug(*criteria: str, at: Place | None = None, identifier: str = "odd") -> Diagnosis:
    return Diagnosis(
        id=identifier,
        role="forward",
        confidence="proved",
        message="",
        hint="",
        location=at,
        criteria=criteria,
    )


LINE = Place(cell=3, line=4)
LOST = tuple(row(name) for name in "abcdef")


@pytest.mark.parametrize(
    ("diagnoses", "wanted"),
    [
        ([bug("a", at=LINE)], "One bug (cell 3, line 4) explains 1 of your 6 lost criteria."),
        ([bug(*"abcde", at=LINE)], "One bug (cell 3, line 4) explains 5 of your 6 lost criteria."),
        ([bug(*"abcdef")], "One bug explains all 6 of your lost criteria."),
        (
            [bug(*"abc", at=LINE), bug(*"cd", at=Place(cell=3, line=9))],
            "Two bugs (cell 3, line 4; cell 3, line 9) explain 4 of your 6 lost criteria.",
        ),
        (
            [bug("a", at=LINE), bug("b", at=LINE), bug("c")],
            "Three bugs (cell 3, line 4) explain 3 of your 6 lost criteria.",
        ),
        (
            [bug("a") for _ in range(7)],
            "7 bugs explain 1 of your 6 lost criteria.",
        ),
    ],
)
def test_how_much_the_bugs_explain(diagnoses: list[Diagnosis], wanted: str) -> None:
    assert headline(diagnoses, LOST) == wanted


def test_one_lost_criterion_is_called_so() -> None:
    rows = (row("a"), row("b", "passed"))
    assert headline([bug("a", "b")], rows) == "One bug explains the one criterion you lost."


@pytest.mark.parametrize(
    "diagnoses", [[], [bug()], [bug("elsewhere")], [bug("passed"), bug("bonus")]]
)
def test_nothing_explained_is_nothing_told(diagnoses: list[Diagnosis]) -> None:
    rows = (*LOST, row("passed", "passed"), row("bonus", "skipped", bonus=True))
    assert headline(diagnoses, rows) == ""


def test_where_nothing_was_lost_nothing_is_told() -> None:
    assert headline([bug("a")], [row("a", "passed")]) == ""
    assert headline([bug("a")], []) == ""


@pytest.mark.parametrize(
    ("status", "bonus", "lost"),
    [
        ("failed", False, True),
        ("partial", False, True),
        ("skipped", False, True),
        ("failed", True, True),
        ("partial", True, True),
        ("skipped", True, False),
        ("passed", False, False),
        ("not_applicable", False, False),
        ("pending", False, False),
        ("error", False, False),
    ],
)
def test_what_counts_as_lost(status: CriterionStatus, *, bonus: bool, lost: bool) -> None:
    rows = (row("a"), row("b", status, bonus=bonus))
    found = headline([bug("a")], rows)
    assert found.endswith("1 of your 2 lost criteria." if lost else "the one criterion you lost.")


IDS = st.sampled_from("abcdefgh")


@given(st.lists(st.lists(IDS, max_size=4), max_size=9), st.sets(IDS))
def test_it_never_tells_of_more_than_was_lost(causes: list[list[str]], lost: set[str]) -> None:
    rows = [row(name, "failed" if name in lost else "passed") for name in "abcdefgh"]
    found = headline([bug(*names) for names in causes], rows)
    explained = lost & {name for names in causes for name in names}
    assert bool(found) == bool(explained)
    if len(lost) > 1 and explained == lost:
        assert f"all {len(lost)} of" in found
    elif len(lost) > 1 and explained:
        assert f"{len(explained)} of your {len(lost)} " in found
