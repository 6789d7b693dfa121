"""`identities.json`: the one place for names, e-mail addresses and ids of other systems."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from grader.core.errors import StorageError
from grader.core.handin import Handin, Identities, Student
from grader.store import files

__all__ = ["merged", "read_identities", "without", "write_identities"]


def read_identities(path: Path) -> Identities:
    """What is stored; nobody where there is no such file. StorageError where it is damaged."""
    with files.told("read", path):
        if not path.exists():
            return Identities()
    try:
        return Identities.model_validate_json(files.read(path))
    except ValidationError as error:
        first = error.errors()[0]["msg"]
        raise StorageError(f"{path} is damaged: {first}") from error


def write_identities(path: Path, identities: Identities) -> None:
    """Write the file (mode 0600), whole or not at all; a power cut after this does not lose it."""
    data = (identities.model_dump_json(indent=2) + "\n").encode("utf-8", "backslashreplace")
    files.write(path, data, durable=True)


def merged(earlier: Identities, later: Identities) -> Identities:
    """Both; of a hand-in that both know, what the later one says.

    Of a student as well, but what it does not say stays: a run without a roster takes no name
    away. A run that knows nobody changes nothing.
    """
    if not (later.students or later.handins):
        return earlier
    students = {one.key: one for one in earlier.students}
    for one in later.students:
        students[one.key] = _both(students.get(one.key, one), one)
    handins: dict[str, Handin] = {one.submission: one for one in (*earlier.handins, *later.handins)}
    ordered = sorted(handins.values(), key=lambda one: (one.source, one.submission))
    return later.model_copy(
        update={
            "students": tuple(students[key] for key in sorted(students)),
            "handins": tuple(ordered),
        }
    )


def _both(earlier: Student, later: Student) -> Student:
    return Student(
        key=later.key,
        name=later.name or earlier.name,
        email=later.email or earlier.email,
        handles=tuple(dict.fromkeys((*earlier.handles, *later.handles))),
        ids={**earlier.ids, **later.ids},
        group=later.group or earlier.group,
        due=later.due or earlier.due,
        listed=later.listed or earlier.listed,
    )


def without(known: Identities, keys: Collection[str]) -> Identities:
    """Without those students; a hand-in that was theirs alone goes with them."""
    gone = set(keys)
    handins = [
        one.model_copy(update={"students": tuple(key for key in one.students if key not in gone)})
        for one in known.handins
        if not one.students or not gone.issuperset(one.students)
    ]
    students = tuple(one for one in known.students if one.key not in gone)
    return known.model_copy(update={"students": students, "handins": tuple(handins)})
