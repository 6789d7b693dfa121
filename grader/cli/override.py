"""`grader override`: a decision about one submission."""

from __future__ import annotations

import difflib
from datetime import datetime
from pathlib import Path

from grader.cli.explain import identify
from grader.cli.office import entry_about, opened, save, tell, told, who
from grader.cli.request import Request, check_output, folder_of
from grader.cli.screen import screen
from grader.core.decision import Entry, Kind
from grader.core.errors import UsageError
from grader.core.report import CriterionResult, Report
from grader.core.text import inline
from grader.deciding.decide import decided
from grader.deciding.ledger import in_force
from grader.store import Store

__all__ = ["run"]


def run(
    what: str,
    criterion: str | None,
    *,
    points: float | None,
    excuse: bool,
    until: str | None,
    comment: bool,
    void: str | None,
    reason: str,
    by: str | None,
    out: Path | None,
) -> int:
    """Add the decision; returns the exit status."""
    folder = folder_of(Request(out=out))
    check_output(folder)
    name, text = who(by), _reason(reason)
    asked = (points is not None, excuse, until is not None, comment, void is not None)
    if sum(asked) != 1:
        raise UsageError(
            "decide one thing: --points N, --excuse, --until WHEN, --comment or --void ENTRY"
        )
    with opened(folder) as store:
        shown = store.report(identify(what, store))
        # verdicts as they were before anybody decided: what a decision is about
        plain = decided(shown, handin=store.identities.handin(shown.submission.id)).report
        row = _row(plain, criterion) if criterion is not None else None
        if void is not None:
            new = [_void(store, plain, void, by=name, reason=text)]
        elif excuse:
            new = [entry_about(plain, "excuse", by=name, reason=text)]
        elif until is not None:
            new = [entry_about(plain, "extension", by=name, until=_moment(until), reason=text)]
        elif comment:
            new = [entry_about(plain, "comment", by=name, row=row, reason=text)]
        else:
            new = _points(store, plain, row, points or 0.0, by=name, reason=text)
        added = save(store, new)
        after = store.report(shown.submission.id)
    for entry in added:
        tell(f"kept: {told(entry)}")
    final = "no mark yet" if after.final.score is None else f"{after.final.score:g}"
    out_ = screen()
    out_.line(f"{inline(after.submission.source)}: {final} of {after.final.max:g}")
    return 0


def _reason(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise UsageError("--reason: say why; students read it, and so will you next year")
    return text


def _row(report: Report, criterion: str) -> CriterionResult:
    known = {row.id: row for row in report.criteria}
    if criterion in known:
        return known[criterion]
    if not known:
        raise UsageError(
            f"{report.submission.id} could not be graded and has no criteria: leave the criterion "
            "out to set its final mark"
        )
    near = difflib.get_close_matches(criterion, known, 1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
    raise UsageError(f"no criterion `{criterion}`; {hint}")


def _moment(until: str) -> str:
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--until {until}: expected a date with time and zone, as 2026-12-01T23:59+01:00"
        )
    return moment.isoformat()


def _void(store: Store, report: Report, void: str, *, by: str, reason: str) -> Entry:
    own = [entry for entry in store.ledger if entry.submission == report.submission.id]
    if void not in {entry.id for entry in own}:
        listed = ", ".join(entry.id for entry in own) or "none"
        raise UsageError(
            f"--void {void}: no decision about {report.submission.id} has that id ({listed})"
        )
    return entry_about(report, "void", by=by, reason=reason, supersedes=void)


def _points(
    store: Store,
    report: Report,
    row: CriterionResult | None,
    points: float,
    *,
    by: str,
    reason: str,
) -> list[Entry]:
    """A mark where it is decided by hand, else an override; whatever was decided of it goes."""
    most = row.max_points if row is not None else None
    if most is not None and points > most:
        raise UsageError(f"--points {points:g}: {row.id if row else ''} has {most:g} at most")
    kind: Kind = "mark" if row is not None and row.status == "pending" else "override"
    holding = in_force(store.ledger)
    earlier = [
        entry
        for entry in (
            *holding.entries,
            *(one for clash in holding.clashes for one in clash.entries),
        )
        if (entry.submission, entry.criterion, entry.kind)
        == (report.submission.id, row.id if row is not None else None, kind)
    ]
    gone = [
        entry_about(report, "void", by=by, reason="decided anew", supersedes=entry.id)
        for entry in earlier[:-1]
    ]
    last = earlier[-1].id if earlier else None
    new = entry_about(report, kind, by=by, row=row, points=points, reason=reason, supersedes=last)
    return [*gone, new]
