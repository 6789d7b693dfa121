"""What an attack must come to, in a few words, and how a report differs from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["unmet"]

_MISSED: Final = ("failed", "partial", "skipped", "error")


def unmet(verdict: str, report: Mapping[str, Any]) -> list[str]:
    """How `report` differs from `verdict`, which is parts joined by commas:

    nothing            no automatic point
    full               every automatic point, and no diagnosis
    full but backward  every automatic point of the forward pass
    at most 5          of automatic points
    loses a b          these criteria do not pass, every other one that is no bonus does
    a=failed           a criterion's status
    killed, timeout, crashes, no-shift ...   a diagnosis that must be there
    no diagnosis       none is there
    ungradable, needs_person, graded         the status of the whole
    any                only that there is a report
    """
    return [told for part in verdict.split(",") for told in _differs(part.strip(), report)]


def _differs(part: str, report: Mapping[str, Any]) -> list[str]:
    score, most = report["automatic"]["score"], report["automatic"]["max"]
    statuses = {row["id"]: row["status"] for row in report["criteria"]}
    named = [diagnosis["id"] for diagnosis in report["diagnoses"]]
    first, *rest = part.split()
    if part == "any":
        return []
    if part == "nothing":
        return [f"has {score} points"] if score else []
    if part == "full":
        right = score == most and not named and report["status"] != "ungradable"
        return [] if right else [f"has {score} of {most} points, {named}: {statuses}"]
    if part == "no diagnosis":
        return [f"is diagnosed {named}"] if named else []
    if part == "full but backward":
        return [] if score == most else [f"has {score} of {most} points: {statuses}"]
    if first == "at":
        return [f"has {score} points"] if score > float(rest[-1]) else []
    if first == "loses":
        bonus = {row["id"] for row in report["criteria"] if row["bonus"]}
        lost = [one for one, status in statuses.items() if status in _MISSED and one not in bonus]
        return [] if sorted(lost) == sorted(rest) else [f"loses {lost}"]
    if part in ("ungradable", "needs_person", "graded"):
        return [] if report["status"] == part else [f"is {report['status']}: {report['reason']}"]
    if "=" in part:
        criterion, _, status = part.partition("=")
        return [] if statuses.get(criterion) == status else [f"{criterion} is {statuses}"]
    return [] if part in named else [f"is diagnosed {named}, not {part}"]
