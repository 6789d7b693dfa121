"""What is marked by hand, and the `marks.csv` its marks travel in.

The marking page and the terminal write the same file; either reads it, however a spreadsheet has
arranged it since. A mark is taken only where everybody who gave one gave the same.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from grader.core.decision import Entry, criterion_digest
from grader.core.gradebook import rounded
from grader.core.report import CriterionResult, Report
from grader.core.text import inline

__all__ = [
    "COLUMNS",
    "Conflict",
    "Given",
    "Item",
    "Mark",
    "MarksRead",
    "Part",
    "item_key",
    "items_of",
    "read_marks",
    "write_marks",
]

COLUMNS: Final = ("key", "criterion", "definition", "points", "comment", "by", "at")
_NEEDED: Final = ("key", "definition", "points")
_POINTS: Final = re.compile(r"([+-]?)(?=[.,]?[0-9])([0-9]{0,6})(?:[.,]([0-9]{0,20}))?")
_BLANK: Final = r"[ \x0b\x0c\x85\xa0\u2000-\u200b\u202f\u205f\u3000\ufeff]*"
_FORMULA: Final = f"(?={_BLANK}[=+@|%＝＋－＠-])"
_GUARDED: Final = re.compile(rf"(^|[;\t\r\n])('*){_FORMULA}")
"""Where a spreadsheet may begin a formula: some part cells at semicolons, tabs or line ends too."""

_COMMENT_LIMIT: Final = next(
    part.max_length for part in Entry.model_fields["reason"].metadata if hasattr(part, "max_length")
)
_NAME_LIMIT: Final = next(
    part.max_length for part in Entry.model_fields["by"].metadata if hasattr(part, "max_length")
)
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """One question and what was written below it; `text` is empty where nothing was."""

    question: str
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """The mark that is in force already; `entry` is the ledger's: what another mark supersedes."""

    points: float
    comment: str
    by: str
    at: str
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One criterion of one submission that is marked by hand.

    key         what pages and files call it: tells neither submission nor student
    definition  `criterion_digest` of the criterion
    parts       empty where no written answer was found, which is not a blank answer
    findings    what the grader found in the code, in words
    """

    key: str
    submission: str
    sha256: str
    criterion: str
    definition: str
    title: str
    max_points: float
    parts: tuple[Part, ...] = ()
    findings: tuple[str, ...] = ()
    given: Given | None = None

    @property
    def blank(self) -> bool:
        """Whether every question was left as it was handed out."""
        return bool(self.parts) and not any(part.text.strip() for part in self.parts)


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of `marks.csv`; no points: not marked. `at` is ISO 8601 with a zone, or empty."""

    key: str
    criterion: str
    definition: str
    points: float | None
    comment: str = ""
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Different points for one answer, in order of who gave them; none of them is applied."""

    key: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class MarksRead:
    """What files of marks hold.

    marks      one a key, in order of the items
    conflicts  in the same order
    unknown    keys that are no item's, in order of appearance
    problems   complete lines `file:line: what is wrong`; such a row is left out
    """

    marks: tuple[Mark, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unknown: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def item_key(submission: str, sha256: str, criterion: str) -> str:
    """The key of a criterion of a submission; never one that a spreadsheet takes for a number."""
    told = "\0".join((submission, sha256, criterion)).encode("utf-8", "surrogatepass")
    return f"k-{hashlib.sha256(told).hexdigest()[:16]}"


def items_of(report: Report) -> tuple[Item, ...]:
    """What of a report is marked by hand, marked yet or not, in order of its criteria."""
    findings = (report.headline, *(one.message for one in report.diagnoses))
    told = tuple(dict.fromkeys(one for one in findings if one))
    return tuple(
        _item(report, row, told)
        for row in report.criteria
        if row.status == "pending" or row.marked is not None
    )


def _item(report: Report, row: CriterionResult, findings: tuple[str, ...]) -> Item:
    facts, mark = report.submission, row.marked
    return Item(
        key=item_key(facts.id, facts.sha256, row.id),
        submission=facts.id,
        sha256=facts.sha256,
        criterion=row.id,
        definition=criterion_digest(row),
        title=row.title,
        max_points=row.max_points,
        parts=tuple(
            Part(one.question, one.text) for one in report.answers if one.criterion == row.id
        ),
        findings=findings,
        given=Given(row.points, mark.comment, mark.by, mark.at, mark.entry) if mark else None,
    )


def write_marks(marks: Iterable[Mark]) -> bytes:
    """The file `marks.csv`: UTF-8 with a mark that spreadsheets know it by, commas, CRLF."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for mark in marks:
        points = "" if mark.points is None else _shortest(mark.points)
        # `d-`: a digest of digits alone would come back from a spreadsheet as another number.
        told = (mark.key, mark.criterion, f"d-{mark.definition}")
        texts = (*told, points, mark.comment, mark.by, mark.at)
        writer.writerow([_GUARDED.sub(r"\1\2'", text) for text in texts])
    return out.getvalue().encode("utf-8-sig", "replace")


def _shortest(points: float) -> str:
    return f"{rounded(points).normalize():f}"


def read_marks(files: Mapping[str, bytes], items: Iterable[Item]) -> MarksRead:
    """The marks of several files, by the name each is called in problems; never raises.

    Of one person's marks for an answer the latest counts; those of different people have to agree
    on the points, and then all their comments are kept.
    """
    known = {item.key: item for item in items}
    found: dict[str, list[Mark]] = {}
    unknown: dict[str, None] = {}
    problems: list[str] = []
    for name, data in files.items():
        place = inline(name)
        try:
            for line, row in _rows(data):
                _take(
                    f"{place}:{line}", row, known, found=found, unknown=unknown, problems=problems
                )
        except (_Unreadable, csv.Error) as error:
            problems.append(f"{place}:1: {error}")
    marks, conflicts = [], []
    for key in known:
        if key not in found:
            continue
        latest = _latest(found[key])
        if len({mark.points for mark in latest}) > 1:
            conflicts.append(Conflict(key, latest))
        else:
            marks.append(_agreed(latest))
    return MarksRead(tuple(marks), tuple(conflicts), tuple(unknown), tuple(problems))


class _Unreadable(ValueError):
    """A file that holds no marks."""


class _Refused(ValueError):
    """A row that cannot be taken."""


def _take(
    place: str,
    row: Mapping[str, str],
    known: Mapping[str, Item],
    *,
    found: dict[str, list[Mark]],
    unknown: dict[str, None],
    problems: list[str],
) -> None:
    key = row["key"].strip()
    item = known.get(key)
    if item is None:
        unknown[inline(key[:80])] = None
        return
    try:
        mark = _mark(row, item)
    except _Refused as refused:
        problems.append(f"{place}: {refused}")
        return
    if mark is not None:
        found.setdefault(key, []).append(mark)


def _mark(row: Mapping[str, str], item: Item) -> Mark | None:
    """The row's mark, None where it gives no points."""
    written = _unguarded(row["points"]).strip()
    if not written:
        return None
    definition = row["definition"].strip().removeprefix("d-")
    criterion = row.get("criterion", "").strip() or item.criterion
    if criterion != item.criterion:
        raise _Refused(f"{item.key} is of {item.criterion}, not of {inline(criterion[:80])}")
    if definition != item.definition:
        raise _Refused(f"stale: {item.criterion} has changed since {item.key} was marked")
    comment = _unguarded(row.get("comment", "")).replace("\r\n", "\n").strip()
    by = inline(_unguarded(row.get("by", "")).strip())
    if len(comment) > _COMMENT_LIMIT:
        raise _Refused(f"the comment has more than {_COMMENT_LIMIT} characters")
    if len(by) > _NAME_LIMIT:
        raise _Refused(f"the name of who marked has more than {_NAME_LIMIT} characters")
    at = _unguarded(row.get("at", "")).strip()
    return Mark(
        key=item.key,
        criterion=item.criterion,
        definition=item.definition,
        points=_points(written, item.max_points),
        comment=comment,
        by=by,
        at=at if _moment(at) != _LONG_AGO else "",
    )


def _points(text: str, most: float) -> float:
    shown = inline(text[:40])
    match = _POINTS.fullmatch(text)
    if match is None:
        raise _Refused(f"“{shown}” is not a number of points")
    sign, whole, parts = match.groups()
    points = float(rounded(float(f"{whole or 0}.{parts or 0}")))
    if sign == "-" and points:
        raise _Refused(f"{shown} is less than no points")
    if points > most:
        raise _Refused(f"{shown} is more than the {_shortest(most)} points there are")
    return points


def _latest(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Each person's latest mark, in order of names; several where it is not known which is."""
    kept: dict[str, list[Mark]] = {}
    for mark in marks:
        kept.setdefault(mark.by, []).append(mark)
    chosen: list[Mark] = []
    for _, theirs in sorted(kept.items()):
        if all(mark.at and mark.by for mark in theirs):
            newest = max(_moment(mark.at) for mark in theirs)
            chosen += dict.fromkeys(mark for mark in theirs if _moment(mark.at) == newest)
        else:
            chosen += dict.fromkeys(theirs)
    return tuple(chosen)


def _agreed(marks: Sequence[Mark]) -> Mark:
    """One mark of several with the same points: the latest, with everybody's comments."""
    comments = "\n".join(dict.fromkeys(mark.comment for mark in marks if mark.comment))
    latest = max(marks, key=lambda mark: _moment(mark.at))
    return replace(latest, comment=comments if len(comments) <= _COMMENT_LIMIT else latest.comment)


def _moment(at: str) -> datetime:
    """When; long ago where a spreadsheet has made something else of it."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return _LONG_AGO
    return moment if moment.tzinfo else _LONG_AGO


def _unguarded(text: str) -> str:
    return re.sub(rf"(^|[;\t\r\n])'('*){_FORMULA}", r"\1\2", text)


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells by column of every row that is not empty; _Unreadable or csv.Error."""
    text = _decoded(data)
    before = 0
    if text[:4].casefold() == "sep=":  # a line some spreadsheets put first
        text, before = text.partition("\n")[2], 1
    separator = _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    head = [cell.strip().casefold() for cell in next(reader, [])]
    for column in COLUMNS:
        if head.count(column) > 1:
            raise _Unreadable(f"has two columns named {column}")
    line = before + reader.line_num + 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield line, dict.fromkeys(head, "") | dict(zip(head, cells, strict=False))
        line = before + reader.line_num + 1


def _separator(text: str) -> str:
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    for separator in ",;\t":
        head = next(csv.reader([first], delimiter=separator), [])
        if set(_NEEDED) <= {cell.strip().casefold() for cell in head}:
            return separator
    raise _Unreadable(f"has no columns {', '.join(_NEEDED)} in its first line")


def _decoded(data: bytes) -> str:
    """As spreadsheets save: UTF-8, what they call Unicode text, or the Western code page."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
