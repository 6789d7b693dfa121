"""The class as it goes out: of every student the one submission that counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from grader.core.decision import Entry, Stale
from grader.core.gradebook import Gradebook, Line, rounded
from grader.core.handin import Handin, Identities, Policy, Student
from grader.core.report import Report
from grader.deciding.decide import Decided, excused, so_far
from grader.deciding.ledger import standing
from grader.reporting.student import student_view

__all__ = ["counting", "due_of", "gradebook"]


def gradebook(
    found: Iterable[Decided],
    identities: Identities,
    entries: Iterable[Entry] = (),
    *,
    rubric: str,
    title: str,
) -> Gradebook:
    """Every submission that counts, in order of the sources.

    `found` are the class's reports with decisions applied. Every student of a hand-in is in one
    line, or in `missing` where a roster has them and no report is theirs; a submission of nobody
    who is known has a line of its own. `entries` are the whole ledger: those about no report are
    stale, as are those about an attempt that does not count.
    """
    found = sorted(found, key=lambda one: (one.report.submission.source, one.report.submission.id))
    handins = {handin.submission: handin for handin in identities.handins}
    chosen, others = counting([one.report for one in found], identities)
    counted = [one for one in found if one.report.submission.id in chosen]
    lines = tuple(_line(one, chosen, handins, identities) for one in counted)
    known = {one.report.submission.id for one in found}
    reported = {key for one in known & handins.keys() for key in handins[one].students}
    return Gradebook(
        rubric=rubric,
        title=title,
        system=identities.system,
        maximum=max((rounded(line.report.final.max) for line in lines), default=Decimal(0)),
        most=max((_most(line.report) for line in lines), default=Decimal(0)),
        lines=lines,
        others=tuple(sorted(others.items())),
        missing=tuple(one for one in identities.students if one.listed and one.key not in reported),
        stale=(
            *_stale(found, others),
            *(
                Stale(entry=entry, why="its submission is not among the reports")
                for entry in standing(entries)
                if entry.submission not in known
            ),
        ),
        penalty=any(line.report.rubric.policy.late is not None for line in lines),
        clashes=tuple(clash.entries for one in counted for clash in one.clashes),
        notes=tuple(
            f"{one.report.submission.source}: {note}" for one in counted for note in one.notes
        ),
    )


def counting(
    reports: Sequence[Report], identities: Identities
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Ids of the reports that count, with the keys of the students they count for, and of each
    other one the id of one that counts in its place.

    latest: the attempt with the highest number, then the latest; of several files of one attempt
    the one that earns most. best: the one that earns most, what is decided so far where marks are
    open. A student who handed in with a group and alone has both among their attempts.
    """
    handins = {handin.submission: handin for handin in identities.handins}
    theirs: dict[str, list[Report]] = {}
    for report in reports:
        handin = handins.get(report.submission.id)
        for key in dict.fromkeys(handin.students if handin else ()):
            theirs.setdefault(key, []).append(report)
    best = {
        key: max(several, key=lambda one: _rank(one, handins, identities.policy)).submission.id
        for key, several in theirs.items()
    }
    chosen: dict[str, tuple[str, ...]] = {}
    others: dict[str, str] = {}
    for report in reports:
        identifier = report.submission.id
        handin = handins.get(identifier)
        keys = tuple(dict.fromkeys(handin.students if handin else ()))
        takers = tuple(key for key in keys if best[key] == identifier)
        if takers or not keys:
            chosen[identifier] = takers
        else:
            others[identifier] = best[keys[0]]
    return chosen, others


def due_of(identities: Identities, handin: Handin | None) -> str | None:
    """The date those who handed it in have of their own, the latest of a group's; else None."""
    keys = handin.students if handin is not None else ()
    students = (identities.student(key) for key in keys)
    dates = [one.due for one in students if one is not None and one.due]
    return max(dates, key=_moment, default=None)


def _rank(
    report: Report, handins: Mapping[str, Handin], policy: Policy
) -> tuple[Decimal, int, datetime, Decimal, str]:
    facts = report.submission
    mark = so_far(report)
    earned = Decimal(-1) if mark is None else mark
    attempt = handins[facts.id].attempt
    first = earned if policy == "best" else Decimal(0)
    return first, attempt.number, _moment(attempt.submitted_at), earned, facts.source


def _moment(text: str | None) -> datetime:
    """Long ago where it is not known."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(
    one: Decided,
    chosen: Mapping[str, tuple[str, ...]],
    handins: Mapping[str, Handin],
    identities: Identities,
) -> Line:
    report = one.report
    free, final = excused(report), report.final.score
    open_ = final is None and not free
    return Line(
        students=tuple(
            identities.student(key) or Student(key=key) for key in chosen[report.submission.id]
        ),
        report=report,
        view=student_view(report),
        handin=handins.get(report.submission.id),
        mark=None if final is None or free else rounded(final),
        partial=so_far(report),
        excused=free,
        why_open=_why(one) if open_ else "",
    )


def _why(one: Decided) -> str:
    report = one.report
    if report.status == "ungradable":
        return f"could not be graded: {report.reason}"
    clashing = [clash.entries[0].criterion or "the whole" for clash in one.clashes]
    told = [f"different decisions about {', '.join(clashing)}"] if clashing else []
    return "; ".join([report.reason, *told])


def _most(report: Report) -> Decimal:
    """The maximum with all that a bonus can add to it."""
    extra = report.automatic.max_bonus if report.rubric.policy.bonus == "on-top" else 0.0
    return rounded(report.final.max) + rounded(extra)


def _stale(found: Iterable[Decided], others: Mapping[str, str]) -> Iterator[Stale]:
    for one in found:
        counts = others.get(one.report.submission.id)
        yield from one.stale
        if counts is not None:
            why = f"made for an attempt that does not count: {counts} does"
            yield from (Stale(entry=entry, why=why) for entry in one.applied)
