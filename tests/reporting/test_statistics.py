from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.reporting.statistics import (
    Cause,
    Result,
    Standing,
    figures,
    groups,
    histogram,
    slow,
    standing,
)
from tests.deciding.samples import whole


def one(source: str, *results: Result, **changes: Any) -> Standing:
    plain = [each for each in results if not each.bonus]
    facts: dict[str, Any] = {
        "id": source,
        "source": source,
        "status": "graded",
        "reason": "",
        "score": sum(each.points for each in plain),
        "most": sum(each.most for each in plain) or 10.0,
        "bonus": 0.0,
        "final": None,
        "seconds": 1.0,
        "results": results,
        "causes": (),
        "close": (),
        **changes,
    }
    return Standing(**facts)


def got(name: str, points: float, status: Any = None, *, bonus: bool = False) -> Result:
    known = status or ("passed" if points == 4 else "partial" if points else "failed")
    return Result(name, name.title(), known, points, 4.0, bonus)


def test_a_report_is_made_small() -> None:
    made = standing(whole())
    assert (made.source, made.score, made.most) == ("ada/work.ipynb", 5.5, 12.0)
    assert [(each.id, each.status) for each in made.results][:2] == [
        ("values", "passed"),
        ("batch", "partial"),
    ]


@pytest.mark.parametrize(
    ("score", "place"), [(0, 0), (0.99, 0), (1, 1), (3, 3), (7, 7), (9.99, 9), (10, 9), (12, 9)]
)
def test_every_score_has_its_bar(score: float, place: int) -> None:
    bins = histogram([one("a", score=score)])
    assert [each.count for each in bins].index(1) == place
    assert (bins[place].low, bins[place].high) == (place * 10, place * 10 + 10)


@given(st.lists(st.floats(0, 10)))
def test_no_score_is_counted_twice_or_lost(scores: list[float]) -> None:
    found = [one(str(n), score=score) for n, score in enumerate(scores)]
    assert sum(each.count for each in histogram(found)) == len(scores)
    assert not any(each.count for each in histogram([one("x", status="ungradable")]))


def test_discrimination_is_the_correlation_with_the_rest() -> None:
    rows = [(4, 4, 0), (4, 3, 4), (0, 1, 0), (0, 0, 4)]
    found = [
        one(f"s{n}", got("good", a), got("other", b), got("odd", c))
        for n, (a, b, c) in enumerate(rows)
    ]
    good, _, odd = figures(found)
    # points 4 4 0 0 with rest 4 7 1 4, and 0 4 0 4 with rest 8 7 1 0, worked out by hand
    assert good.discrimination == pytest.approx(0.7071067811865476)
    assert odd.discrimination == pytest.approx(-0.14142135623730953)


def test_what_does_not_vary_has_no_discrimination() -> None:
    same = [one(f"s{n}", got("a", 4), got("b", n)) for n in range(4)]
    assert [each.discrimination for each in figures(same)] == [None, None]
    assert figures(same[:1])[0].discrimination is None


def test_pass_rates_leave_out_what_is_open_and_bonus_that_was_not_tried() -> None:
    found = [
        one("a", got("x", 4), got("y", 0, "pending"), got("z", 0, "skipped", bonus=True)),
        one("b", got("x", 0, "skipped"), got("y", 0, "error"), got("z", 4, bonus=True)),
        one("c", got("x", 4, "not_applicable"), got("y", 4), got("z", 0, bonus=True)),
    ]
    x, y, z = figures(found)
    assert (x.passed, x.skipped, x.held) == (2, 1, pytest.approx(2 / 3))
    assert (y.passed, y.held) == (1, 1.0)
    assert (z.skipped, z.held) == (1, 0.5)
    assert figures([one("a", got("y", 0, "pending"))])[0].held is None


def test_submissions_with_the_same_bugs_stand_together() -> None:
    p, q = Cause("p", "proved", "P."), Cause("q", "matched", "Q.")
    found = [
        one("c", causes=(q, p)),
        one("a", causes=(p, q)),
        one("b", causes=(p,)),
        one("d"),
    ]
    told = [
        ([cause.id for cause in each.causes], [member.source for member in each.members])
        for each in groups(found)
    ]
    assert told == [(["p", "q"], ["a", "c"]), (["p"], ["b"])]


def test_who_is_slow_is_far_beyond_the_others() -> None:
    usual = [one(f"s{n}", seconds=1 + n / 10) for n in range(10)]
    limit, late = slow([*usual, one("x", seconds=9), one("y", seconds=30)])
    assert [each.source for each in late] == ["y", "x"]
    assert 1.9 < limit < 9
    assert slow(usual)[1] == ()
    assert slow([one("a", seconds=1), one("b", seconds=1000)])[1] == ()
