"""What a hostile source can make the reading of it cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import assignments
from grader.core.slice import Location, Statement
from grader.editing import Code
from grader.editing.code import MOST_TEXT
from grader.editing.effort import MOST_STEPS, Effort, Intricate
from grader.repairing.edits import MOST_EDITS, edits_for

RULES = assignments.load("softmax", Path()).tasks[0].repairs
IMPORT = Statement("import torch", "<cell 1>", Location(1, 1), ("torch",))


def code(*lines: str) -> Code:
    text = "\n    ".join(("def f(x):", *lines, "return x"))
    return Code.of([IMPORT, Statement(text, "<cell 2>", Location(2, 1), ("f",))])


def test_what_is_left_is_never_more_than_what_was_given() -> None:
    effort = Effort(3)
    effort.spend(3)
    for _ in range(2):
        with pytest.raises(Intricate):
            effort.spend(1)


def test_a_small_function_is_read_for_a_hundredth_of_what_there_is() -> None:
    made = code("e = torch.exp(x)", "x = e / e.sum()")
    edits, failed = edits_for(made, RULES)
    assert edits
    assert failed == ()
    with pytest.raises(Intricate):
        made.effort.spend(MOST_STEPS)
    fresh = code("e = torch.exp(x)", "x = e / e.sum()")
    edits_for(fresh, RULES)
    fresh.effort.spend(MOST_STEPS - MOST_STEPS // 100)


@pytest.mark.parametrize(
    "line",
    [
        "if x: x = x[{at}]",
        "if x: x = x[{at}] + x[{at}]",
        "x = torch.exp(x - x.max()) / torch.exp(x).sum()",
        "x = x + torch.exp(x - {at} * x)",
        "for x in x: x = [x[{at}] for x in x]",
        "while x: x -= x.max(); x = torch.exp(x)",
    ],
)
def test_names_given_again_and_again_are_not_followed_for_ever(line: str) -> None:
    lines = tuple(line.format(at=at) for at in range(60))
    first, second = (edits_for(code(*lines), RULES) for _ in range(2))
    assert first == second
    assert len(first[0]) <= MOST_EDITS
    assert set(first[1]) < {rule.name for rule in RULES}  # rules that follow no name still work


@pytest.mark.parametrize("line", ["for row in row: pass", "y = [row for row in row]"])
def test_a_loop_over_its_own_variable_costs_no_more_than_rules(line: str) -> None:
    edits, _ = edits_for(code(line, "x = torch.exp(row)"), RULES)
    assert len(edits) <= MOST_EDITS


def test_a_statement_of_many_pages_is_left_alone() -> None:
    long = code(*(f"x = x.max()  # {at:>100}" for at in range(MOST_TEXT // 100)))
    assert long.functions == ()
    assert edits_for(long, RULES) == ((), ())
    assert "f" in long.names
