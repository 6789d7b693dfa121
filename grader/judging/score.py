"""From verdicts to points: gates, skips, scaling, rounding, caps.

A pure function of the rubric and the raw verdicts, in decimal arithmetic, so that the rows a
person sees add up to the score they see, to the cent and on every machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from grader.core.dependencies import in_order, points_wait_for, status_waits_for
from grader.core.report import Adjustment, Automatic, Cap, CriterionResult, Final_, Manual
from grader.core.rubric import Criterion, Rubric
from grader.core.verdict import Verdict

__all__ = ["FILLS_UP", "Scored", "bonus_limit", "capped", "open_reasons", "score"]

FILLS_UP: Final = "fills-up"
"""Kind of the adjustment that keeps a final mark with its bonus at the maximum."""

_CENT: Final = Decimal("0.01")
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Scored:
    """A report's numbers.

    rows       one result a criterion, in the rubric's order
    automatic  the sum of the automatic rows and the adjustments; bonus rows apart, and without
               what a bonus that fills up is cut by
    manual     points given by hand; None while one is missing, 0 of 0 where none is asked for
    final      automatic + bonus + manual, out of the maxima without bonus (and no more than those
               where the rubric says that bonus fills up); None while `open`
    open       why a person is needed, a clause each: `waits for a mark by hand: essay`
    gains      by criterion: the points that a repair would add, none where it adds none
    """

    rows: tuple[CriterionResult, ...]
    adjustments: tuple[Adjustment, ...]
    automatic: Automatic
    manual: Manual
    final: Final_
    open: tuple[str, ...]
    gains: Mapping[str, float] = field(default_factory=dict)


def score(
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    *,
    main_role: str = "",
    mended: Mapping[str, Verdict] | None = None,
) -> Scored:
    """Points for every criterion of `rubric`, and their sums.

    `verdicts` are by criterion id. A criterion decided by hand is pending without one; any other
    without one is an `error`: 0 points, and a person is asked. `main_role` is the assignment's
    first role, which an empty `role` stands for. `mended` are the verdicts after a verified
    repair, of which `Rubric.follow_through` gives a share back.

    Expects a rubric that `grader.rubric.load` accepted; ValueError or KeyError on cycles and
    unknown ids.
    """
    settled = _settle(rubric, verdicts, main_role)
    points = _points(rubric, settled)
    rows = tuple(
        _row(criterion, settled[criterion.id], points[criterion.id])
        for criterion in rubric.criteria
    )
    plain, bonus, manual = _kinds(rubric)
    gains = _gains(rubric, verdicts, mended or {}, main_role, points)
    back = {name: _given_back(rubric, gain) for name, gain in gains.items()}
    earned = _total(plain, points) + _over(plain, back)
    failed = {name for name, verdict in settled.items() if verdict.status == "failed"}
    caps = capped(rubric.caps, failed, earned)
    adjustments = (*_returned(back), *caps)
    earned += sum((_money(each.points) for each in caps), _NOTHING)
    extra, by_hand = _total(bonus, points) + _over(bonus, back), _total(manual, points)
    waits = any(settled[criterion.id].status == "pending" for criterion in manual)
    reasons = open_reasons(rows)
    most = _worth(plain) + _worth(manual)
    whole = earned + extra + by_hand
    limit = bonus_limit(rubric.bonus, whole, most)
    if limit is not None:
        adjustments, whole = (*adjustments, limit), most
    return Scored(
        rows=rows,
        adjustments=adjustments,
        automatic=Automatic(
            score=float(earned),
            max=float(_worth(plain)),
            bonus=float(extra),
            max_bonus=float(_worth(bonus)),
        ),
        manual=Manual(score=None if waits else float(by_hand), max=float(_worth(manual))),
        final=Final_(
            score=None if reasons else float(whole),
            max=float(most),
        ),
        open=reasons,
        gains={name: float(gain) for name, gain in gains.items()},
    )


def _gains(
    rubric: Rubric,
    verdicts: Mapping[str, Verdict],
    mended: Mapping[str, Verdict],
    main_role: str,
    points: Mapping[str, Decimal],
) -> dict[str, Decimal]:
    if not mended:
        return {}
    better = _points(rubric, _settle(rubric, {**verdicts, **mended}, main_role))
    return {name: better[name] - points[name] for name in points if better[name] > points[name]}


def _given_back(rubric: Rubric, gain: Decimal) -> Decimal:
    return (gain * _money(rubric.follow_through)).quantize(_CENT, ROUND_HALF_UP)


def _over(criteria: Iterable[Criterion], back: Mapping[str, Decimal]) -> Decimal:
    return sum((back.get(each.id, _NOTHING) for each in criteria), _NOTHING)


def _returned(back: Mapping[str, Decimal]) -> Iterator[Adjustment]:
    for name, points in back.items():
        if points:
            yield Adjustment(
                kind="follow-through",
                criterion=name,
                points=float(points),
                reason="It holds once the bug named here is mended.",
                by="rubric",
            )


def _settle(rubric: Rubric, verdicts: Mapping[str, Verdict], main_role: str) -> dict[str, Verdict]:
    """Every criterion's verdict after gates and skips, with the words the student reads."""
    waits_for = status_waits_for(rubric, main_role)
    settled: dict[str, Verdict] = {}
    for identifier in in_order(waits_for):
        criterion = rubric.criterion(identifier)
        verdict = verdicts.get(identifier) or _absent(criterion)
        cause = next((other for other in waits_for[identifier] if _stops(settled[other])), None)
        if cause is not None and criterion.check != "manual":
            verdict = _skipped(criterion, rubric.criterion(cause))
        settled[identifier] = _worded(criterion, _whole(criterion, verdict))
    return settled


def _absent(criterion: Criterion) -> Verdict:
    if criterion.check == "manual":
        return Verdict(criterion.id, "pending", 0.0, "A person reads and marks this.")
    return Verdict(criterion.id, "error", 0.0, "The grader could not judge this.")


def _stops(verdict: Verdict) -> bool:
    return verdict.status in ("failed", "skipped")


def _skipped(criterion: Criterion, cause: Criterion) -> Verdict:
    text = f"Not checked, because “{cause.title}” does not hold."
    return Verdict(criterion.id, "skipped", 0.0, text)


def _whole(criterion: Criterion, verdict: Verdict) -> Verdict:
    """All or nothing, where the rubric wants it so."""
    if verdict.status == "partial" and not criterion.partial:
        return replace(verdict, status="failed", share=0.0)
    return verdict


def _worded(criterion: Criterion, verdict: Verdict) -> Verdict:
    text: str = criterion.feedback.model_dump().get(verdict.status, "")
    if verdict.status == "skipped":
        # why it was skipped is known here alone; the rubric's text adds what to do about it
        text = f"{verdict.feedback} {text}".strip()
    return replace(verdict, feedback=f"{text or verdict.feedback} {verdict.note}".strip())


def _points(rubric: Rubric, settled: Mapping[str, Verdict]) -> dict[str, Decimal]:
    """Points by criterion id, rounded to two places.

    Scaling goes by the rounded points of the other rows: what a person can check on the report.
    """
    waits_for = points_wait_for(rubric)
    points: dict[str, Decimal] = {}
    for identifier in in_order(waits_for):
        criterion = rubric.criterion(identifier)
        earned = _share(settled[identifier]) * _money(criterion.points)
        if criterion.scale_with:
            scale = tuple(rubric.criterion(other) for other in criterion.scale_with)
            worth = _worth(scale)
            earned = earned * _total(scale, points) / worth if worth else _NOTHING
        points[identifier] = earned.quantize(_CENT, ROUND_HALF_UP)
    return points


def _share(verdict: Verdict) -> Decimal:
    match verdict.status:
        case "not_applicable":
            return Decimal(1)
        case "passed" | "partial":
            # the shortest decimal of the float: 7/40 is 0.175, not a hair below it
            return Decimal(repr(float(verdict.share)))
        case _:
            return _NOTHING


def _money(points: float) -> Decimal:
    return Decimal(repr(float(points)))


def _worth(criteria: Iterable[Criterion]) -> Decimal:
    return sum((_money(criterion.points) for criterion in criteria), _NOTHING)


def _total(criteria: Iterable[Criterion], points: Mapping[str, Decimal]) -> Decimal:
    return sum((points[criterion.id] for criterion in criteria), _NOTHING)


def _kinds(
    rubric: Rubric,
) -> tuple[tuple[Criterion, ...], tuple[Criterion, ...], tuple[Criterion, ...]]:
    """Plain automatic, bonus, and manual criteria."""
    manual = tuple(each for each in rubric.criteria if each.check == "manual")
    automatic = tuple(each for each in rubric.criteria if each.check != "manual")
    plain = tuple(each for each in automatic if not each.bonus)
    bonus = tuple(each for each in automatic if each.bonus)
    return plain, bonus, manual


def _row(criterion: Criterion, verdict: Verdict, points: Decimal) -> CriterionResult:
    return CriterionResult(
        id=criterion.id,
        title=criterion.title,
        points=float(points),
        max_points=criterion.points,
        bonus=criterion.bonus,
        visibility=criterion.visibility,
        status=verdict.status,
        feedback=verdict.feedback,
        evidence=verdict.evidence,
        diagnoses=verdict.diagnoses,
        close=_is_close(verdict),
    )


def _is_close(verdict: Verdict) -> bool:
    """Whether all that is lost was outside its bound by less than the bound."""
    bad = [each for each in verdict.evidence if each.scored and each.outcome != "ok"]
    return bool(bad) and all(
        each.error is not None and each.bound is not None and each.error <= 2 * each.bound
        for each in bad
    )


def capped(caps: Iterable[Cap], failed: Collection[str], earned: Decimal) -> tuple[Adjustment, ...]:
    """What each cap takes off what the caps before it left; one that takes nothing is not told.

    failed  the criteria that have
    earned  the automatic score without any cap
    """
    adjustments = []
    for cap in caps:
        most = _money(cap.score)
        if cap.failed in failed and earned > most:
            adjustments.append(
                Adjustment(
                    kind="cap",
                    criterion=cap.failed,
                    points=float(most - earned),
                    reason=cap.reason,
                    by="rubric",
                )
            )
            earned = most
    return tuple(adjustments)


def bonus_limit(bonus: str, whole: Decimal, most: Decimal) -> Adjustment | None:
    """What keeps a mark at the maximum where bonus fills up; None where nothing is to be cut.

    bonus  as in `Policy`; `whole` is the mark with all bonus, `most` the maximum without any
    """
    if bonus != FILLS_UP or whole <= most:
        return None
    return Adjustment(
        kind=FILLS_UP,
        criterion=None,
        points=float(most - whole),
        reason="Bonus points replace lost ones, up to the maximum.",
        by="rubric",
    )


def open_reasons(
    rows: Iterable[CriterionResult], closed: Collection[str | None] = ()
) -> tuple[str, ...]:
    """Why a person is needed for these rows, a clause for each kind of reason.

    closed  ids of rows that a person has decided already, whatever their verdict
    """
    clauses = {"pending": "waits for a mark by hand", "error": "could not be judged"}
    statuses = {row.id: row.status for row in rows if row.id not in closed}
    found = []
    for status, clause in clauses.items():
        ids = [name for name, each in statuses.items() if each == status]
        if ids:
            found.append(f"{clause}: {', '.join(ids)}")
    return tuple(found)
