from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.gradebook import Gradebook
from grader.export import EXPORTERS, Options
from tests.export.samples import GOLDEN, book, line, stale, student


def _rows(made: Gradebook) -> list[dict[str, str]]:
    data = EXPORTERS["csv"].make(made, Options()).files["grades.csv"]
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_golden_table() -> None:
    data = EXPORTERS["csv"].make(book(), Options()).files["grades.csv"]
    assert data == (GOLDEN / "grades.csv").read_bytes()


def test_everybody_has_a_row_and_what_is_open_is_blank() -> None:
    rows = {row["name"]: row for row in _rows(book())}
    assert len(rows) == 7
    assert (rows["Bo Berg"]["mark"], rows["Cy Cole"]["mark"]) == ("20.00", "20.00")
    assert (rows["Di <b>Day"]["mark"], rows["Di <b>Day"]["decided"]) == ("", "4.00")
    assert rows["Di <b>Day"]["essay"] == ""
    assert (rows["Ed Ek"]["mark"], rows["Ed Ek"]["values"]) == ("", "")
    assert rows["Fi Fox"]["status"] == "excused"
    assert (rows["Gil Gone"]["status"], rows["Gil Gone"]["mark"]) == ("missing", "")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@A1", " =1", "x;=1"])
def test_formulas_are_neutralised(name: str) -> None:
    row = _rows(book(line(student(name, 1), source="a.py")))[0]
    assert row["name"] in (f"'{name}", "x;'=1")


@settings(max_examples=50)
@given(st.text(max_size=20))
def test_no_name_breaks_the_table(name: str) -> None:
    rows = _rows(book(line(student("Ada", 1).model_copy(update={"name": name}), source="a.py")))
    assert [row["mark"] for row in rows] == ["12.50", ""]


def test_notices_tell_what_holds_for_every_receiver() -> None:
    made = book(line(source="who.py"), stale=(stale(),), penalty=True)
    told = EXPORTERS["csv"].make(made, Options()).warnings
    assert told == (
        "nobody is known for who.py",
        "1 decisions are stale and not applied; see `grader mark DIR --list`",
    )
    assert [row["source"] for row in _rows(made)] == ["who.py", ""]
    late = EXPORTERS["gradescope"].make(made, Options()).warnings
    assert any("second penalty" in each for each in late)
