"""Where things stand in source that is not plain ASCII on lines that end in line feeds."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.slice import Location, Statement
from grader.editing import Code, Function, apply, diff
from grader.editing.text import Lines

BREAKS = ("\n", "\r\n", "\r")
ODD = st.sampled_from(
    ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "é", "∑", "𝛴", "\t", "a", "\ufeff"]
)


def functions(source: str) -> tuple[Function, ...]:
    return Code.of([Statement(source, "<cell 1>", Location(1, 1), ("f",))]).functions


@given(st.lists(st.text(ODD, max_size=4), min_size=1, max_size=5), st.sampled_from(BREAKS))
def test_every_name_is_where_it_is_read(texts: list[str], end: str) -> None:
    lines = [f"    y = '{text}', found  # {text}" for text in texts]
    source = end.join(("def f(x):", *lines, "    return x", ""))
    (function,) = functions(source)
    names = [each for each in function.expressions() if isinstance(each, ast.Name)]
    assert [function.text(each) for each in names] == [each.id for each in names]
    assert len(names) == len(texts) + 1


@pytest.mark.parametrize("end", BREAKS)
def test_lines_are_counted_as_the_parser_counts_them(end: str) -> None:
    source = f"a = 1{end}b = '\x0c\u2028'{end}{end}c = 3"
    lines = Lines(source)
    for statement in ast.parse(source).body:
        start, last = lines.span(statement)
        assert source[start] == ast.unparse(statement)[0]
        assert lines.line(start) == statement.lineno
        assert lines.line(last - 1) == statement.end_lineno


def test_an_empty_text_has_one_line() -> None:
    assert Lines("").offset(1, 0) == 0
    assert Lines("").line(0) == 1
    assert Lines("").indent(1) == ""


@pytest.mark.parametrize("end", BREAKS)
def test_a_diff_numbers_lines_as_the_cell_does(end: str) -> None:
    before = end.join(("def f(x):", "    y = '\x0c'", "    return x + 1"))
    found = diff(before, before.replace(" + 1", ""), "cell 4", 11)
    assert "@@ -12,2 +12,2 @@" in found
    assert found.endswith("-    return x + 1\n+    return x")
    assert diff(before, before, "cell 4", 11) == ""


@pytest.mark.parametrize(
    "text",
    ["f'{x.max()}'", "f'''\n  {x.max()!r:>{x.max()}}'''", "f'é {x.max()} {f\"{x.max()}\"}'"],
)
def test_nothing_in_an_f_string_is_read(text: str) -> None:
    """Python 3.11 does not tell where in it something stands."""
    (function,) = functions(f"def f(x):\n    print({text})\n    return x.min()\n")
    calls = [each for each in function.expressions() if isinstance(each, ast.Call)]
    assert {function.text(each.func) for each in calls} == {"print", "x.min"}


def test_a_copy_is_put_before_a_decorated_first_statement() -> None:
    source = "def f(x):\n\t@keep\n\tdef g(): ...\n\tx -= 1\n\treturn x"
    outer, _ = functions(source)
    fix = outer.begun_with("x = x.clone()")
    assert fix is not None
    assert apply(source, [fix]).split("\n")[1:3] == ["\tx = x.clone()", "\t@keep"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): x -= 1; return x",
        "def f(x,\n      y): x -= 1; return x",
        "def f(x,\ny): x -= 1; return x",
        "f = lambda x: x",
        'def f(x):\n    """Nothing else."""',
    ],
)
def test_where_a_statement_cannot_be_put_first_none_is(source: str) -> None:
    (function,) = functions(source)
    assert function.begun_with("x = x.clone()") is None


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("x.max()", "x.max(keepdim=True)"),
        ("x.max(1)", "x.max(1, keepdim=True)"),
        ("x.max(1,)", "x.max(1,keepdim=True)"),
        ("x.max(\n    dim=1,\n)", "x.max(\n    dim=1,\nkeepdim=True)"),
    ],
)
def test_a_keyword_is_added_whatever_stands_last(call: str, wanted: str) -> None:
    source = f"def f(x):\n    return {call}"
    (function,) = functions(source)
    (found,) = (each for each in function.expressions() if isinstance(each, ast.Call))
    after = apply(source, [function.given(found, "keepdim=True")])
    assert after == f"def f(x):\n    return {wanted}"
    ast.parse(after)
