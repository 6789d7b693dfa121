"""Whose row of a receiver's file is whose: by identifiers, by name only where nothing else is."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from grader.core.errors import UsageError
from grader.core.gradebook import Line
from grader.core.handin import Student
from grader.core.text import inline
from grader.export.marks import listed, named

__all__ = ["Joined", "Key", "folded", "join", "plain_name"]


def folded(text: str) -> str:
    """An identifier for comparing."""
    return text.strip().casefold()


def plain_name(name: str) -> str:
    """A name for comparing: `Lovelace, Ada` and `Ada Lovelace` are one."""
    parts = name.split(",")
    if len(parts) == 2:
        name = f"{parts[1]} {parts[0]}"
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@dataclass(frozen=True, slots=True)
class Key:
    """One column that identifies students.

    of      what a student is called there, several where the roster may hold either
    values  row of the file -> the text of that column
    strict  another value there means another person; of the first key it does in any case
    weak    the value may be another system's: it counts only with the same name
    """

    label: str
    of: Callable[[Student, Line], Sequence[str]]
    values: Mapping[int, str]
    strict: bool = True
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows with their students, who has none, and what to tell."""

    rows: Mapping[int, tuple[Student, Line]]
    unknown: tuple[Student, ...]
    warnings: tuple[str, ...]


def join(
    pairs: Iterable[tuple[Student, Line]],
    keys: Sequence[Key],
    names: Mapping[int, str],
    what: str,
) -> Joined:
    """The row of each student; `names` are those of the rows.

    UsageError where identifiers contradict each other or two students have one row.
    """
    everybody = tuple(pairs)
    tables = [(key, _index(key.values)) for key in keys]
    by_name = _index({row: plain_name(name) for row, name in names.items()})
    shared = Counter(plain_name(student.name) for student, _ in everybody)
    rows: dict[int, tuple[Student, Line]] = {}
    unknown, guessed, odd, clashes = [], [], [], []
    for student, line in everybody:
        found = _rows(student, line, tables, names)
        sure = bool(found)
        if not sure and shared[plain_name(student.name)] == 1:
            found = _by_name(student, line, keys, by_name)
        if not found:
            unknown.append(student)
            continue
        row = min(found)
        if len(found) > 1:
            clashes.append(f"{named(student)} fits {len(found)} rows")
        elif row in rows:
            clashes.append(f"{named(student)} and {named(rows[row][0])} fit one row")
        if not sure:
            guessed.append(student)
        elif _others(student.name, names.get(row, "")):
            odd.append(f"{named(student)} is {inline(names[row])}")
        rows[row] = (student, line)
    if clashes:
        raise UsageError(f"{what} cannot be filled in: {'; '.join(clashes)}")
    return Joined(rows, tuple(unknown), _told(what, unknown, guessed, odd))


def _told(
    what: str, unknown: list[Student], guessed: list[Student], odd: list[str]
) -> tuple[str, ...]:
    told = []
    if unknown:
        told.append(f"{what} has no row for {listed(unknown)}")
    if guessed:
        told.append(f"matched by name alone, look at them: {listed(guessed)}")
    if odd:
        told.append(f"same identifier, other name, look at them: {', '.join(odd[:10])}")
    return tuple(told)


def _index(values: Mapping[int, str]) -> dict[str, list[int]]:
    table: dict[str, list[int]] = {}
    for row, value in values.items():
        if folded(value):
            table.setdefault(folded(value), []).append(row)
    return table


def _rows(
    student: Student,
    line: Line,
    tables: Sequence[tuple[Key, Mapping[str, list[int]]]],
    names: Mapping[int, str],
) -> set[int]:
    found: set[int] = set()
    for key, table in tables:
        for value in key.of(student, line):
            hits = table.get(folded(value), []) if value.strip() else []
            found.update(
                row
                for row in hits
                if not key.weak or plain_name(names.get(row, "")) == plain_name(student.name)
            )
    if len(found) == 1 and _another(student, line, tables[0][0], min(found)):
        return set()
    return found


def _another(student: Student, line: Line, key: Key, row: int) -> bool:
    """Whether the row has that identifier and it is none of the student's."""
    own = [folded(value) for value in key.of(student, line) if value.strip()]
    theirs = folded(key.values.get(row, ""))
    return bool(own) and bool(theirs) and theirs not in own


def _by_name(
    student: Student, line: Line, keys: Sequence[Key], by_name: Mapping[str, list[int]]
) -> set[int]:
    hits = by_name.get(plain_name(student.name), []) if student.name.strip() else []
    if len(hits) != 1:
        return set()
    row = hits[0]
    if any(key.strict and _another(student, line, key, row) for key in keys):
        return set()  # a namesake's
    return {row}


def _others(one: str, other: str) -> bool:
    """Whether two names share no word."""
    first, second = (set(plain_name(name).split()) for name in (one, other))
    return bool(first) and bool(second) and not first & second
