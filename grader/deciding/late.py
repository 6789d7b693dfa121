"""Lateness: how late a hand-in is after an extension, and what the rubric takes for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from grader.core.gradebook import rounded
from grader.core.report import Attempt, Report

__all__ = ["Penalty", "attempt_of", "is_late", "penalty"]

_DAY: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Penalty:
    """What lateness costs, above 0, and why."""

    points: Decimal
    reason: str


def is_late(report: Report) -> bool:
    """Whether it is known to be late."""
    attempt = report.submission.attempt
    if attempt.late_seconds is not None:
        return attempt.late_seconds > 0
    return bool(attempt.late_flag)


def attempt_of(
    attempt: Attempt, due: str | None, until: str | None
) -> tuple[Attempt, tuple[str, ...]]:
    """The attempt as late as it is, and what could not be found out, in words.

    due    when it had to be handed in
    until  when it may be handed in by an extension; the later of the two counts
    """
    handed_in, was_due, may = _moment(attempt.submitted_at), _moment(due), _moment(until)
    seconds = attempt.late_seconds
    if may is None:
        if seconds is None and handed_in is not None and was_due is not None:
            seconds = _over(handed_in, was_due)
    elif handed_in is not None:
        by_extension = _over(handed_in, may)
        before = _over(handed_in, was_due) if was_due is not None else seconds
        seconds = by_extension if before is None else min(by_extension, before)
    elif seconds is not None and was_due is not None:
        seconds = max(0, seconds - _over(may, was_due))
    elif seconds or attempt.late_flag:
        unsure = attempt.model_copy(update={"late_seconds": None})
        return unsure, ("late before an extension, and nobody knows when it was handed in",)
    if seconds is None:
        return attempt, ()
    return attempt.model_copy(update={"late_seconds": seconds, "late_flag": seconds > 0}), ()


def penalty(report: Report, earned: Decimal) -> tuple[Penalty | None, tuple[str, ...]]:
    """What the rubric takes, at most what was `earned`, and a note where nobody can know."""
    policy, attempt = report.rubric.policy.late, report.submission.attempt
    if policy is None or not is_late(report):
        return None, ()
    if attempt.late_seconds is None:
        return None, ("late, and nobody knows by how much: nothing was taken",)
    over = attempt.late_seconds - 60 * policy.grace_minutes
    if over <= 0:
        return None, ()
    days = -(-over // _DAY)
    share = min(Decimal(repr(policy.per_day)) * days, Decimal(repr(policy.most)))
    whole = rounded(float(share * Decimal(repr(report.final.max))))
    points = min(whole, max(earned, Decimal(0)))
    told = f"Handed in late, {days} {'day' if days == 1 else 'days'} begun."
    return (Penalty(points, told) if points else None), ()


def _over(moment: datetime, limit: datetime) -> int:
    return max(0, round((moment - limit).total_seconds()))


def _moment(text: str | None) -> datetime | None:
    """None where there is none, or it is no time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
