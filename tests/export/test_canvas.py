from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.errors import UsageError
from grader.export import EXPORTERS, Export, Options
from tests.export.samples import GOLDEN, book, line, student

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section,Warm up (76),Tutorial 1b (77),Final Score\n"
POINTS = "    Points Possible,,,,,5.00,20.00,(read only)\n"
ROWS = """\
"Lovelace, Ada",101,,ada@example.org,A,1,,3
"Berg, Bo",102,,bo,A,2,,3
"Cole, Cy",103,,cy,A,3,7,3
"Day, Di",104,,di,A,4,3.00,3
"Ek, Ed",105,,ed,A,4,-,3
"Fox, Fi",106,,fi,A,4,,3
"Gone, Gil",107,,gil,A,4,2.00,3
"""
TEMPLATE = (HEAD + POINTS + ROWS).encode()


def canvas_would_say(data: bytes) -> dict[tuple[str, str], str]:
    """What Canvas reads, by its rules as FORMATS tells them: (user id, assignment) -> grade."""
    text = data.decode("utf-8-sig")
    first = text.splitlines()[:3]
    delimiter = ";" if sum(x.count(";") for x in first) > sum(x.count(",") for x in first) else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    head = rows[0]
    section = head.index("Section")
    assert head[:2] == ["Student", "ID"], "Invalid header row"
    columns: dict[int, str] = {}
    for at, name in enumerate(head[section + 1 :], section + 1):
        if re.fullmatch(r"(Unposted )?(Current|Final) (Score|Points|Grade)", name):
            continue
        found = re.search(r"\((\d+)\)$", name)
        assert found, f"a new assignment {name}"
        columns[at] = found[1]
    read: dict[tuple[str, str], str] = {}
    for row in rows[1:]:
        if "Points Possible" in row[0]:
            columns = {at: name for at, name in columns.items() if "(read only)" not in row[at]}
            continue
        for at, name in columns.items():
            grade = row[at].strip()
            if re.fullmatch(r"[0-9.,]+", grade):
                whole, mark, part = grade.replace(",", ".").rpartition(".")
                grade = str(
                    Decimal(f"{whole.replace('.', '')}{mark}{part}").quantize(Decimal("0.01"))
                )
            read[row[1], name] = grade
    return read


def make(template: bytes = TEMPLATE, *, partial: bool = False, assignment: str = "77") -> Export:
    options = Options(template=template, partial=partial, assignment=assignment)
    return EXPORTERS["canvas"].make(book(), options)


def test_canvas_reads_the_marks_and_nothing_else_changes() -> None:
    made = make()
    data = made.files["canvas.csv"]
    assert data == (GOLDEN / "canvas.csv").read_bytes()
    before, after = canvas_would_say(TEMPLATE), canvas_would_say(data)
    assert {key: value for key, value in after.items() if before[key] != value} == {
        ("101", "77"): "12.50",
        ("102", "77"): "20.00",
        ("103", "77"): "20.00",
        ("106", "77"): "EX",
    }
    assert any("stays for Di <b>Day" in told for told in made.warnings)


def test_partial_marks_go_out_when_asked_for() -> None:
    read = canvas_would_say(make(partial=True).files["canvas.csv"])
    assert (read["104", "77"], read["105", "77"]) == ("4.00", "-")


@pytest.mark.parametrize("name", ["", "77", "Tutorial 1b", "Tutorial 1b (77)"])
def test_the_column_is_found_by_id_or_whole_title(name: str) -> None:
    assert make(assignment=name).files["canvas.csv"] == make().files["canvas.csv"]


@pytest.mark.parametrize("name", ["7", "Tutorial", "tutorial 1b", "Final Score"])
def test_another_column_is_never_made(name: str) -> None:
    with pytest.raises(UsageError, match="would make a new assignment"):
        make(assignment=name)


def test_the_nearest_title_is_offered() -> None:
    with pytest.raises(UsageError, match="nearest: `Tutorial 1b`"):
        make(assignment="Tutorial 1c")


def test_a_title_that_is_there_twice_needs_its_id() -> None:
    twice = TEMPLATE.replace(b"Warm up (76)", b"Tutorial 1b (76)")
    assert make(twice).files
    with pytest.raises(UsageError, match="give the assignment's id"):
        make(twice, assignment="Tutorial 1b")


def test_a_read_only_column_is_refused() -> None:
    with pytest.raises(UsageError, match="read only"):
        make(TEMPLATE.replace(b"20.00,(read", b"(read only),(read"))


def test_delimiter_mark_and_line_ends_are_kept() -> None:
    theirs = b"\xef\xbb\xbf" + TEMPLATE.replace(b", ", b" ").replace(b",", b";").replace(
        b"\n", b"\r\n"
    )
    data = make(theirs).files["canvas.csv"]
    assert data.startswith(b"\xef\xbb\xbfStudent;ID;")
    assert data.count(b"\r\n") == data.count(b"\n") == 9
    assert canvas_would_say(data)["101", "77"] == "12.50"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"a,b\n1,2\n", b"Student,ID\nx,1\n"])
def test_what_canvas_did_not_give_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError):
        make(data)


def test_a_namesake_with_another_id_gets_nothing() -> None:
    namesake = line(student("Ada Lovelace", 999))
    options = Options(template=TEMPLATE, assignment="77")
    made = EXPORTERS["canvas"].make(book(namesake), options)
    assert made.files["canvas.csv"] == TEMPLATE
    assert any("has no row for Ada Lovelace" in told for told in made.warnings)


def test_a_name_alone_counts_with_a_warning_and_only_where_it_is_the_only_one() -> None:
    known = student("Ada Lovelace", email="")
    options = Options(template=TEMPLATE, assignment="77")
    made = EXPORTERS["canvas"].make(book(line(known)), options)
    assert canvas_would_say(made.files["canvas.csv"])["101", "77"] == "12.50"
    assert any("by name alone" in told for told in made.warnings)
    other = Options(template=TEMPLATE + b'"Lovelace, Ada",108,,x,A,,,\n', assignment="77")
    assert EXPORTERS["canvas"].make(book(line(known)), other).files["canvas.csv"] == other.template


def test_contradicting_identifiers_are_refused_by_name() -> None:
    both = student("Ada Lovelace", 101, ids={"canvas": "101", "login": "bo"})
    with pytest.raises(UsageError, match="Ada Lovelace fits 2 rows"):
        EXPORTERS["canvas"].make(book(line(both)), Options(template=TEMPLATE))


def test_two_submissions_of_one_student_are_refused() -> None:
    ada = student("Ada Lovelace", 101)
    twice = book(line(ada, source="a"), line(ada, source="b"))
    with pytest.raises(UsageError, match="more than one submission counts for Ada"):
        EXPORTERS["canvas"].make(twice, Options(template=TEMPLATE))


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=12)


@settings(max_examples=60)
@given(st.lists(_TEXT, min_size=1, max_size=4), _TEXT)
def test_hostile_names_come_back_as_they_were(names: list[str], section: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["Student", "ID", "Section", "Tutorial 1b (77)"])
    for at, name in enumerate(names):
        writer.writerow([f"x{name}", 101 + at, section, ""])
    template = out.getvalue().encode()
    made = EXPORTERS["canvas"].make(book(), Options(template=template))
    before = list(csv.reader(io.StringIO(template.decode())))
    after = list(csv.reader(io.StringIO(made.files["canvas.csv"].decode())))
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert after[1][3] == "12.50"
