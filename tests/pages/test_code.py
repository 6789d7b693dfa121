"""Which of the student's code a page shows."""

from __future__ import annotations

from grader.core.record import Record
from grader.core.slice import Location, Slice, Statement
from grader.pages.code import CodeCell, code_of
from tests.pages.test_student import report


def statement(cell: int, line: int, code: str) -> Statement:
    return Statement(code, f"<cell {cell}>", Location(cell, line))


def shown(*statements: Statement, symbol: str = "good_f") -> tuple[CodeCell, ...]:
    cut = Slice("forward", "found", symbol, Location(2, 1), statements)
    target = report().targets[0].model_copy(update={"symbol": symbol or None})
    view = report().model_copy(update={"targets": (target,)})
    whole = Record("a-1", "a.py", "0" * 64, "script", slices={"forward": cut})
    return code_of(whole, view)


def test_statements_of_a_cell_stand_together_at_their_lines() -> None:
    found = shown(
        statement(2, 1, "import math"),
        statement(2, 3, "def good_f(x):\n    return x"),
        statement(1, 4, "a = 1"),
    )
    assert found == (
        CodeCell(1, 4, "a = 1"),
        CodeCell(2, 1, "import math\n\ndef good_f(x):\n    return x"),
    )


def test_what_lies_far_apart_stands_apart() -> None:
    found = shown(statement(1, 1, "a = 1"), statement(1, 20, "b = 2"))
    assert found == (CodeCell(1, 1, "a = 1"), CodeCell(1, 20, "b = 2"))


def test_two_statements_on_a_line_are_shown_once() -> None:
    assert shown(statement(1, 1, "a = 1; b = 2"), statement(1, 1, "b = 2")) == (
        CodeCell(1, 1, "a = 1; b = 2"),
    )


def test_nothing_of_a_target_that_was_not_found() -> None:
    assert shown(statement(1, 1, "a = 1"), symbol="") == ()
