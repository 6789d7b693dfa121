"""What the reports of a class say together: how criteria do, who is like whom, who is odd."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from grader.core.report import CriterionStatus, Report

__all__ = [
    "Bin",
    "Cause",
    "Figures",
    "Group",
    "Result",
    "Standing",
    "figures",
    "groups",
    "histogram",
    "slow",
    "standing",
]

_BINS: Final = 10
_FEWEST_FOR_OUTLIERS: Final = 8
_HELD: Final = ("passed", "not_applicable")


@dataclass(frozen=True, slots=True)
class Result:
    """One criterion of one submission."""

    id: str
    title: str
    status: CriterionStatus
    points: float
    most: float
    bonus: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """A diagnosis, in short; `proved`, `matched` or `static`."""

    id: str
    confidence: str
    message: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One submission, as small as the class as a whole needs it.

    score    judged automatically, without bonus; `most` of that can be had
    final    None where it is open
    seconds  that grading took
    close    criteria whose wrong results were all within twice what is allowed
    """

    id: str
    source: str
    status: str
    reason: str
    score: float
    most: float
    bonus: float
    final: float | None
    seconds: float
    results: tuple[Result, ...]
    causes: tuple[Cause, ...]
    close: tuple[str, ...]

    @property
    def judged(self) -> bool:
        return self.status != "ungradable"


@dataclass(frozen=True, slots=True)
class Bin:
    """Scores from `low` up to `high` percent, the last one with its end."""

    low: int
    high: int
    count: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How a criterion did.

    held            of those it was decided for; of a bonus, of those who tried
    discrimination  correlation, -1 to 1, of its points with the rest of the score; None where
                    either does not vary
    """

    id: str
    title: str
    bonus: bool
    most: float
    passed: int
    partial: int
    failed: int
    skipped: int
    held: float | None
    mean: float | None
    discrimination: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """Submissions with the same causes, in order of their sources."""

    causes: tuple[Cause, ...]
    members: tuple[Standing, ...]


def standing(report: Report) -> Standing:
    """What the class needs of a report."""
    causes = {one.id: Cause(one.id, one.confidence, one.message) for one in report.diagnoses}
    return Standing(
        id=report.submission.id,
        source=report.submission.source,
        status=report.status,
        reason=report.reason,
        score=report.automatic.score,
        most=report.automatic.max,
        bonus=report.automatic.bonus,
        final=report.final.score,
        seconds=report.run.seconds,
        results=tuple(
            Result(row.id, row.title, row.status, row.points, row.max_points, row.bonus)
            for row in report.criteria
        ),
        causes=tuple(causes.values()),
        close=tuple(row.id for row in report.criteria if row.close),
    )


def histogram(found: Iterable[Standing]) -> tuple[Bin, ...]:
    """Automatic scores in tenths of what can be had; what could not be judged is in none."""
    counts = [0] * _BINS
    for one in found:
        if one.judged and one.most:
            share = min(max(one.score / one.most, 0.0), 1.0)
            counts[min(int(share * _BINS + 1e-9), _BINS - 1)] += 1
    width = 100 // _BINS
    return tuple(Bin(n * width, (n + 1) * width, count) for n, count in enumerate(counts))


def figures(found: Sequence[Standing]) -> tuple[Figures, ...]:
    """Of every criterion, in order of the rubric.

    Discrimination is the item-rest correlation: Pearson's, of the points of a criterion with the
    automatic score without them (Allen and Yen, Introduction to Measurement Theory, 1979, ch. 6).
    """
    by_criterion: dict[str, list[tuple[Result, float]]] = {}
    for one in found:
        for each in one.results:
            rest = one.score - (0.0 if each.bonus else each.points)
            by_criterion.setdefault(each.id, []).append((each, rest))
    return tuple(_figures(rows) for rows in by_criterion.values())


def _figures(rows: Sequence[tuple[Result, float]]) -> Figures:
    first = rows[0][0]
    counts = Counter("passed" if one.status in _HELD else one.status for one, _ in rows)
    left = ("pending", "error", "skipped") if first.bonus else ("pending", "error")
    decided = [(one, rest) for one, rest in rows if one.status not in left]
    shares = [one.points / one.most for one, _ in decided if one.most]
    held = sum(one.status in _HELD for one, _ in decided)
    return Figures(
        id=first.id,
        title=first.title,
        bonus=first.bonus,
        most=first.most,
        passed=counts["passed"],
        partial=counts["partial"],
        failed=counts["failed"],
        skipped=counts["skipped"],
        held=held / len(decided) if decided else None,
        mean=statistics.fmean(shares) if shares else None,
        discrimination=_correlation([one.points for one, _ in decided], [r for _, r in decided]),
    )


def _correlation(one: Sequence[float], other: Sequence[float]) -> float | None:
    if len(one) < 2 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return statistics.correlation(one, other)


def groups(found: Iterable[Standing]) -> tuple[Group, ...]:
    """By the bugs that were named, the largest first."""
    by_causes: dict[tuple[str, ...], list[Standing]] = {}
    for one in found:
        if one.causes:
            by_causes.setdefault(tuple(sorted(each.id for each in one.causes)), []).append(one)
    made = [
        Group(
            tuple(sorted(members[0].causes, key=lambda each: each.id)),
            tuple(sorted(members, key=lambda each: each.source)),
        )
        for members in by_causes.values()
    ]
    return tuple(sorted(made, key=lambda one: (-len(one.members), one.causes[0].id)))


def slow(found: Sequence[Standing]) -> tuple[float, tuple[Standing, ...]]:
    """The limit in seconds, and who took longer, the slowest first.

    The limit is the third quartile and three times the interquartile range above it; nobody is
    beyond it among fewer than eight.
    """
    times = [one.seconds for one in found if one.judged]
    if len(times) < _FEWEST_FOR_OUTLIERS:
        return float("inf"), ()
    low, _, high = statistics.quantiles(times, n=4, method="inclusive")
    limit = high + 3 * (high - low)
    late = [one for one in found if one.judged and one.seconds > limit]
    return limit, tuple(sorted(late, key=lambda one: (-one.seconds, one.source)))
