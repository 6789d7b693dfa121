"""What a runner of GitHub hears, and what it must not."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.report import Adjustment, Diagnosis, Place
from grader.export.github import Tally, errors, notices, stop_commands, summary, tally
from tests.deciding.samples import report, row

HOSTILE = (
    "::set-output name=x::y",
    "a%0A::error::b\r\n::warning::c",
    "| cell | <img src=x onerror=alert(1)> [x](javascript:alert(1)) `code` **b** \\",
    "##[group]x",
    "\x1b[2J\u202e",
)


def bug(**changes: Any) -> Diagnosis:
    facts: dict[str, Any] = {
        "id": "wrong-axis",
        "role": "forward",
        "confidence": "proved",
        "message": "The reduction runs over the batch.",
        "hint": "Which sums are one?",
        "location": Place(cell=2, line=7, file_line=31),
        "criteria": ("batch",),
        **changes,
    }
    return Diagnosis(**facts)


def view(*bugs: Diagnosis, **changes: Any) -> Any:
    rows = (row("values", "passed", 4.0), row("batch", "failed"), row("pure", "failed"))
    return report(*rows).model_copy(update={"diagnoses": bugs, **changes})


def test_a_cause_stands_at_its_line_and_explains_its_criteria() -> None:
    assert list(errors(view(bug()), "nb.ipynb")) == [
        "::error file=nb.ipynb,line=31,title=wrong-axis::"
        "The reduction runs over the batch. Which sums are one?",
        "::error file=nb.ipynb,title=Pure::pure is failed.",
    ]


def test_where_the_line_of_the_file_is_not_known_the_cell_is_told() -> None:
    [first, *_] = errors(view(bug(location=Place(cell=2, line=7))), "nb.ipynb")
    assert first.startswith("::error file=nb.ipynb,title=wrong-axis::")
    assert "(cell 2, line 7)" in first


def test_there_are_no_more_errors_than_are_shown() -> None:
    assert len(list(errors(view(*(bug(id=f"b{n}") for n in range(30))), "x"))) == 10


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_command(text: str) -> None:
    hostile = bug(id=text, message=text, hint=text)
    rows = tuple(
        one.model_copy(update={"title": text, "feedback": text}) for one in view().criteria
    )
    made = view(hostile, criteria=rows, reason=text, status="ungradable")
    for line in errors(made, text):
        assert re.fullmatch(r"::error file=[^:,\r\n]*(,line=\d+)?,title=[^:,\r\n]*::[^\r\n]*", line)
        assert "\x1b" not in line
        assert "\u202e" not in line


@given(st.text(), st.text())
def test_every_error_is_one_command_on_one_line(text: str, path: str) -> None:
    made = view(bug(id=text, message=text, hint=text))
    for line in errors(made, path):
        assert len(line.splitlines()) == 1
        head = re.match(r"::error ([^:]*)::", line)
        assert head is not None
        assert all("=" in part for part in head[1].split(","))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(text: str) -> None:
    rows = tuple(
        one.model_copy(update={"title": text, "feedback": text}) for one in view().criteria
    )
    made = view(bug(id=text, message=text, hint=text), criteria=rows, headline=text)
    told = summary(made, tally(made))
    assert not re.search(r"[<>`\[\]\\!#](?!\d+;)", told.replace("## ", "", 1))
    table = [line for line in told.splitlines() if line.startswith("|")]
    assert len(table) == 5
    assert all(line.count("|") == 5 for line in table)


def test_words_survive_the_escaping() -> None:
    made = view(bug(message="x * y < z_1 | [a](b)"))
    assert "x * y < z_1 | [a](b)" in html.unescape(summary(made, tally(made)))


def test_hidden_and_manual_points_do_not_count() -> None:
    rows = (
        row("values", "passed", 4.0),
        row("extra", "passed", 2.0, bonus=True),
        row("essay", "pending"),
    )
    assert tally(report(*rows)) == Tally(points=4, most=4, bonus=2)
    cap = Adjustment(kind="cap", criterion="values", points=-3, reason="R", by="rubric")
    assert tally(report(*rows, adjustments=(cap,))).points == 1


@pytest.mark.parametrize(("points", "told"), [(8.0, "8"), (9.71, "9.71"), (0.0, "0")])
def test_classroom_reads_the_points(points: float, told: str) -> None:
    first, second = notices(Tally(points, 20.0))
    assert first == f"::notice title=Autograding complete::Points {told}/20"
    head, _, data = second.partition("::notice title=Autograding report::")
    assert head == ""
    assert json.loads(data) == {"totalPoints": points, "maxPoints": 20}


def test_what_is_between_the_two_lines_is_not_heard() -> None:
    assert stop_commands("abc") == ("::stop-commands::abc", "::abc::")
