"""From one piece of evidence a fixture to a status and a share."""

from __future__ import annotations

from collections.abc import Sequence

from grader.core.fixture import Fixture
from grader.core.report import Evidence
from grader.core.verdict import Verdict
from grader.judging.checks.asked import Asked

__all__ = ["named_outcomes", "tally"]

_NAMES = {"raised": "crashes", "timed_out": "timeout", "killed": "killed"}


def tally(
    asked: Asked,
    found: Sequence[Evidence],
    *,
    uncounted: frozenset[str] = frozenset(),
    diagnoses: tuple[str, ...] = (),
) -> Verdict:
    """The verdict over all fixtures.

    A degenerate fixture (one that a trivial answer passes) can cost and never earns: where it
    fails it joins the count, where it holds it does not. `uncounted` are names of fixtures that
    say nothing about this submission.
    """
    by_name = {fixture.name: fixture for fixture in asked.fixtures}
    counted = [
        (by_name[each.fixture], each)
        for each in found
        if each.scored and each.fixture not in uncounted
    ]
    if not counted:
        return asked.verdict("skipped", 0.0, "There was nothing to decide it on.", found)
    share = _share(counted)
    held = sum(each.outcome == "ok" for _, each in counted)
    words = f"{held} of {len(counted)} inputs are right."
    if held == len(counted):
        return asked.verdict("passed", share, words, found)
    if share > 0:
        return asked.verdict("partial", share, words, found, diagnoses)
    return asked.verdict("failed", 0.0, words, found, diagnoses)


def named_outcomes(found: Sequence[Evidence]) -> tuple[str, ...]:
    """The engine's own diagnoses among scored outcomes, each once."""
    return tuple(
        name
        for outcome, name in _NAMES.items()
        if any(each.scored and each.outcome == outcome for each in found)
    )


def _share(counted: Sequence[tuple[Fixture, Evidence]]) -> float:
    earning = [each for fixture, each in counted if not fixture.degenerate]
    costing = [each for fixture, each in counted if fixture.degenerate and each.outcome != "ok"]
    worth = len(earning) + len(costing)
    return sum(each.outcome == "ok" for each in earning) / worth if earning else 0.0
