"""Exponentials, shifts and quotients as they are read in students' source."""

from __future__ import annotations

import ast

import pytest

from grader.assignments import exponentials as read
from grader.core.slice import Statement
from grader.editing import Code, Function
from tests.builders import statement

IMPORTS = "import math, torch\nfrom torch import exp"
DATA = statement("logits = torch.rand(1, 20)", binds=("logits",), data="random")


def function(*lines: str, imports: str = IMPORTS, more: tuple[Statement, ...] = ()) -> Function:
    source = "\n    ".join(("def f(x):", *lines))
    own = statement(source, binds=("f",))
    return Code.of((statement(imports), DATA, *more, own)).functions[-1]


def result(made: Function) -> ast.expr:
    (found,) = (part for part in made.walk() if isinstance(part, ast.Return))
    assert found.value is not None
    return found.value


def texts(made: Function, found: object) -> list[str]:
    assert hasattr(found, "__iter__")
    return [made.text(each) for each in found]


# Exponentials. -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "exponent", "base"),
    [
        ("torch.exp(x)", "x", None),
        ("torch.exp(x - 1, out=y)", "x - 1", None),
        ("exp(x)", "x", None),
        ("math.exp(x[0])", "x[0]", None),
        ("x.exp()", "x", None),
        ("x.exp_()", "x", None),
        ("x.exp2()", "x", None),
        ("torch.exp2(x)", "x", None),
        ("(x - m).exp()", "x - m", None),
        ("math.e ** x", "x", "math.e"),
        ("2.718 ** x", "x", "2.718"),
        ("torch.pow(2, x)", "x", "2"),
        ("math.pow(math.e, x)", "x", "math.e"),
    ],
)
def test_every_spelling_of_an_exponential(expression: str, exponent: str, base: str | None) -> None:
    made = function(f"return {expression}")
    (found,) = read.exponentials(made)
    assert made.text(found.whole) == expression
    assert made.text(found.exponent) == exponent
    assert (None if found.base is None else made.text(found.base)) == base


@pytest.mark.parametrize(
    "expression",
    [
        "x ** 2", "x ** y", "y ** x", "torch.pow(x, 2)", "x.pow(2)", "torch.exp()", "x.exp(2)",
        "torch.expm1(x)", "x.expand(2, 3)", "exp", "x.exp", "sub(x)", "f(x)",
    ],
)  # fmt: skip
def test_what_is_no_exponential(expression: str) -> None:
    assert list(read.exponentials(function(f"return {expression}"))) == []


def test_an_exp_of_the_students_own_is_none() -> None:
    own = "def f(x): return exp(x)"
    made = Code.of((statement("def exp(x): return x", binds=("exp",)), statement(own)))
    assert list(read.exponentials(made.functions[-1])) == []


def test_a_base_may_have_a_name() -> None:
    made = function("e = 2.71828", "return e ** x")
    (found,) = read.exponentials(made)
    assert found.base is not None
    assert made.text(found.base) == "e"
    assert list(read.exponentials(function("e = x.max()", "return e ** x"))) == []


@pytest.mark.parametrize(
    ("base", "wanted"),
    [("math.e", True), ("torch.e", True), ("2.718281828459045", True), ("2.7182818284", True),
     ("2.718", False), ("2", False), ("e", False), ("math.pi", False)],
)  # fmt: skip
def test_eulers_number_to_nine_digits(base: str, *, wanted: bool) -> None:
    made = function(f"return {base} ** x")
    assert read.is_euler(made, ast.parse(base, mode="eval").body) == wanted


# Differences. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "left", "right"),
    [
        ("return x - m", "x", "m"),
        ("return x.sub(m)", "x", "m"),
        ("return x.sub_(m)", "x", "m"),
        ("return torch.sub(x, m)", "x", "m"),
        ("return torch.subtract(x, m)", "x", "m"),
        ("x -= m", "x", "m"),
    ],
)
def test_every_spelling_of_a_difference(line: str, left: str, right: str) -> None:
    made = function(line)
    (found,) = (
        each
        for part in made.walk()
        if isinstance(part, ast.expr | ast.AugAssign)
        and (each := read.difference(made, part)) is not None
    )
    assert texts(made, (found.left, found.right)) == [left, right]


@pytest.mark.parametrize(
    "expression", ["x + m", "-x", "torch.sub(x)", "x.sub()", "x.sub(m, 2)", "x.submit(m)", "x / m"]
)
def test_what_is_no_difference(expression: str) -> None:
    made = function(f"return {expression}")
    assert read.difference(made, result(made)) is None


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return x - x.max()",), ["x - x.max()"]),
        (("return (x - 1) - x.max()",), ["(x - 1) - x.max()", "x - 1"]),
        (("y = x - x.max()", "return y * 2"), ["x - x.max()"]),
        (("x -= x.max()", "return x"), ["x -= x.max()"]),
        (("return -(x - 1).float()",), ["x - 1"]),
        (("return y - (x - 1)",), ["y - (x - 1)", "x - 1"]),
        (("return x / (x - 1)",), []),
        (("return x - (x - 1).max()",), ["x - (x - 1).max()"]),
    ],
)
def test_differences_on_the_way_to_the_argument(lines: tuple[str, ...], wanted: list[str]) -> None:
    made = function(*lines)
    found = read.differences(made, result(made))
    assert texts(made, (each.whole for each in found)) == wanted


# What a value is made of. ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return 2 * x",), ["2 * x", "x"]),
        (("return x * y",), ["x * y", "x"]),
        (("return x / x.max()",), ["x / x.max()", "x"]),
        (("return torch.clamp(x, 1, 2)",), ["torch.clamp(x, 1, 2)", "x"]),
        (("y = x + 1", "return g(y)"), ["g(y)"]),
        (("y = x + 1", "return y.abs()"), ["y.abs()", "y", "x + 1", "x"]),
        (("while x: x = x / 2", "return x"), ["x", "x / 2"]),
    ],
)
def test_the_spine_leads_back_to_the_argument(lines: tuple[str, ...], wanted: list[str]) -> None:
    made = function(*lines)
    found = texts(made, read.spine(made, result(made)))
    assert list(dict.fromkeys(found)) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return x",), True),
        (("return g(x.abs()) + 1",), True),
        (("y = 1", "y += x", "return y"), True),
        (("for row in x: y = row.sum()", "return y"), True),
        (("return [row.sum() for row in x]",), True),
        (("return 1 + y",), False),
        (("x = 3", "return x"), False),
        (("if y: x = 3", "return x"), True),
        (("return torch.rand(3)",), False),
        (("return x.shape[0]",), True),
    ],
)
def test_whether_the_argument_is_in_a_value(lines: tuple[str, ...], *, wanted: bool) -> None:
    made = function(*lines)
    assert read.of_argument(made, result(made)) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return x - logits.max()",), True),
        (("m = logits.max()", "return x - m"), True),
        (("logits = x", "return logits"), False),
        (("return x - eps",), False),
        (("m = logits.max()", "return x"), False),
        (("return torch.tensor(3)",), False),
    ],
)
def test_whether_the_notebooks_data_is_in_a_value(lines: tuple[str, ...], *, wanted: bool) -> None:
    made = function(*lines)
    assert read.reads_free(made, result(made)) == wanted


def test_everything_on_the_way_is_met_once() -> None:
    made = function("y = x * x", "y = y * y", "while y: y = y * y + x", "return y - y")
    found = [id(each) for each in read.on_the_way(made, result(made))]
    assert len(found) == len(set(found))
    assert read.of_argument(made, result(made))


def test_a_librarys_function_is_no_value() -> None:
    made = function("return torch.exp(x) + g(1)")
    assert texts(made, read.on_the_way(made, result(made))) == [
        "torch.exp(x) + g(1)", "g(1)", "1", "torch.exp(x)", "x",
    ]  # fmt: skip


# What values are. --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exponent", "wanted"),
    [("x", False), ("x.double()", False), ("x[0]", False), ("x - 1", True), ("g(x)", True),
     ("x / 2", True), ("y", True), ("-x", True)],
)  # fmt: skip
def test_an_argument_as_it_came_is_not_shifted(exponent: str, *, wanted: bool) -> None:
    made = function(f"return {exponent}")
    assert read.shifted(made, result(made)) == wanted


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return x.max()",), True),
        (("m = x.max(1, True)[0]", "return m"), True),
        (("m, _ = torch.max(x, 1)", "return m"), True),
        (("return x.amax(0).unsqueeze(1)",), True),
        (("return max(x)",), True),
        (("return x.sort()[0][-1]",), True),
        (("return torch.topk(x, 1).values",), True),
        (("return x.min()",), False),
        (("return x.mean()",), False),
        (("return x.max() + 1",), False),
        (("return x",), False),
        (("m = x.max()", "m = x.mean()", "return m"), False),
    ],
)
def test_whether_a_value_is_a_maximum(lines: tuple[str, ...], *, wanted: bool) -> None:
    made = function(*lines)
    assert read.is_largest(made, result(made)) == wanted


def test_the_reduction_a_value_is_and_the_sums_in_it() -> None:
    made = function("s = x.exp().sum(1)", "t = s.view(-1, 1)", "return t + sum(x) + x.max()")
    value = result(made)
    assert texts(made, (each.whole for each in read.sums(made, value))) == [
        "sum(x)", "x.exp().sum(1)",
    ]  # fmt: skip
    assert read.reduced(made, value) is None
    names = [each for each in made.expressions() if made.text(each) == "t"]
    found = read.reduced(made, names[0])
    assert found is not None
    assert made.text(found.whole) == "x.exp().sum(1)"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [("torch.log(x)", "x"), ("x.log()", "x"), ("(x + 1).log2()", "x + 1"), ("math.log10(x)", "x"),
     ("x.log_()", "x"), ("torch.log()", None), ("x.log(2)", None), ("torch.log1p(x)", None),
     ("log(x)", None), ("x.logical_not()", None)],
)  # fmt: skip
def test_what_a_logarithm_is_taken_of(expression: str, wanted: str | None) -> None:
    made = function(f"return {expression}")
    found = read.is_log(made, result(made))
    assert (None if found is None else made.text(found)) == wanted


# The maximum that is put in. ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x", "x.amax(dim=-1, keepdim=True)"),
        ("x.abs()", "x.abs().amax(dim=-1, keepdim=True)"),
        ("x - 1", "(x - 1).amax(dim=-1, keepdim=True)"),
        ("-x", "(-x).amax(dim=-1, keepdim=True)"),
        ("logits", "x.amax(dim=-1, keepdim=True)"),
    ],
)
def test_the_maximum_of_each_row(expression: str, wanted: str) -> None:
    made = function(f"return {expression}")
    assert list(read.row_max(made, result(made))) == [(wanted, "")]


def test_numpys_maximum_is_another_way_where_numpy_is_imported() -> None:
    made = function("return x", imports="import numpy as np")
    assert list(read.row_max(made, result(made)))[1:] == [
        ("x.max(axis=-1, keepdims=True)", "numpy")
    ]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("for v in row: w = 1", "return v"), "max(row)"),
        (("return x[i]",), "max(x)"),
        (("return x[i, j]",), "max(x[i])"),
        (("return x[i][j]",), "max(x[i])"),
    ],
)
def test_of_one_entry_the_maximum_is_that_of_its_row(lines: tuple[str, ...], wanted: str) -> None:
    made = function(*lines)
    assert (wanted, "element") in read.row_max(made, result(made))
