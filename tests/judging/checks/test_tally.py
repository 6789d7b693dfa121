from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.fixture import Fixture
from grader.core.report import Evidence
from grader.judging.checks.asked import evidence
from grader.judging.checks.tally import named_outcomes, tally
from tests.builders import asked, fixture, ran

Row = tuple[bool, bool, bool]
ROWS = st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=6)


def _case(rows: list[Row]) -> tuple[list[Fixture], list[Evidence]]:
    fixtures = [
        fixture(f"values/f{at}", degenerate=degenerate, scored=scored)
        for at, (degenerate, scored, _) in enumerate(rows)
    ]
    found = [
        evidence(each, "ok" if holds else "wrong")
        for each, (_, _, holds) in zip(fixtures, rows, strict=True)
    ]
    return fixtures, found


@settings(deadline=None)
@given(ROWS)
def test_only_a_telling_fixture_earns(rows: list[Row]) -> None:
    fixtures, found = _case(rows)
    verdict = tally(asked("values", fixtures, ran()), found)
    telling = [holds for degenerate, scored, holds in rows if scored and not degenerate]
    scored = [holds for _, scored, holds in rows if scored]
    assert (verdict.share > 0) == any(telling)
    assert (verdict.status == "passed") == (bool(scored) and all(scored))
    assert (verdict.status == "skipped") == (not scored)
    assert (verdict.share == 1) == (any(telling) and all(scored))
    assert verdict.evidence == tuple(found)


@settings(deadline=None)
@given(ROWS, st.integers(0, 5))
def test_a_fixture_that_turns_wrong_never_earns(rows: list[Row], at: int) -> None:
    at %= len(rows)
    better = [*rows[:at], (*rows[at][:2], True), *rows[at + 1 :]]
    worse = [*rows[:at], (*rows[at][:2], False), *rows[at + 1 :]]
    shares = []
    for each in (worse, better):
        fixtures, found = _case(each)
        shares.append(tally(asked("values", fixtures, ran()), found).share)
    assert shares[0] <= shares[1]


def test_what_is_not_counted_neither_earns_nor_costs() -> None:
    fixtures, found = _case([(False, True, True), (False, True, False)])
    wrong = frozenset({"values/f1"})
    verdict = tally(asked("values", fixtures, ran()), found, uncounted=wrong)
    assert (verdict.status, verdict.share) == ("passed", 1.0)
    assert verdict.feedback == "1 of 1 inputs are right."
    every = frozenset({"values/f0", "values/f1"})
    verdict = tally(asked("values", fixtures, ran()), found, uncounted=every)
    assert (verdict.status, verdict.share) == ("skipped", 0.0)


def test_diagnoses_are_told_only_where_something_was_lost() -> None:
    fixtures, found = _case([(False, True, True)])
    question = asked("values", fixtures, ran())
    assert tally(question, found, diagnoses=("bug",)).diagnoses == ()
    fixtures, found = _case([(False, True, True), (False, True, False)])
    question = asked("values", fixtures, ran())
    assert tally(question, found, diagnoses=("bug",)).diagnoses == ("bug",)


def test_outcomes_are_named_once_and_only_where_they_count() -> None:
    crash, shown = fixture("values/a"), fixture("values/b", scored=False)
    found = [evidence(crash, "raised"), evidence(crash, "raised"), evidence(shown, "killed")]
    assert named_outcomes(found) == ("crashes",)
    assert named_outcomes([evidence(crash, "timed_out"), evidence(crash, "killed")]) == (
        "timeout",
        "killed",
    )
    assert named_outcomes([evidence(crash, "not_run"), evidence(crash, "wrong")]) == ()
