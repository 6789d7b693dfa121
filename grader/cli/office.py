"""What commands about decisions share: the folder under its lock, who decides, the gradebook."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from grader.core.decision import Entry, Kind
from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook
from grader.core.report import CriterionResult, Report
from grader.core.text import inline, plain
from grader.deciding.book import gradebook
from grader.deciding.decide import Decided, entry_for
from grader.store import Store

__all__ = ["book_of", "entry_about", "listed", "now", "opened", "save", "tell", "told", "who"]

_LISTED: Final = 8


def now() -> str:
    """The time, ISO 8601 with a zone."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def who(by: str | None) -> str:
    """Who decides: `--by`, else the login name."""
    if by is not None:
        name = by.strip()
        if not name or len(name) > 100:
            raise UsageError("--by: expected a name of at most 100 characters")
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise UsageError("who decides? name yourself with --by NAME") from None


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The folder's store, locked while decisions are written."""
    store = Store(folder)
    store.prepare()
    try:
        yield store
    finally:
        store.close()


def save(store: Store, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Add decisions, and write what follows from them into reports, summary and scores."""
    added = store.decide(entries)
    store.finish(store.refresh().values())
    return added


def entry_about(
    report: Report,
    kind: Kind,
    *,
    by: str,
    row: CriterionResult | None = None,
    points: float | None = None,
    until: str | None = None,
    reason: str = "",
    supersedes: str | None = None,
) -> Entry:
    """A decision about a submission, or a criterion of it, as it is now.

    UsageError where it would not be applied.
    """
    criterion = row.id if row is not None else None
    try:
        return entry_for(
            report,
            kind,
            by=by,
            at=now(),
            criterion=criterion,
            points=points,
            until=until,
            reason=reason,
            supersedes=supersedes,
        )
    except ValueError as error:
        raise UsageError(f"{report.submission.id}: {error}") from error


def book_of(store: Store, found: Iterable[Decided]) -> Gradebook:
    """The class as it goes out."""
    facts = store.run
    if facts is None:
        raise UsageError(f"{store.folder} is no output folder of grader's: it has no run.json")
    title = facts.rubric_id
    return gradebook(found, store.identities, store.ledger, rubric=title, title=title)


def told(entry: Entry) -> str:
    """A decision on one line."""
    about = f"{entry.submission} {entry.criterion or 'as a whole'}"
    what: str = entry.kind
    if entry.points is not None:
        what += f" {entry.points:g}"
    if entry.until is not None:
        what += f" until {entry.until}"
    return inline(f"{entry.id}  {entry.at}  {entry.by}  {about}: {what}  {entry.reason}".rstrip())


def listed(names: Iterable[str]) -> str:
    """The first few of some names, and how many more there are."""
    known = [inline(name) for name in names]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return ", ".join(known[:_LISTED]) + more


def tell(text: str) -> None:
    """A line for people, beside what goes to standard output."""
    sys.stderr.write(plain(text) + "\n")
