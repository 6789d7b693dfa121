"""The course's list of students, from whatever made it."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from grader.core.errors import UsageError
from grader.core.handin import Student, student_key
from grader.core.text import inline

__all__ = ["load_roster", "plain_name", "read_roster"]

_LARGEST: Final = 20 << 20
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "studentid", "studentnumber", "number", "matriculation"),
    "name": ("name", "fullname", "student", "studentname"),
    "first": ("first", "firstname", "givenname"),
    "last": ("last", "lastname", "surname", "familyname"),
    "email": ("email", "emailaddress", "emailadresse", "mail"),
    "sis": ("sis", "sisid", "sisuserid", "idnumber"),
    "login": ("login", "sisloginid", "username", "loginid"),
    "canvas": ("canvas", "canvasid", "canvasuserid"),
    "moodle": ("moodle", "moodleid", "identifier"),
    "gradescope": ("gradescope", "gradescopeid"),
    "github": ("github", "githubusername", "githublogin"),
    "lti": ("lti", "ltiid", "ltiuserid"),
    "group": ("group", "groupname", "team"),
    "due": ("due", "duedate", "deadline"),
}
_IDS: Final = ("id", "sis", "login", "canvas", "moodle", "gradescope", "github", "lti")


def plain_name(name: str) -> str:
    """A name as it is compared: letters and digits, no accents, no case, no order of words.

    Canvas writes `lovelaceada` where a roster has `Ada Lovelace`.
    """
    flat = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in flat if letter.isalnum())


def load_roster(path: Path, secret: bytes = b"") -> tuple[Student, ...]:
    """The students of a CSV file. UsageError says which line is wrong and what was expected.

    Columns that mean nothing here are passed over; one that is nearly called `due` is an error, for
    a date that is not read would cost somebody points.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST:
        raise UsageError(f"{path} is larger than {_LARGEST >> 20} MB: no roster")
    return read_roster(str(path), data, secret)


def read_roster(file: str, data: bytes, secret: bytes = b"") -> tuple[Student, ...]:
    """The same of the file's bytes."""
    text = _decoded(file, data)
    if text[:4].casefold() == "sep=":  # a line some spreadsheets put first
        text = "\n" + text.partition("\n")[2]
    first = text.lstrip("\n").partition("\n")[0]
    separator = max(",;\t", key=first.count)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{file}:{line}: holds NUL characters: no CSV")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        head = next((cells for cells in reader if cells), [])
        columns = _columns(file, head)
        rows = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise UsageError(f"{file}:{reader.line_num}: no CSV: {error}") from error
    found: list[Student] = []
    seen: dict[tuple[str, str], int] = {}
    for line, cells in rows:
        told = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
        if _is_canvas_own(told, cells):
            continue
        found.append(_student(file, line, told, seen, secret))
    if not found:
        raise UsageError(f"{file}: names no student")
    return tuple(found)


def _decoded(file: str, data: bytes) -> str:
    try:
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}:{line}: not UTF-8: save it as CSV UTF-8") from error


def _columns(file: str, head: Sequence[str]) -> dict[str, int]:
    flat = [re.sub(r"[^a-z0-9]", "", cell.casefold()) for cell in head]
    canvas = "section" in flat and "student" in flat  # its `ID` is Canvas's own
    found: dict[str, int] = {}
    for at, cell in enumerate(flat):
        for name, spellings in _COLUMNS.items():
            if cell in spellings:
                column = "canvas" if canvas and cell == "id" else name
                if column in found:
                    raise UsageError(f"{file}:1: two columns say `{column}`")
                found[column] = at
    dues = _COLUMNS["due"]
    near = [one for one in flat if one not in dues and get_close_matches(one, dues, 1, cutoff=0.8)]
    if near and "due" not in found:
        shown = inline(head[flat.index(near[0])])
        raise UsageError(f"{file}:1: column `{shown}`: did you mean `due`?")
    if not {"name", "first", "last", "email", *_IDS} & found.keys():
        shown = ", ".join(inline(cell) for cell in head[:8])
        raise UsageError(
            f"{file}:1: no column says who: expected id, name, email, canvas, moodle, ...; "
            f"found {shown}"
        )
    return found


def _is_canvas_own(told: Mapping[str, str], cells: Sequence[str]) -> bool:
    """Rows of a Canvas gradebook that are no students: points possible, posting, its test one."""
    name = told.get("name", "").casefold()
    if name.startswith("points possible") or name == "student, test":
        return True
    words = {cell.strip().casefold() for cell in cells} - {""}
    return not any(told.values()) and words <= {"manual posting", "muted"}


def _student(
    file: str,
    line: int,
    told: Mapping[str, str],
    seen: dict[tuple[str, str], int],
    secret: bytes,
) -> Student:
    name = told.get("name") or " ".join(filter(None, (told.get("first"), told.get("last"))))
    if "," in name and "first" not in told:  # `Lovelace, Ada`
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}"
    ids = {kind: told[kind] for kind in _IDS if told.get(kind)}
    if "moodle" in ids:  # `Participant 1234`, in any language
        ids["moodle"] = (re.findall(r"\d+", ids["moodle"]) or [ids["moodle"]])[-1]
    email = told.get("email", "")
    handles = [f"{kind}:{value}" for kind, value in ids.items()]
    handles += [f"email:{email.casefold()}"] if email else []
    if not handles and not name:
        raise UsageError(f"{file}:{line}: says nothing about who it is")
    for handle in handles or [f"name:{plain_name(name)}"]:
        kind, _, value = handle.partition(":")
        if (kind, value) in seen:
            raise UsageError(
                f"{file}:{line}: {kind} {inline(value)} is in line {seen[kind, value]} too"
            )
        seen[kind, value] = line
    return Student(
        key=student_key(handles[0] if handles else f"name:{plain_name(name)}", secret),
        name=name,
        email=email,
        handles=tuple(handles),
        ids=ids,
        group=told.get("group", ""),
        due=_due(file, line, told.get("due", "")),
        listed=True,
    )


def _due(file: str, line: int, text: str) -> str | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"{file}:{line}: due {inline(text)}: expected a date with time and zone, as "
            "2026-12-01T23:59+01:00"
        )
    return moment.isoformat()
