"""`grader mark`: written answers, one after another here, or on pages; and what was decided."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from grader.cli.office import book_of, entry_about, now, opened, save, tell, told, who
from grader.cli.screen import Screen, screen
from grader.core.decision import Entry
from grader.core.errors import UsageError
from grader.core.report import Report
from grader.core.text import inline, plain
from grader.deciding.ledger import Clash, in_force
from grader.deciding.marks_csv import Item, Mark, items_of, read_marks
from grader.store import Store

__all__ = ["run"]

_LARGEST: Final = 50 << 20
_HELP: Final = "points [comment], Enter: later, b: back, q: stop (what is marked is kept)"


def run(
    folder: Path,
    *,
    by: str | None,
    criterion: str | None,
    pages: Path | None,
    shares: Sequence[str],
    tables: Sequence[Path],
    listing: bool,
    repair: bool,
) -> int:
    """Mark, write pages, take marks in, or list; returns the exit status."""
    asked = (pages is not None, bool(tables), listing, repair)
    if sum(asked) > 1:
        raise UsageError("one at a time: --page DIR, --import FILE, --list or --repair")
    if shares and pages is None:
        raise UsageError("--share says who marks which page: it needs --page DIR")
    if listing:
        return _list(Store(folder))
    if pages is not None:
        return _write_pages(Store(folder), pages, criterion, shares, by)
    with opened(folder) as store:
        if repair:
            cut = store.repair_ledger()
            screen().line(f"{len(cut)} bytes cut off" if cut else "nothing to repair")
            return 0
        if tables:
            return _take(store, tables, by)
        return _ask(store, who(by), criterion)


def _items(store: Store, criterion: str | None) -> list[tuple[Item, Report]]:
    found = [(item, report) for report in store.reports() for item in items_of(report)]
    known = dict.fromkeys(item.criterion for item, _ in found)
    if criterion is not None:
        if criterion not in known:
            listed = ", ".join(known) or "none"
            raise UsageError(f"`{criterion}` is not marked by hand here; there are: {listed}")
        found = [(item, report) for item, report in found if item.criterion == criterion]
    if not found:
        raise UsageError(f"nothing in {store.folder} is marked by hand")
    return sorted(found, key=lambda pair: (pair[0].criterion, pair[0].key))


# Pages. ------------------------------------------------------------------------------------------


def _write_pages(
    store: Store, into: Path, criterion: str | None, shares: Sequence[str], by: str | None
) -> int:
    from grader.pages.marking import Sheet, marking_page, parse_share, split

    items = [item for item, _ in _items(store, criterion)]
    parts = dict(map(parse_share, shares))
    if len(parts) != len(shares):
        raise UsageError("--share: a name is there twice")
    facts = store.run
    title = facts.rubric_id if facts else ""
    if parts:
        cut = split(items, parts)
        sheets = [
            Sheet(title, share, marker=name, made_at=now(), unassigned=len(cut.rest))
            for name, share in cut.shares.items()
        ]
    else:
        sheets = [Sheet(title, tuple(items), marker=by or "", made_at=now())]
    into.mkdir(parents=True, exist_ok=True)
    out = screen()
    for number, sheet in enumerate(sheets, 1):
        name = _file_name(sheet.marker, number)
        (into / name).write_bytes(marking_page(sheet))
        open_ = sum(item.given is None for item in sheet.items)
        out.line(f"{into / name}: {len(sheet.items)} answers, {open_} not marked yet")
    if parts and cut.rest:
        out.line(f"{len(cut.rest)} answers are in nobody's share")
    out.line("next: open them in a browser, export marks.csv, and take it in: ")
    out.line(Text(f"grader mark {store.folder} --import marks.csv", style="bold"))
    return 0


def _file_name(marker: str, number: int) -> str:
    letters = "".join(letter if letter.isalnum() else "-" for letter in marker.lower())
    plain_name = letters.encode("ascii", "ignore").decode().strip("-")
    return f"marking-{number}-{plain_name}.html" if plain_name else f"marking-{number}.html"


# Marks taken in. ---------------------------------------------------------------------------------


def _take(store: Store, tables: Sequence[Path], by: str | None) -> int:
    reports = {report.submission.id: report for report in store.reports()}
    items = [item for report in reports.values() for item in items_of(report)]
    read = read_marks({str(path): _bytes(path) for path in tables}, items)
    by_key = {item.key: item for item in items}
    new, same = [], 0
    for mark in read.marks:
        entry = _entry(reports, by_key[mark.key], mark, by)
        if entry is None:
            same += 1
        else:
            new.append(entry)
    added = save(store, new)
    out = screen()
    out.line(f"{len(added)} marks taken in, {same} were there already")
    for clash in read.conflicts:
        given = ", ".join(
            f"{mark.by or 'nobody'} {0 if mark.points is None else mark.points:g}"
            for mark in clash.marks
        )
        submission = by_key[clash.key].submission
        out.line(
            inline(f"conflict, not taken: {submission} {by_key[clash.key].criterion}: {given}")
        )
    if read.conflicts:
        out.line("decide each: grader override ID CRITERION --points N --reason ...")
    for line in read.problems:
        tell(f"not taken: {line}")
    if read.unknown:
        tell(f"not taken: {len(read.unknown)} keys of no submission here ({read.unknown[0]}, ...)")
    _tell_clashes(out, in_force(store.ledger).clashes)
    left = sum(item.given is None for report in store.reports() for item in items_of(report))
    out.line(f"{left} left to mark" if left else "everything is marked")
    return 1 if left or read.conflicts or read.problems else 0


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST >> 20} MB: no file of marks")
    return data


def _entry(reports: dict[str, Report], item: Item, mark: Mark, by: str | None) -> Entry | None:
    """The decision; None where it is in force already."""
    points = mark.points or 0.0
    given = item.given
    if given is not None and (given.points, given.comment) == (points, mark.comment):
        return None
    report = reports[item.submission]
    row = next(one for one in report.criteria if one.id == item.criterion)
    name = mark.by or who(by)
    # of one's own only: what somebody else gave clashes, and is never replaced in silence
    own = row.marked is not None and row.marked.by == name
    previous = row.marked.entry if own and row.marked is not None else None
    return entry_about(
        report, "mark", by=name, row=row, points=points, reason=mark.comment, supersedes=previous
    )


# One after another. ------------------------------------------------------------------------------


def _ask(store: Store, by: str, criterion: str | None) -> int:
    pairs = _items(store, criterion)
    waiting = [pair for pair in pairs if pair[0].given is None]
    out = screen()
    if not waiting:
        out.line(f"everything is marked: {len(pairs)} answers")
        return 0
    if not sys.stdin.isatty():
        tell(f"{len(waiting)} answers wait; no terminal to ask on: use --page or --import")
        return 1
    out.line(Text(_HELP, style="dim"))
    at, new = 0, 0
    while 0 <= at < len(waiting):
        item, report = waiting[at]
        _show(out, item, f"{at + 1} of {len(waiting)}")
        answer = click.prompt("points", default="", show_default=False).strip()
        if answer == "q":
            break
        if answer == "b":
            at = max(0, at - 1)
            continue
        if answer:
            entry = _typed(out, answer, item, report, by)
            if entry is None:
                continue
            store.decide([entry])
            new += 1
        at += 1
    store.finish(store.refresh().values())
    left = sum(item.given is None for one in store.reports() for item in items_of(one))
    out.line(f"{new} marked, {left} left; run it again and it goes on")
    return 1 if left else 0


def _show(out: Screen, item: Item, place: str) -> None:
    width = min(shutil.get_terminal_size().columns, 100)
    out.line()
    out.line(Text(f"{place}  {item.title} (of {item.max_points:g})", style="bold"))
    for part in item.parts:
        for line in plain(part.question).splitlines():
            for piece in textwrap.wrap(line, width - 4) or [""]:
                out.line(Text(f"    {piece}", style="dim"))
        shown = plain(part.text) if part.text.strip() else "(nothing was written)"
        for line in shown.splitlines():
            for piece in textwrap.wrap(line, width) or [""]:
                out.line(piece)
    if not item.parts:
        out.line("(no written answer was found: look at the file)")


def _typed(out: Screen, answer: str, item: Item, report: Report, by: str) -> Entry | None:
    first, _, comment = answer.partition(" ")
    try:
        points = float(first.replace(",", "."))
    except ValueError:
        points = -1.0
    if not 0 <= points <= item.max_points:
        out.line(f"expected 0 to {item.max_points:g}; {_HELP}")
        return None
    row = next(one for one in report.criteria if one.id == item.criterion)
    return entry_about(report, "mark", by=by, row=row, points=points, reason=comment.strip())


# What was decided. -------------------------------------------------------------------------------


def _list(store: Store) -> int:
    entries = store.ledger
    holding = in_force(entries)
    known = {entry.id for entry in holding.entries}
    stale = {one.entry.id: one.why for one in book_of(store, store.decided()).stale}
    out = screen()
    clashing = {entry.id for clash in holding.clashes for entry in clash.entries}
    for entry in entries:
        state = "in force" if entry.id in known else "superseded"
        if entry.id in clashing:
            state = "CONFLICT"
        elif entry.id in stale:
            state = f"STALE: {stale[entry.id]}"
        out.line(f"{told(entry)}  [{inline(state)}]")
    _tell_clashes(out, holding.clashes)
    out.line(
        f"{len(entries)} decisions, {len(known)} in force, {len(stale)} of them stale, "
        f"{len(holding.clashes)} conflicts"
    )
    return 1 if stale or holding.clashes else 0


def _tell_clashes(out: Screen, clashes: Sequence[Clash]) -> None:
    for clash in clashes:
        first = clash.entries[0]
        given = ", ".join(
            f"{entry.by} {entry.until or entry.points} ({entry.id})" for entry in clash.entries
        )
        about = f"{first.submission} {first.criterion or ''}"
        out.line(inline(f"conflict, none applied: {about}: {given}"))
