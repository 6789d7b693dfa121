"""Patches of one statement's source: what can go together, and in which order it is put in."""

from __future__ import annotations

import ast
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.repair import Fix, Patch
from grader.core.slice import Location, Statement
from grader.editing import Code, Function, apply, diff
from grader.editing.text import compatible


def function(source: str) -> Function:
    return Code.of([Statement(source, "<cell 1>", Location(1, 1), ("f",))]).functions[0]


def node(made: Function, text: str) -> ast.expr:
    """The first expression that is written so."""
    return next(each for each in made.expressions() if made.text(each) == text)


def fix(
    *patches: tuple[int, int, str], at: tuple[int, int] | None = None, statement: int = 0
) -> Fix:
    found = tuple(Patch(*each) for each in patches)
    span = at or (min(each.start for each in found), max(each.end for each in found))
    return Fix(statement, span, found)


@given(st.text())
def test_without_a_fix_the_text_stays_as_it_is(text: str) -> None:
    assert apply(text, []) == text
    assert diff(text, text, "cell 1") == ""


SPANS = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda each: (min(each), max(each)))


@given(st.lists(SPANS, max_size=4), st.integers(0, 1))
def test_what_is_compatible_replaces_each_character_once(
    spans: list[tuple[int, int]], statement: int
) -> None:
    fixes = [fix((*span, "")) for span in spans]
    covered = [{at for at in range(20) if 2 * start <= at <= 2 * end - 2} for start, end in spans]
    inserted = [(start, at) for at, (start, end) in enumerate(spans) if start == end]
    apart = all(not a & b for a, b in itertools.combinations(covered, 2)) and not any(
        start < where < end for where, _ in inserted for start, end in spans
    )
    assert compatible(fixes) == apart
    if apart and spans:
        kept = 10 - sum(end - start for start, end in spans)
        assert len(apply("0123456789", fixes)) == kept
    # of two statements nothing touches
    others = [fix((*span, ""), statement=1 + at) for at, span in enumerate(spans)]
    assert compatible(others)


@given(st.permutations(range(5)))
def test_the_order_of_fixes_does_not_matter(order: list[int]) -> None:
    source = "def f(x):\n    return torch.exp((x).sum()) - x.max().abs()\n"
    made = function(source)
    inner, outer = node(made, "(x).sum()"), node(made, "torch.exp((x).sum())")
    fixes = [
        made.wrapped(inner, "<", ">", inner=inner),
        made.wrapped(outer, "[", "]", inner=outer),
        made.replaced(node(made, "x.max().abs()"), "m"),
        made.wrapped(inner, "{", "}", inner=node(made, "x")),
        fix((4, 5, "g")),
    ]
    found = apply(source, [fixes[at] for at in order])
    assert found == "def g(x):\n    return [torch.exp(<{(x)}>)] - m\n"


def test_of_insertions_at_one_offset_the_inner_ones_are_inside() -> None:
    source = "def f(a, b):\n    return a - b"
    made = function(source)
    left, whole, right = (node(made, text) for text in ("a", "a - b", "b"))
    fixes = [
        made.wrapped(whole, "[", "]", inner=whole),
        made.wrapped(left, "<", ">", inner=left),
        made.wrapped(right, "{", "}", inner=right),
    ]
    for order in itertools.permutations(fixes):
        assert apply(source, order).endswith("return [<a> - {b}]")


def test_what_ends_at_an_offset_comes_before_what_begins_there() -> None:
    first = fix((0, 0, "("), (3, 3, ")"), at=(0, 3))
    second = fix((3, 3, "["), (5, 5, "]"), at=(3, 5))
    for order in ((first, second), (second, first)):
        assert apply("a+bcd", order) == "(a+b)[cd]"


def test_an_insertion_in_the_midst_of_what_is_replaced_is_refused() -> None:
    replaced, inside = fix((2, 6, "")), fix((4, 4, "x"))
    assert not compatible([replaced, inside])
    assert compatible([replaced, fix((2, 2, "x"))])
    assert compatible([replaced, fix((6, 6, "x"))])
    assert not compatible([replaced, replaced])


# Parentheses. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "whole", "inner", "wanted"),
    [
        ("(x - m).detach()", "(x - m).detach()", "x - m", "(x - m)"),
        ("((x - m)).detach()", "((x - m)).detach()", "x - m", "((x - m))"),
        ("torch.exp((x))", "torch.exp((x))", "x", "(x)"),
        ("( x ).exp()", "( x ).exp()", "x", "( x )"),
        ("g((a), b)", "g((a), b)", "a", "(a)"),
        ("(\n        x\n    ).exp()", "(\n        x\n    ).exp()", "x", "(\n        x\n    )"),
        ("(a)(b)", "(a)(b)", "a", "(a)"),
        ("(x, m)[0]", "(x, m)[0]", "x", "x"),
        ("g(x)", "g(x)", "x", "x"),
        ("x[(0)]", "x[(0)]", "x", "x"),
    ],
)
def test_an_operand_keeps_the_parentheses_that_are_its_own(
    source: str, whole: str, inner: str, wanted: str
) -> None:
    text = f"def f(x, m, a, b):\n    return {source}\n"
    made = function(text)
    outer = next(
        each
        for each in made.expressions()
        if made.text(each) == whole and not isinstance(each, ast.Name)
    )
    operand = next(
        part for part in ast.walk(outer) if part is not outer and _text(made, part) == inner
    )
    found = apply(text, [made.wrapped(outer, "", "", inner=operand)])
    assert found == f"def f(x, m, a, b):\n    return {wanted}\n"
    ast.parse(found)


def _text(made: Function, part: ast.AST) -> str:
    return made.text(part) if isinstance(part, ast.expr) else ""


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("float(x)", "(x)"),
        ("float((x))", "(x)"),
        ("float (x)", "(x)"),
        ("float( x - m )", "(x - m)"),
        ("float((x) - (m))", "((x) - (m))"),
    ],
)
def test_parentheses_are_not_doubled(source: str, wanted: str) -> None:
    text = f"def f(x, m):\n    return {source}"
    made = function(text)
    call = next(each for each in made.expressions() if isinstance(each, ast.Call))
    found = apply(text, [made.wrapped(call, "(", ")", inner=call.args[0])])
    assert found == f"def f(x, m):\n    return {wanted}"


# Generated expressions: a fix of any node leaves Python, and the fix alone is what changes. ------

LEAVES = st.sampled_from(["x", "y", "é", "1.5", "'∑ \u2028'"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from([" - ", "*", " /\n     "]), inner).map(
            lambda told: f"({told[0]}{told[1]}{told[2]})"
        ),
        inner.map(lambda text: f"torch.exp({text})"),
        inner.map(lambda text: f"({text}).sum( )"),
        inner.map(lambda text: f"(lambda z: {text})(0)"),
        st.tuples(inner, inner).map(lambda told: f"g({told[0]},\n  # why not (\n  {told[1]},)"),
    )


EXPRESSIONS = st.recursive(LEAVES, _grow, max_leaves=6)


@settings(max_examples=60)
@given(EXPRESSIONS, st.data())
def test_any_node_can_be_wrapped_and_replaced(expression: str, data: st.DataObject) -> None:
    source = f"def f(x, y): é = x; return {expression}"
    made = function(source)
    nodes = list(made.expressions())
    chosen = data.draw(st.lists(st.sampled_from(range(len(nodes))), max_size=3, unique=True))
    wraps = [made.wrapped(nodes[at], "(-(", "))", inner=nodes[at]) for at in chosen]
    assert compatible(wraps)
    after = apply(source, wraps)
    negated = [
        part
        for part in ast.walk(ast.parse(after))
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub)
    ]
    assert len(negated) == len(wraps)
    for at in chosen:
        alone = apply(source, [made.replaced(nodes[at], "q")])
        start, end = made.span(nodes[at])
        assert alone == source[:start] + "q" + source[end:]
        ast.parse(alone)


def test_several_statements_on_a_line_are_told_apart() -> None:
    source = "def f(x): a = x.max(); b = x.max(); return a - b"
    made = function(source)
    first, second = (each for each in made.expressions() if made.text(each) == "x.max()")
    assert apply(source, [made.replaced(first, "1")]).count("x.max()") == 1
    assert apply(source, [made.replaced(second, "1")]).index("x.max()") == source.index("x.max()")


def test_a_diff_shows_what_changed_and_where() -> None:
    before = "def f(x):\n    y = x\n    return y + 1e-8\n"
    found = diff(before, before.replace(" + 1e-8", ""), "cell 3", 5)
    assert found.splitlines() == [
        "--- cell 3",
        "+++ cell 3",
        "@@ -6,2 +6,2 @@",
        "     y = x",
        "-    return y + 1e-8",
        "+    return y",
    ]
