"""Rosters, whatever made them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import UsageError
from grader.core.handin import Student
from grader.core.text import plain
from grader.intake.roster import load_roster, plain_name, read_roster


def test_a_roster_of_ones_own() -> None:
    head = "ID;Full Name;E-Mail;Canvas ID;Group;Due"
    data = f"{head}\n7;Ada Lovelace;Ada@X.org;1234;a;2026-12-01T23:59+01:00\n"
    [ada] = read_roster("r.csv", data.encode())
    assert (ada.name, ada.email, ada.group, ada.listed) == ("Ada Lovelace", "Ada@X.org", "a", True)
    assert ada.handles == ("id:7", "canvas:1234", "email:ada@x.org")
    assert ada.due == "2026-12-01T23:59:00+01:00"
    assert ada.key.startswith("s-")
    assert "Ada" not in ada.key


def test_the_gradebook_of_canvas() -> None:
    data = (
        "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Homework (1)\n"
        "    Points Possible,,,,,10\n"
        ",,,,,Manual Posting\n"
        '"Lovelace, Ada",1234,S7,ada,Course,9\n'
        '"Student, Test",99,,,Course,\n'
    )
    [ada] = read_roster("g.csv", data.encode())
    assert ada.name == "Ada Lovelace"
    assert ada.ids == {"canvas": "1234", "sis": "S7", "login": "ada"}


def test_the_worksheet_of_moodle() -> None:
    data = "Identifier,Full name,Email address\nParticipant 1234,Ada Lovelace,a@x.org\n"
    [ada] = read_roster("w.csv", data.encode())
    assert ada.ids == {"moodle": "1234"}


def test_the_line_that_spreadsheets_put_first() -> None:
    [ada] = read_roster("r.csv", b"sep=;\nid;name\n7;Ada\n")
    assert (ada.name, ada.ids) == ("Ada", {"id": "7"})


def test_first_and_last_names() -> None:
    [ada] = read_roster("r.csv", b"First name\tLast name\tusername\nAda\tLovelace\tal\n")
    assert (ada.name, ada.ids) == ("Ada Lovelace", {"login": "al"})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"colour\nred\n", r"r\.csv:1: no column says who"),
        (b"id,name\n", r"r\.csv: names no student"),
        (b"id,id\n1,2\n", r"r\.csv:1: two columns say `id`"),
        (b"id,name\n1,Ada\n1,Bo\n", r"r\.csv:3: id 1 is in line 2 too"),
        (b"id,due\n1,tomorrow\n", r"r\.csv:2: due tomorrow: expected a date"),
        (
            b"id,due\n1,2026-12-01\n",
            r"due 2026-12-01: expected a date with time and zone",
        ),
        (b"id,name\n,\xff\n", r"r\.csv:2: not UTF-8"),
        (b"name\nAda\nada\n", r"r\.csv:3: name ada is in line 2 too"),
        (b"id,group\n,a\n", r"r\.csv:2: says nothing about who it is"),
    ],
)
def test_errors_say_where_and_what(data: bytes, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_roster("r.csv", data)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_roster(tmp_path / "none.csv")


def test_a_secret_makes_other_keys() -> None:
    data = b"id\n7\n"
    [one], [other] = read_roster("r", data), read_roster("r", data, b"secret" * 4)
    assert one.key != other.key


def test_names_are_compared_without_accents_case_and_signs() -> None:
    assert plain_name("O'Neill-Çağla") == plain_name("oneillcagla")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_roster_or_a_sentence(data: bytes) -> None:
    found: tuple[Student, ...] = ()
    said = ""
    try:
        found = read_roster("r.csv", data)
    except UsageError as error:
        said = str(error)
    assert plain(said) == said
    assert bool(found) != bool(said)
    assert all(one.key for one in found)


@pytest.mark.parametrize("called", ["Dead line", "Due Date", "deadline", "due"])
def test_a_due_date_may_be_called_in_several_ways(called: str) -> None:
    [student] = read_roster("r.csv", f"id,{called}\n1,2026-12-01T23:59+01:00\n".encode())
    assert student.due == "2026-12-01T23:59:00+01:00"


@pytest.mark.parametrize("called", ["Due dat", "Dues", "deadlines"])
def test_a_due_date_is_never_passed_over_in_silence(called: str) -> None:
    with pytest.raises(UsageError, match=f"^r.csv:1: column `{called}`: did you mean `due`"):
        read_roster("r.csv", f"id,Section,{called}\n1,a,2026-12-01T23:59+01:00\n".encode())


def test_other_columns_may_be_called_as_they_like() -> None:
    columns = "ID,Section,Notes,Grade,Studium,Gruppe 1,Dauer,Dues paid,E-Mail-Adresse,Module"
    [student] = read_roster("r.csv", f"{columns}\n7,,,,,,,,a@example.org,\n".encode())
    assert (student.ids, student.email, student.due) == ({"id": "7"}, "a@example.org", None)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'id,name\n1,"Ada\n2,Bo\n', "no CSV: unexpected end"),
        (b"id,name\n1,A\x00da\n", "r.csv:2: holds NUL characters"),
        (b'id,name\n1,"Ada"x\n', "no CSV"),
    ],
)
def test_damaged_files_are_not_half_read(data: bytes, why: str) -> None:
    with pytest.raises(UsageError) as told:
        read_roster("r.csv", data)
    assert why in str(told.value)
