"""Which column of Moodle's offline worksheet is which, in any language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from grader.core.errors import UsageError
from grader.core.spelling import nearest
from grader.core.text import inline
from grader.export.sheet import Sheet

__all__ = ["Columns", "columns_of", "number_in", "participant"]

_ENGLISH: Final = {
    "identifier": "Identifier",
    "grade": "Grade",
    "maximum": "Maximum Grade",
    "changeable": "Grade can be changed",
    "feedback": "Feedback comments",
}
_PARTICIPANT: Final = re.compile(r"[^0-9]*?([0-9]+)[^0-9]*")
_NUMBER: Final = re.compile(r"[0-9]{1,9}([.,][0-9]{1,9})?")
_DATE: Final = re.compile(r"-?|.*[0-9]{1,2}[:.h][0-9]{2}.*")
_HELP: Final = "name them: grade, maximum, identifier, changeable, feedback"


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions in the sheet, and the maximum grade it tells."""

    identifier: int
    grade: int
    maximum: int
    changeable: int | None
    feedback: int | None
    maximum_value: Decimal

    def told(self, sheet: Sheet) -> str:
        """What was taken for what."""
        head = sheet.rows[0]
        parts = {name: getattr(self, name) for name in _ENGLISH}
        words = [f"{name} `{inline(head[at])}`" for name, at in parts.items() if at is not None]
        return f"columns were read as: {', '.join(words)}"


def participant(text: str) -> str | None:
    """The number of `Participant 123`, whatever the word is here."""
    found = _PARTICIPANT.fullmatch(text.strip())
    return found[1] if found else None


def number_in(text: str) -> Decimal | None:
    """A grade as Moodle writes it, with a dot or a comma; None where it is none."""
    return Decimal(text.strip().replace(",", ".")) if _NUMBER.fullmatch(text.strip()) else None


def columns_of(sheet: Sheet, given: Mapping[str, str]) -> Columns:
    """The columns; UsageError where one that is needed is not certain."""
    head = [name.strip() for name in sheet.rows[0]]
    rows = [row for row in sheet.rows[1:] if any(row)]
    if not rows:
        raise UsageError("Moodle's grading worksheet has no students")
    found = _named(head, given)
    if "grade" not in found or "maximum" not in found:
        found = {**_placed(head, rows, found), **found}
    found.setdefault("identifier", 0)
    numbers = [participant(_cell(row, found["identifier"])) for row in rows]
    if None in numbers or len(set(numbers)) != len(numbers):
        name = inline(head[found["identifier"]])
        raise UsageError(
            f"`{name}` in Moodle's worksheet does not hold a number for each student; {_HELP}"
        )
    worth = {number_in(_cell(row, found["maximum"])) for row in rows} - {None}
    if not worth:
        raise UsageError("Moodle's worksheet tells no maximum grade: scales cannot be filled in")
    after = found["maximum"] + 1
    if "changeable" not in found and len(head) - after >= 3 and _two_words(rows, after):
        found["changeable"] = after
    if "feedback" not in found and "Feedback comments" not in head:
        place = _feedback(head, rows, found.get("changeable", after))
        if place is not None:
            found["feedback"] = place
    return Columns(
        found["identifier"],
        found["grade"],
        found["maximum"],
        found.get("changeable"),
        found.get("feedback"),
        min(one for one in worth if one is not None),
    )


def _named(head: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for what, name in sorted(given.items()):
        if what not in _ENGLISH:
            raise UsageError(f"no column is called `{inline(what)}`{nearest(what, _ENGLISH)}")
        if head.count(name.strip()) != 1:
            near = inline(nearest(name, head))
            raise UsageError(f"Moodle's worksheet has no one column `{inline(name)}`{near}")
        found[what] = head.index(name.strip())
    for what, name in _ENGLISH.items():
        if head.count(name) == 1:
            found.setdefault(what, head.index(name))
    return found


def _placed(
    head: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, int]
) -> dict[str, int]:
    """Grade and maximum: neighbours, the second one number all the way down and never less."""
    pairs = []
    for at in range(1, len(head) - 1):
        worth = {number_in(_cell(row, at + 1)) for row in rows}
        most = next(iter(worth))
        if len(worth) != 1 or not most:
            continue
        marks = [_cell(row, at).strip() for row in rows]
        values = [number_in(mark) for mark in marks]
        blank = all(
            mark in ("", "-") for mark, value in zip(marks, values, strict=True) if value is None
        )
        if blank and all(value is None or value <= most for value in values):
            pairs.append(at)
    pairs = [at for at in pairs if known.get("grade", at) == at]
    if len(pairs) != 1:
        raise UsageError(
            f"it is not certain which column of Moodle's worksheet is the grade; {_HELP}"
        )
    return {"grade": pairs[0], "maximum": pairs[0] + 1}


def _feedback(head: Sequence[str], rows: Sequence[Sequence[str]], changeable: int) -> int | None:
    """The fourth column from there, behind two dates; with any further column it is not certain."""
    last = len(head) - 1
    dates = all(
        _DATE.fullmatch(_cell(row, at).strip()) for row in rows for at in (last - 2, last - 1)
    )
    return last if last - changeable == 3 and dates else None


def _two_words(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether a column could say yes and no."""
    words = {_cell(row, at).strip() for row in rows}
    return len(words) <= 2 and all(word and not any(map(str.isdigit, word)) for word in words)


def _cell(row: Sequence[str], at: int) -> str:
    return row[at] if at < len(row) else ""
