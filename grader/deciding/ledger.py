"""The ledger: which of its entries are in force, and the chain that shows a changed line.

An entry that was closed once stays closed: nothing that is decided later opens it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from grader.core.decision import Entry
from grader.core.text import inline, plain

__all__ = [
    "Clash",
    "Damaged",
    "InForce",
    "appended",
    "in_force",
    "line_of",
    "mistake",
    "parse",
    "standing",
    "without",
]

FORGOTTEN: Final = "forgotten"
"""What stands for a submission in the line that says how many lines were removed."""


class Damaged(ValueError):
    """A ledger that is not as it was written.

    line  the first line, from 1, that is wrong
    torn  it is the last one and only begun, as a power cut leaves it
    """

    def __init__(self, line: int, why: str, *, torn: bool = False) -> None:
        super().__init__(f"line {line} {why}")
        self.line = line
        self.torn = torn


@dataclass(frozen=True, slots=True)
class Clash:
    """Decisions of different people about one thing that cannot both hold; none is applied."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """What holds, in the order in which it was decided, and what clashes."""

    entries: tuple[Entry, ...]
    clashes: tuple[Clash, ...] = ()


def mistake(entry: Entry) -> str:
    """Why an entry must not be added to a ledger, in words; empty where it may."""
    of_criterion = entry.criterion is not None
    wrong = {
        "submission": not entry.submission or not entry.sha256,
        "time": _moment(entry.at) is None,
        "criterion": entry.kind == "mark" and not of_criterion,
        "whole": entry.kind in ("excuse", "extension") and of_criterion,
        "points": (entry.kind in ("mark", "override")) != (entry.points is not None),
        "until": (entry.kind == "extension") != (entry.until is not None),
        "date": entry.until is not None and _moment(entry.until) is None,
        "reason": entry.kind in ("override", "comment") and not entry.reason.strip(),
        "void": entry.kind == "void" and not entry.supersedes,
    }
    words = {
        "submission": "it is about no submission",
        "time": f"expected a time with a zone, found {inline(entry.at[:40])}",
        "criterion": "a mark is of one criterion",
        "whole": f"an {entry.kind} is of the whole submission",
        "points": "points belong to a mark or an override, and to nothing else",
        "until": "a date belongs to an extension, and to nothing else",
        "date": f"expected a date and time with a zone, found {inline((entry.until or '')[:40])}",
        "reason": f"{'an' if entry.kind == 'override' else 'a'} {entry.kind} needs a reason",
        "void": "expected the entry that it takes back",
    }
    return next((words[name] for name, is_wrong in wrong.items() if is_wrong), "")


def standing(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """What no later entry has closed, in order; those that only close others are left out.

    An entry closes what it supersedes (of the same submission), and what the same person decided
    before about the same thing; comments stand beside each other until superseded. A void that is
    itself taken back has still closed what it closed.
    """
    known: dict[str, Entry] = {}
    closed: set[str] = set()
    latest: dict[tuple[str, str | None, str, str], str] = {}
    for entry in entries:
        target = known.get(entry.supersedes or "")
        if target is not None and target.submission == entry.submission:
            closed.add(target.id)
        if entry.kind not in ("comment", "void"):
            slot = (*_thing(entry), entry.by)
            if slot in latest:
                closed.add(latest[slot])
            latest[slot] = entry.id
        known[entry.id] = entry
    return tuple(
        entry for entry in known.values() if entry.id not in closed and entry.kind != "void"
    )


def in_force(entries: Iterable[Entry]) -> InForce:
    """What holds of all that was decided.

    Of what stands, decisions of different people about one thing hold if they say the same: then
    the last one does. Otherwise they clash, until one of them agrees, or all but one are closed.
    Marks also stop clashing, and hold no longer, under an override of their criterion.
    """
    things: dict[tuple[str, str | None, str], list[Entry]] = {}
    kept: list[Entry] = []
    order: dict[str, int] = {}
    for entry in standing(entries):
        order[entry.id] = len(order)
        if entry.kind == "comment":
            kept.append(entry)
        else:
            things.setdefault(_thing(entry), []).append(entry)
    clashes = []
    for (submission, criterion, kind), found in things.items():
        if kind == "mark" and (submission, criterion, "override") in things:
            continue
        if len({(each.points, each.until) for each in found}) > 1:
            clashes.append(Clash(tuple(found)))
        else:
            kept.append(found[-1])
    kept.sort(key=lambda entry: order[entry.id])
    return InForce(tuple(kept), tuple(clashes))


def _thing(entry: Entry) -> tuple[str, str | None, str]:
    return entry.submission, entry.criterion, entry.kind


def parse(data: bytes) -> tuple[Entry, ...]:
    """Every entry; Damaged where a line is none, was changed, or one before it is missing.

    That lines are missing at the end cannot be seen here.
    """
    found: list[Entry] = []
    lines = data.split(b"\n")
    last = lines.pop()
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
            entry = Entry.model_validate(document)
        except (ValueError, RecursionError) as error:  # ValidationError is a ValueError
            told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise Damaged(number, f"is no decision: {inline(told)[:200]}") from error
        if entry.id != _digest(found[-1].id if found else "", document):
            raise Damaged(number, "was changed, or a line before it is missing")
        found.append(entry)
    if last:
        raise Damaged(len(lines) + 1, "is cut off", torn=True)
    return tuple(found)


def appended(entries: Sequence[Entry], new: Entry) -> Entry:
    """The new entry with its id, which depends on all before it; its texts become plain."""
    clean = new.model_copy(
        update={"by": inline(new.by)[:100], "reason": plain(new.reason)[:20_000]}
    )
    previous = entries[-1].id if entries else ""
    return clean.model_copy(update={"id": _digest(previous, _document(clean))})


def line_of(entry: Entry) -> bytes:
    """The entry as a line of the file."""
    document = {"id": entry.id, **_document(entry)}
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _document(entry: Entry) -> dict[str, Any]:
    # without defaults: a field that a later version adds must not change the digests of before
    return entry.model_dump(mode="json", exclude={"id"}, exclude_defaults=True)


def _digest(previous: str, document: Mapping[str, Any]) -> str:
    told = {name: value for name, value in document.items() if name != "id"}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return f"e-{hashlib.sha256(f'{previous} {text}'.encode()).hexdigest()[:16]}"


def without(
    entries: Iterable[Entry], submissions: Collection[str], *, by: str, at: str
) -> tuple[Entry, ...]:
    """The ledger without all lines about those submissions, chained anew; as it is without any.

    A last line says how many were removed, by whom and when, and not whose they were.
    """
    known = tuple(entries)
    kept = [entry for entry in known if entry.submission not in submissions]
    removed = len(known) - len(kept)
    if not removed:
        return known
    renamed: dict[str, str] = {}
    chained: list[Entry] = []
    for entry in kept:
        target = renamed.get(entry.supersedes or "")  # what was removed is named no more
        new = appended(chained, entry.model_copy(update={"supersedes": target}))
        renamed[entry.id] = new.id
        chained.append(new)
    told = f"{removed} line{'' if removed == 1 else 's'} removed: somebody was forgotten"
    note = Entry(at=at, by=by, submission=FORGOTTEN, sha256="", kind="void", reason=told)
    return (*chained, appended(chained, note))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
