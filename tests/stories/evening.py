"""A class of forty as Canvas and Moodle hand it out: its downloads, its roster, its worksheets.

Sources are made of a few programs whose mark is known. Among the forty are a group with one file
between its two members, one student with two attempts, one late, and three who handed in nothing
that can be graded.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grader import assignments

__all__ = [
    "CLASS",
    "Member",
    "canvas_gradebook",
    "canvas_zip",
    "marks_csv",
    "marks_of",
    "moodle_worksheet",
    "moodle_zip",
    "roster",
    "rows_of",
    "table",
]

_REFERENCES: Final = Path(assignments.__file__).parent / "softmax" / "references"
_PROGRAMS: Final = (
    "right/amax-keepdim.py", "wrong/naive.py", "wrong/global-logits-both.py", "right/numpy.py",
)  # fmt: skip
_FIRST: Final = (
    *("Ada", "Bela", "Çağla", "Dmitri", "Eun-ji"),
    *("Fátima", "Gïlles", "Hana", "Ivo", "Jo"),
)
_LAST: Final = ("Lovelace", "van der Berg", "Öz", "O'Neill")
_TEXT: Final = "**Question:** What numerical problems does `bad_softmax` have?"


@dataclass(frozen=True, slots=True)
class Member:
    """A student; `what` is the kind of thing handed in."""

    number: int
    first: str
    last: str
    what: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def user(self) -> int:
        return 1000 + self.number

    @property
    def sortable(self) -> str:
        """How a Canvas download begins a file's name."""
        return "".join(letter for letter in (self.last + self.first).lower() if letter.isalnum())


def _kind(number: int) -> str:
    special = {3: "group", 4: "member", 7: "twice", 11: "late", 15: "text", 19: "pdf", 23: "broken"}
    return special.get(number, "plain")


CLASS: Final = tuple(
    Member(number, _FIRST[number % 10], _LAST[number // 10], _kind(number)) for number in range(40)
)


def _notebook(member: Member, program: str) -> bytes:
    code = (_REFERENCES / program).read_text(encoding="utf-8")
    answer = "" if member.number % 10 == 9 else f"`exp` overflows; number {member.number} says so."
    cells: list[dict[str, Any]] = [
        {"cell_type": "markdown", "metadata": {}, "source": _TEXT},
        {"cell_type": "markdown", "metadata": {}, "source": answer},
        {"cell_type": "code", "metadata": {}, "source": code, "outputs": [],
         "execution_count": None},
    ]  # fmt: skip
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    return json.dumps(document).encode()


def _files(member: Member) -> list[tuple[str, bytes]]:
    """Name and content of what a member handed in, in order of the attempts."""
    program = _PROGRAMS[member.number % len(_PROGRAMS)]
    match member.what:
        case "member":
            return []
        case "text":
            return [("text", b"<p>My answer is 42.</p>")]
        case "pdf":
            return [("tutorial1b.pdf", b"%PDF-1.7 not a notebook")]
        case "broken":
            return [("tutorial1b.ipynb", b'{"cells": [')]
        case "twice":
            return [
                ("tutorial1b.ipynb", _notebook(member, "wrong/naive.py")),
                ("tutorial1b-1.ipynb", _notebook(member, "right/amax-keepdim.py")),
            ]
        case _:
            return [("tutorial1b.ipynb", _notebook(member, program))]


def canvas_zip(path: Path) -> Path:
    """The download of all submissions of a Canvas assignment."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in CLASS:
            late = "_LATE" if member.what == "late" else ""
            for at, (name, data) in enumerate(_files(member)):
                head = f"{member.sortable}{late}_{member.user}_{5000 + 10 * member.number + at}"
                whole = f"{member.sortable}{late}_{member.user}_text.html"
                archive.writestr(whole if name == "text" else f"{head}_{name}", data)
    return path


def moodle_zip(path: Path) -> Path:
    """The download of all submissions of a Moodle assignment."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in CLASS:
            for name, data in _files(member)[-1:]:
                kind = "onlinetext" if name == "text" else "file"
                folder = f"{member.name}_{member.user}_assignsubmission_{kind}"
                file = "onlinetext.html" if name == "text" else name
                archive.writestr(f"{folder}/{file}", data)
    return path


def roster(path: Path) -> Path:
    """A roster with everybody and one who handed in nothing."""
    lines = ["id,name,email,canvas,moodle,group"]
    for member in CLASS:
        group = "pair" if member.what in ("group", "member") else ""
        mail = f"s{member.number}@example.org"
        ids = f"{member.user},{member.user}"
        lines.append(f"{member.number + 1},{member.name},{mail},{ids},{group}")
    lines.append("99,Nadia Nobody,s99@example.org,1099,1099,")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def canvas_gradebook(path: Path) -> Path:
    """The gradebook that Canvas exports."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section",
                     "Homework 0 (77)", "Tutorial 1b (88)", "Final Score"])  # fmt: skip
    writer.writerow(["    Points Possible", "", "", "", "", "10", "25", "(read only)"])
    for member in CLASS:
        name = f"{member.last}, {member.first}"
        login = f"s{member.number}"
        writer.writerow([name, member.user, "", login, "Course 1", "7", "", "28"])
    writer.writerow(["Nobody, Nadia", 1099, "", "s99", "Course 1", "", "", ""])
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def moodle_worksheet(path: Path) -> Path:
    """The offline grading worksheet of a Moodle in German."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["ID", "Vollständiger Name", "E-Mail-Adresse", "Status", "Bewertung",
                     "Bestwertung", "Bewertung kann geändert werden", "Zuletzt geändert (Abgabe)",
                     "Zuletzt geändert (Bewertung)", "Feedback als Kommentar"])  # fmt: skip
    for member in CLASS:
        mail = f"s{member.number}@example.org"
        writer.writerow([f"Teilnehmer/in{member.user}", member.name, mail, "Abgegeben", "", "25,00",
                         "Ja", "-", "-", ""])  # fmt: skip
    path.write_text(out.getvalue(), encoding="utf-8")
    return path


def table(data: bytes | str) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
    return list(csv.DictReader(io.StringIO(text)))


def marks_of(page: Path) -> dict[str, Any]:
    """The data that a marking page holds."""
    found = re.search(
        r'<script[^>]*type="application/json"[^>]*>(.*?)</script>',
        page.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def rows_of(page: Path, points: float) -> list[dict[str, object]]:
    """The rows a marker's page would export: blank answers get nothing, all others `points`."""
    data = marks_of(page)
    return [
        {
            "key": answer["key"],
            "criterion": data["criteria"][answer["criterion"]]["id"],
            "definition": f"d-{data['criteria'][answer['criterion']]['definition']}",
            "points": 0 if answer["blank"] else points,
            "comment": "blank" if answer["blank"] else "=well said",
            "by": data["marker"],
            "at": "2026-11-23T20:00:00+00:00",
        }
        for answer in data["answers"]
    ]


def marks_csv(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """A file as a marking page exports it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        columns = ("key", "criterion", "definition", "points", "comment", "by", "at")
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path
