"""A report with what people decided about it: a pure function of the two.

The sum that holds wherever there is a final mark: it is the points of all rows and of all
adjustments together, to the cent. A cap of the rubric stays as it was taken and a decision comes
after it, but what was taken for a criterion that somebody gave points to is given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from grader.core.decision import Entry, Kind, Stale, Was, criterion_digest
from grader.core.gradebook import rounded
from grader.core.handin import Handin
from grader.core.report import (
    Adjustment,
    Attempt,
    CriterionResult,
    CriterionStatus,
    Marked,
    Report,
)
from grader.deciding.late import attempt_of, is_late, penalty
from grader.deciding.ledger import Clash, in_force, mistake, standing
from grader.judging.score import FILLS_UP, bonus_limit, capped, open_reasons

__all__ = [
    "EXCUSED",
    "Decided",
    "decided",
    "entry_for",
    "excused",
    "is_late",
    "so_far",
    "undecided",
    "was_of",
]

EXCUSED: Final = "excuse"
_LATE: Final = "late"
_FLOOR: Final = "floor"
_LIFTED: Final = "cap-lifted"
_OURS: Final = frozenset({"override", "comment", EXCUSED, _LATE, _FLOOR, _LIFTED, FILLS_UP})
_NOTHING: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Decided:
    """The report with decisions applied, and those that were not.

    applied  the entries that are in the report
    notes    what staff should know: late, and nobody knows by how much
    """

    report: Report
    applied: tuple[Entry, ...] = ()
    stale: tuple[Stale, ...] = ()
    clashes: tuple[Clash, ...] = ()
    notes: tuple[str, ...] = ()


def decided(
    report: Report,
    entries: Iterable[Entry] = (),
    handin: Handin | None = None,
    due: str | None = None,
) -> Decided:
    """Apply the entries of a ledger that are about this submission; others are passed over.

    What an earlier call applied is undone first: applying twice is applying once. `due` is when
    it had to be handed in (ISO 8601 with a zone). An override of the whole submission is the final
    mark, whatever lateness would cost; an excuse comes before that.
    """
    bare = undecided(report)
    identifier = report.submission.id
    stale, fresh = [], []
    for entry in standing(entry for entry in entries if entry.submission == identifier):
        why = _why_stale(bare, entry)
        if why:
            stale.append(Stale(entry=entry, why=why))
        else:
            fresh.append(entry)
    holding = in_force(fresh)
    order = {row.id: at for at, row in enumerate(bare.criteria)}
    kept = sorted(
        holding.entries,
        key=lambda one: (order.get(one.criterion or "", -1), one.at, one.kind, one.by),
    )
    until = next((entry.until for entry in kept if entry.kind == "extension"), None)
    attempt, notes = attempt_of(handin.attempt if handin else Attempt(), due, until)
    marks = {entry.criterion: entry for entry in kept if entry.kind == "mark"}
    facts = bare.submission.model_copy(
        update={"submitters": handin.students if handin else (), "attempt": attempt}
    )
    rows = tuple(_marked(row, marks.get(row.id)) for row in bare.criteria)
    made = bare.model_copy(update={"submission": facts, "criteria": rows})
    made, told = _adjusted(made, kept)
    return Decided(_summed(made), holding.entries, tuple(stale), holding.clashes, (*notes, *told))


def undecided(report: Report) -> Report:
    """The report as the grader made it: no decision, no lateness, nobody who handed it in."""
    rows = tuple(
        row.model_copy(update={"status": "pending", "points": 0.0, "marked": None})
        if row.marked is not None
        else row
        for row in report.criteria
    )
    facts = report.submission.model_copy(update={"submitters": (), "attempt": Attempt()})
    kept = tuple(each for each in report.adjustments if each.kind not in _OURS)
    bare = report.model_copy(update={"submission": facts, "criteria": rows, "adjustments": kept})
    return _summed(_filled(bare))


def was_of(report: Report, criterion: str | None) -> Was | None:
    """What an override is about now: the verdict on a criterion, or on the whole submission.

    None where there is no such criterion.
    """
    bare = undecided(report)
    if criterion is None:
        return Was(points=float(_sum(bare)), status=bare.status)
    row = next((row for row in bare.criteria if row.id == criterion), None)
    return None if row is None else Was(points=row.points, status=row.status)


def entry_for(
    report: Report,
    kind: Kind,
    *,
    by: str,
    at: str,
    criterion: str | None = None,
    points: float | None = None,
    until: str | None = None,
    reason: str = "",
    supersedes: str | None = None,
) -> Entry:
    """A decision about the report as it is now, to be added to the ledger.

    ValueError where there is no such criterion, or the decision would not be applied.
    """
    row = next((row for row in report.criteria if row.id == criterion), None)
    if criterion is not None and row is None:
        raise ValueError(f"there is no criterion {criterion}")
    entry = Entry(
        at=at,
        by=by,
        submission=report.submission.id,
        sha256=report.submission.sha256,
        criterion=criterion,
        definition=criterion_digest(row) if row is not None else "",
        kind=kind,
        points=points,
        until=until,
        reason=reason,
        was=was_of(report, criterion) if kind == "override" else None,
        supersedes=supersedes,
    )
    why = mistake(entry) or _why_stale(undecided(report), entry)
    if why:
        raise ValueError(why)
    return entry


def excused(report: Report) -> bool:
    """Whether no mark is wanted."""
    return any(each.kind == EXCUSED for each in report.adjustments)


def so_far(report: Report) -> Decimal | None:
    """What is decided so far; None where nothing is, or no mark is wanted."""
    if report.status == "ungradable" or excused(report):
        return None
    return rounded(float(_sum(report)))


def _why_stale(report: Report, entry: Entry) -> str:
    """Why the entry is not applied to the undecided report; empty where it is."""
    if entry.sha256 != report.submission.sha256:
        return "the file is another one now"
    if entry.kind == "override" and entry.was is not None:
        now = was_of(report, entry.criterion)
        if now is not None and entry.was != now:
            return (
                f"the verdict was {entry.was.status}, {entry.was.points:g}, "
                f"and is {now.status}, {now.points:g}"
            )
    if entry.criterion is None:
        return mistake(entry)
    row = next((row for row in report.criteria if row.id == entry.criterion), None)
    if row is None:
        return f"there is no criterion {entry.criterion} any more"
    if entry.definition and entry.definition != criterion_digest(row):
        return f"{entry.criterion} has changed since"
    if entry.kind == "mark" and row.status != "pending":
        return f"{entry.criterion} is decided by the grader: it takes an override"
    if entry.points is not None and entry.points > row.max_points:
        return f"{entry.criterion} has no more than {row.max_points:g} points"
    return mistake(entry)


def _marked(row: CriterionResult, mark: Entry | None) -> CriterionResult:
    if mark is None or mark.points is None:
        return row
    points = float(rounded(mark.points))
    status: CriterionStatus = "passed" if points >= row.max_points else "partial"
    if status == "partial" and not points:
        status = "failed"
    by_hand = Marked(by=mark.by, at=mark.at, comment=mark.reason, entry=mark.id)
    return row.model_copy(update={"points": points, "status": status, "marked": by_hand})


def _adjusted(report: Report, entries: list[Entry]) -> tuple[Report, tuple[str, ...]]:
    """The report with what the entries add to its sum, and notes.

    In this order: criteria and their caps, the limit of the bonus, lateness, nothing below 0, the
    whole mark.
    """
    kept = tuple(each for each in report.adjustments if each.kind != FILLS_UP)
    report = report.model_copy(update={"adjustments": kept})
    of_criteria = [one for one in entries if one.kind == "override" and one.criterion is not None]
    lifted = _lifted(report, {one.criterion: one.points or 0.0 for one in of_criteria})
    report = _with(report, *lifted, *(_override(report, one) for one in of_criteria))
    report = _filled(report)
    whole = [one for one in entries if one.kind == "override" and one.criterion is None]
    notes: tuple[str, ...] = ()
    free = any(one.kind == EXCUSED for one in entries)
    if not free and not whole and report.criteria:
        late, notes = penalty(report, _sum(report))
        if late:
            report = _with(report, _by_rubric(_LATE, -late.points, late.reason))
    low = _sum(report)
    if low < _NOTHING:
        report = _with(report, _by_rubric(_FLOOR, -low, "A mark is never below 0."))
    for one in whole:
        report = _with(report, _said(one, rounded(one.points or 0.0) - _sum(report)))
    said = (_said(one, _NOTHING) for one in entries if one.kind in ("comment", EXCUSED))
    return _with(report, *said), notes


def _with(report: Report, *more: Adjustment) -> Report:
    return report.model_copy(update={"adjustments": (*report.adjustments, *more)})


def _override(report: Report, entry: Entry) -> Adjustment:
    """What leads from all that the criterion gives, a repair's share included, to the points."""
    row = next(row for row in report.criteria if row.id == entry.criterion)
    back = (
        each.points
        for each in report.adjustments
        if each.criterion == row.id and each.kind == "follow-through"
    )
    given = rounded(row.points) + sum(map(rounded, back), _NOTHING)
    return _said(entry, rounded(entry.points or 0.0) - given)


def _lifted(report: Report, overridden: Mapping[str | None, float]) -> Iterator[Adjustment]:
    """What caps took for criteria that have points now; another cap may still hold.

    A report written before reports held their caps keeps them.
    """
    caps = report.rubric.policy.caps
    taken = [each for each in report.adjustments if each.kind == "cap"]
    given = [each.criterion or "" for each in taken if overridden.get(each.criterion)]
    if not given or not caps:
        return
    held = _total(taken)
    without = rounded(report.automatic.score) - held
    failed = {row.id for row in report.criteria if row.status == "failed"}
    for name in given:
        failed.discard(name)
        holds = _total(capped(caps, failed, without))
        if holds != held:
            back = _by_rubric(_LIFTED, holds - held, "This limit does not hold any more.")
            yield back.model_copy(update={"criterion": name})
        held = holds


def _said(entry: Entry, points: Decimal) -> Adjustment:
    return Adjustment(
        kind=entry.kind,
        criterion=entry.criterion,
        points=float(points),
        reason=entry.reason,
        by=entry.by,
        at=entry.at,
        entry=entry.id,
    )


def _by_rubric(kind: str, points: Decimal, reason: str) -> Adjustment:
    return Adjustment(kind=kind, criterion=None, points=float(points), reason=reason, by="rubric")


def _filled(report: Report) -> Report:
    """The report with the limit of its bonus, where the rubric has one."""
    limit = bonus_limit(report.rubric.policy.bonus, _sum(report), rounded(report.final.max))
    return report if limit is None else _with(report, limit)


def _sum(report: Report) -> Decimal:
    """The points of all rows and adjustments."""
    return _total(_parts(report))


def _total(parts: Iterable[CriterionResult | Adjustment]) -> Decimal:
    return sum((rounded(each.points) for each in parts), _NOTHING)


def _parts(report: Report) -> Iterator[CriterionResult | Adjustment]:
    yield from report.criteria
    yield from report.adjustments


def _summed(report: Report) -> Report:
    """Status, reason, manual and final score as rows and adjustments say."""
    closed = {each.criterion for each in report.adjustments if each.kind == "override"}
    free, whole = excused(report), None in closed
    changes: dict[str, object] = {}
    if not report.criteria:  # ungradable by itself: why it is stays told, whatever was decided
        changes["status"] = "graded" if free or whole else "ungradable"
        open_ = not whole
    else:
        reasons = () if free or whole else open_reasons(report.criteria, closed)
        changes["status"] = "needs_person" if reasons else "graded"
        changes["reason"] = "; ".join(reasons)
        changes["manual"] = report.manual.model_copy(update={"score": _manual(report, closed)})
        open_ = bool(reasons)
    final = None if free or open_ else float(_sum(report))
    changes["final"] = report.final.model_copy(update={"score": final})
    return report.model_copy(update=changes)


def _manual(report: Report, closed: set[str | None]) -> float | None:
    """Points of what is marked by hand, overrides included; None while one is open."""
    rows: Mapping[str, CriterionResult] = {
        row.id: row for row in report.criteria if row.marked is not None or row.status == "pending"
    }
    if any(row.status == "pending" and name not in closed for name, row in rows.items()):
        return None
    said = [
        each for each in report.adjustments if each.kind == "override" and each.criterion in rows
    ]
    given = [row.points for row in rows.values()] + [each.points for each in said]
    return float(sum(map(rounded, given), _NOTHING))
