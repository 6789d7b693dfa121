"""How a run ends: a table, who needs a person and why, and the next command."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from grader.cli.screen import SIGNS, Screen
from grader.core.text import inline
from grader.store.rows import Row, summary_of

__all__ = ["Group", "groups", "machine_summary", "needs_person", "print_summary", "score_of"]

_NAMED: Final = 5
_MOST_ROWS: Final = 200
_HEAD: Final = ("submission", "score", "status", "marks", "cause")
_STYLES: Final = {"graded": "green", "needs_person": "yellow", "ungradable": "red"}
_WORDS: Final = {
    "passed": "holds",
    "partial": "partly",
    "failed": "fails",
    "pending": "by hand",
    "skipped": "skipped",
    "not_applicable": "not applicable",
    "error": "not judged",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Submissions that need a person for one and the same reason."""

    reason: str
    sources: tuple[str, ...]


def needs_person(rows: Iterable[Row]) -> bool:
    """Whether a person has anything left to do."""
    return any(row.status != "graded" for row in rows)


def groups(rows: Iterable[Row]) -> tuple[Group, ...]:
    """Who needs a person and why; the largest group first."""
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row.source):
        for reason in _reasons(row):
            found.setdefault(reason, []).append(row.source)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Group(reason, tuple(sources)) for reason, sources in ordered)


def machine_summary(
    rows: Iterable[Row], *, graded: int, ignored: int, seconds: float
) -> dict[str, Any]:
    """What `--json` writes: the summary file, and what holds for this run only."""
    known = tuple(rows)
    return {
        **summary_of(known),
        "needs_person": [asdict(group) for group in groups(known)],
        "run": {"graded": graded, "ignored": ignored, "seconds": round(seconds, 3)},
    }


def print_summary(
    screen: Screen,
    rows: Iterable[Row],
    folder: Path,
    *,
    graded: int,
    ignored: int,
    seconds: float,
    of: int | None = None,
) -> None:
    """The table and what follows it; `of` how many reports are there in all, where more are."""
    known = sorted(rows, key=lambda row: (row.source, row.id))
    _print_rows(screen, known, folder)
    screen.line()
    for legend in _legend(screen, known):
        screen.line(legend)
    rate = f" ({graded / seconds:.0f}/s)" if graded > 1 and seconds > 0 else ""
    others = f"; {ignored} other {'file' if ignored == 1 else 'files'} passed over"
    screen.line(
        f"{graded} graded in {seconds:.1f} s{rate}; {of or len(known)} reports in {folder}"
        f"{others if ignored else ''}"
    )
    for group in groups(known):
        screen.line(_told(group))
    if known:
        first = min(known, key=_urgency)
        command = f"grader explain {first.id} --out {shlex.quote(str(folder))}"
        screen.line("next: ", Text(inline(command), style="bold"))


def _reasons(row: Row) -> list[str]:
    if row.status == "graded":
        return []
    if row.status == "ungradable":
        return [f"cannot be graded: {row.reason}"]
    reasons = []
    if row.errors:
        told = f" ({row.reason})" if row.reason and not row.waits else ""
        reasons.append(f"could not be judged on {', '.join(row.errors)}{told}")
    if row.waits:
        reasons.append(f"for a mark by hand: {', '.join(row.waits)}")
    return reasons or [f"could not be judged: {row.reason}"]


def _told(group: Group) -> str:
    count, reason = len(group.sources), group.reason
    if reason.startswith("for a mark"):
        return f"{count} {'waits' if count == 1 else 'wait'} {reason}"
    names = ", ".join(inline(source) for source in group.sources[:_NAMED])
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return f"{count} {inline(reason)}: {names}{more}"


def _urgency(row: Row) -> tuple[int, float, str]:
    rank = 0 if row.errors or (row.status == "needs_person" and not row.waits) else 1
    return rank + (row.status == "ungradable"), row.score, row.source


def _print_rows(screen: Screen, rows: list[Row], folder: Path) -> None:
    """All of them where it is piped; a terminal gets as many as anybody scrolls through."""
    if not screen.console.is_terminal:
        _print_lines(screen, rows)
        return
    screen.table(_table(screen, rows[:_MOST_ROWS]))
    if len(rows) > _MOST_ROWS:
        screen.line(f"and {len(rows) - _MOST_ROWS} more: {folder / 'scores.csv'} has all")


def _print_lines(screen: Screen, rows: list[Row]) -> None:
    # a layout engine takes a millisecond a row, which thousands of rows have
    cells = [
        _HEAD,
        *(
            (*_texts(row), "".join(screen.sign(mark.status).plain for mark in row.marks), _why(row))
            for row in rows
        ),
    ]
    names, scores, states, marks = (max(cell_len(row[at]) for row in cells) for at in range(4))
    screen.plain_lines(
        f"{set_cell_size(name, names)}  {score:>{scores}}  {state:<{states}}  "
        f"{set_cell_size(signs, marks)}  {cause}"
        for name, score, state, signs, cause in cells
    )


def _table(screen: Screen, rows: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(_HEAD[0], overflow="fold")
    table.add_column(_HEAD[1], justify="right", no_wrap=True)
    table.add_column(_HEAD[2], no_wrap=True)
    table.add_column(_HEAD[3], no_wrap=True)
    table.add_column(_HEAD[4], overflow="fold")
    for row in rows:
        name, score, state = _texts(row)
        marks = Text().join(screen.sign(mark.status) for mark in row.marks)
        status = Text(state, style=_STYLES.get(row.status, ""))
        table.add_row(Text(name), Text(score), status, marks, Text(_why(row)))
    return table


def _texts(row: Row) -> tuple[str, str, str]:
    return inline(row.source), score_of(row), row.status.replace("_", " ")


def score_of(row: Row) -> str:
    """Automatic score and bonus in short; a dash where nothing was judged: that is no zero."""
    if row.status == "ungradable":
        return "-"
    bonus = f" +{row.bonus:g}" if row.bonus else ""
    return f"{row.score:g}/{row.max:g}{bonus}"


def _why(row: Row) -> str:
    if row.causes:
        return inline(", ".join(row.causes))
    return inline(row.reason) if row.status == "ungradable" or row.errors else ""


def _legend(screen: Screen, rows: list[Row]) -> list[Text]:
    seen = {mark.status for row in rows for mark in row.marks}
    signs = Text()
    for status in SIGNS:
        if status in seen:
            signs.append_text(screen.sign(status)).append(f" {_WORDS[status]}  ")
    order = ", ".join(dict.fromkeys(mark.id for row in rows for mark in row.marks))
    told = f"marks in order: {inline(order)}"
    lines = textwrap.wrap(told, screen.console.width, break_on_hyphens=False)
    return [signs, *map(Text, lines)] if order else []
