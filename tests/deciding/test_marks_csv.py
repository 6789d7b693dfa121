"""`marks.csv`: what one person typed is what is read, and nobody's mark is taken in silence."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.decision import criterion_digest
from grader.core.report import (
    Answer,
    Automatic,
    CriterionResult,
    Final_,
    Manual,
    Marked,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
)
from grader.deciding.marks_csv import (
    COLUMNS,
    Given,
    Item,
    Mark,
    MarksRead,
    Part,
    item_key,
    items_of,
    read_marks,
    write_marks,
)

DEFINITION = "0123456789abcdef"


def _item(number: int, **changes: object) -> Item:
    made = Item(
        key=item_key(f"s{number}", "ab" * 32, "essay"),
        submission=f"s{number}",
        sha256="ab" * 32,
        criterion="essay",
        definition=DEFINITION,
        title="Essay",
        max_points=5.0,
    )
    return replace(made, **changes)


ITEMS = tuple(_item(number) for number in range(4))


def _mark(number: int, points: float | None, **changes: object) -> Mark:
    return replace(Mark(ITEMS[number].key, "essay", DEFINITION, points), **changes)


def _file(*rows: str, head: str = "key,definition,points,comment,by,at") -> bytes:
    return "\n".join([head, *rows]).encode()


def _read(*files: bytes) -> MarksRead:
    return read_marks({f"{number}.csv": data for number, data in enumerate(files, 1)}, ITEMS)


def _report(*rows: CriterionResult, answers: tuple[Answer, ...] = ()) -> Report:
    return Report(
        submission=SubmissionFacts(
            id="ada-hw", source="Ada/hw.ipynb", sha256="cd" * 32, format=None
        ),
        rubric=RubricFacts(id="r", version="1", sha256="ef" * 32),
        status="needs_person",
        headline="One bug.",
        automatic=Automatic(score=0, max=0),
        manual=Manual(score=None, max=5),
        final=Final_(score=None, max=5),
        criteria=rows,
        answers=answers,
        run=RunFacts(seconds=0, at="", environment={}),
    )


def _row(name: str, status: str = "pending", **changes: object) -> CriterionResult:
    return CriterionResult.model_validate(
        {
            "id": name,
            "title": name.title(),
            "points": 0.0,
            "max_points": 5.0,
            "bonus": False,
            "visibility": "visible",
            "status": status,
            "feedback": "",
            **changes,
        }
    )


# ------------------------------------------------------------------ items


def test_items_are_what_a_person_marks() -> None:
    marked = Marked(by="bob", at="2026-11-23T08:00:00+00:00", comment="fine", entry="e1")
    rows = (
        _row("values", "passed"),
        _row("essay"),
        _row("proof", "partial", points=2.5, marked=marked),
        _row("dtype", "error"),
    )
    answers = (Answer(criterion="essay", question="Why?", text="So."),)
    essay, proof = items_of(_report(*rows, answers=answers))
    assert (essay.criterion, essay.parts, essay.given) == ("essay", (Part("Why?", "So."),), None)
    assert essay.definition == criterion_digest(rows[1])
    assert essay.findings == ("One bug.",)
    assert proof.given == Given(2.5, "fine", "bob", "2026-11-23T08:00:00+00:00", "e1")
    assert proof.parts == ()


def test_keys_tell_nothing_and_are_no_numbers() -> None:
    item = items_of(_report(_row("essay")))[0]
    assert item.key.startswith("k-")
    assert not any(part in item.key for part in ("ada", "Ada", "hw", "cdcd", "essay"))
    assert item.key != items_of(_report(_row("other")))[0].key


@pytest.mark.parametrize(
    ("parts", "blank"),
    [
        ((), False),
        ((Part("Why?", " \n"),), True),
        ((Part("Why?", ""), Part("How?", "So.")), False),
    ],
)
def test_blank_is_not_the_same_as_not_found(parts: tuple[Part, ...], *, blank: bool) -> None:
    assert _item(0, parts=parts).blank is blank


# ------------------------------------------------------------------ writing and reading

_TEXT = st.text(
    st.one_of(
        st.sampled_from("'=+-@|%;,\"\t\r\n a\u00a0＝é"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=60,
).map(lambda text: text.replace("\r\n", "\n").strip())


@given(
    st.dictionaries(
        st.integers(0, 3),
        st.tuples(st.integers(0, 500), _TEXT, st.sampled_from(["ann", "bob", "=cmd", "-"])),
    )
)
def test_what_is_written_is_read(given_marks: dict[int, tuple[int, str, str]]) -> None:
    marks = [
        _mark(number, cents / 100, comment=comment, by=by, at="2026-11-23T08:00:00.000Z")
        for number, (cents, comment, by) in sorted(given_marks.items())
    ]
    assert _read(write_marks(marks)) == MarksRead(marks=tuple(marks))


@given(_TEXT)
def test_no_cell_begins_a_formula_whatever_parts_cells(comment: str) -> None:
    text = write_marks([_mark(0, 1.0, comment=comment)]).decode("utf-8-sig")
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                for line in cell.split(";"):
                    assert line.strip()[:1] not in {"=", "+", "-", "@", "|", "%"}


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    _read(data)
    _read(b"key,definition,points\n" + data)


def test_the_file_as_it_looks() -> None:
    marks = [
        _mark(0, 2.5, comment='=1+1, "so"', by="ann", at="2026-11-23T08:00:00Z"),
        _mark(1, None),
    ]
    assert write_marks(marks).decode("utf-8-sig") == (
        "key,criterion,definition,points,comment,by,at\r\n"
        f'{ITEMS[0].key},essay,d-{DEFINITION},2.5,"\'=1+1, ""so""",ann,2026-11-23T08:00:00Z\r\n'
        f"{ITEMS[1].key},essay,d-{DEFINITION},,,,\r\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("first", ["", "sep=X\r\n"])
def test_spreadsheets_arrange_it_as_they_like(encoding: str, separator: str, first: str) -> None:
    cells = ["Points ", "key", "BY", "unknown", "definition", "comment"]
    row = ['"2,50"', ITEMS[2].key, "ann", "?", f"d-{DEFINITION}", "größer"]
    lines = [separator.join(cells), separator * 5, separator.join(row)]
    data = (first.replace("X", separator) + "\r\n".join(lines)).encode(encoding)
    assert _read(data) == MarksRead(marks=(_mark(2, 2.5, comment="größer", by="ann"),))


def test_blank_points_are_no_mark() -> None:
    assert _read(_file(f"{ITEMS[0].key},d-{DEFINITION}, ,a comment,ann,")) == MarksRead()


@pytest.mark.parametrize(
    ("points", "read"),
    [("0", 0.0), ("+5", 5.0), (".5", 0.5), ("4.", 4.0), ("1.005", 1.01), ("'+1", 1.0), ("-0", 0.0)],
)
def test_points_as_people_write_them(points: str, read: float) -> None:
    assert _read(_file(f"{ITEMS[0].key},{DEFINITION},{points},,,")).marks == (_mark(0, read),)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ("5.01", "5.01 is more than the 5 points there are"),
        ("-1", "-1 is less than no points"),
        ("nan", "“nan” is not a number of points"),
        ("1e0", "“1e0” is not a number of points"),
        ("inf", "“inf” is not a number of points"),
        ("٣", "“٣” is not a number of points"),
        ("02. May", "“02. May” is not a number of points"),
        ("\x1b[2J", "“\\x1b[2J” is not a number of points"),
        (".", "“.” is not a number of points"),
    ],
)
def test_points_that_are_none_are_named_with_their_line(points: str, why: str) -> None:
    fine = f'{ITEMS[1].key},{DEFINITION},1,"two\nlines",,'
    read = _read(_file(fine, f"{ITEMS[0].key},{DEFINITION},{points},,,"))
    assert read.problems == (f"1.csv:4: {why}",)
    assert read.marks == (_mark(1, 1.0, comment="two\nlines"),)


def test_a_mark_for_a_criterion_that_was_another_is_stale() -> None:
    read = _read(_file(f"{ITEMS[0].key},d-fedcba9876543210,1,,,", f"{ITEMS[1].key},,1,,,"))
    assert read.marks == ()
    assert read.problems == (
        f"1.csv:2: stale: essay has changed since {ITEMS[0].key} was marked",
        f"1.csv:3: stale: essay has changed since {ITEMS[1].key} was marked",
    )


def test_a_key_under_another_criterion_is_a_problem() -> None:
    head = "key,definition,points,criterion"
    read = _read(_file(f"{ITEMS[0].key},{DEFINITION},1,proof", head=head))
    assert read.problems == (f"1.csv:2: {ITEMS[0].key} is of essay, not of proof",)


def test_what_is_too_long_for_the_ledger_is_a_problem() -> None:
    rows = [
        f"{ITEMS[0].key},{DEFINITION},1,{'x' * 20_001},,",
        f"{ITEMS[1].key},{DEFINITION},1,,{'x' * 101},",
    ]
    read = _read(_file(*rows))
    assert (len(read.problems), read.marks) == (2, ())


def test_keys_of_other_classes_are_listed() -> None:
    read = _read(_file("k-0,d,1,,,", "k-0,d,2,,,", "\x1b[31m,d,1,,,"))
    assert read == MarksRead(unknown=("k-0", "\\x1b[31m"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no columns key, definition, points in its first line"),
        (b"name;mark\nada;1", "has no columns key, definition, points in its first line"),
        (b"key,definition,points,points\n", "has two columns named points"),
        (b"key,definition,points\n" + b"x" * 200_000, "field larger than field limit (131072)"),
    ],
)
def test_a_file_that_holds_no_marks_says_why(data: bytes, why: str) -> None:
    read = read_marks({"a\nb.csv": data}, ITEMS)
    assert read == MarksRead(problems=(f"a\\nb.csv:1: {why}",))


# ------------------------------------------------------------------ several markers


def _theirs(by: str, points: float, at: str = "2026-11-23T08:00:00Z", comment: str = "") -> bytes:
    return write_marks([_mark(0, points, by=by, at=at, comment=comment)])


def test_different_points_of_two_are_a_conflict_and_not_applied() -> None:
    read = _read(_theirs("bob", 2), _theirs("ann", 3))
    assert read.marks == ()
    assert [
        (one.key, [(mark.by, mark.points) for mark in one.marks]) for one in read.conflicts
    ] == [(ITEMS[0].key, [("ann", 3), ("bob", 2)])]


def test_the_same_points_twice_are_fine_and_both_comments_stay() -> None:
    late = "2026-11-23T10:30:00+02:00"  # half past eight
    read = _read(
        _theirs("bob", 2, late, "b"), _theirs("ann", 2, comment="a"), _theirs("ann", 2, comment="a")
    )
    assert read == MarksRead(marks=(_mark(0, 2.0, by="bob", at=late, comment="a\nb"),))


def test_of_one_person_the_latest_counts() -> None:
    read = _read(_theirs("ann", 2, "2026-11-24T08:00:00Z"), _theirs("ann", 3))
    assert [mark.points for mark in read.marks] == [2]


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-24T08:00:00"])
def test_without_a_date_the_latest_is_not_known(at: str) -> None:
    read = _read(_theirs("ann", 2, at), _theirs("ann", 3))
    assert (read.marks, len(read.conflicts)) == ((), 1)


@given(st.permutations([("ann", 2.0), ("bob", 2.0), ("cid", 3.0), ("ann", 2.0)]))
def test_the_order_of_files_does_not_matter(files: list[tuple[str, float]]) -> None:
    read = _read(*(_theirs(by, points) for by, points in files))
    assert [mark.by for mark in read.conflicts[0].marks] == ["ann", "bob", "cid"]


def test_columns_are_as_promised() -> None:
    assert COLUMNS == ("key", "criterion", "definition", "points", "comment", "by", "at")
