"""Names and where their values come from, in the functions of a notebook."""

from __future__ import annotations

import ast

import pytest

from grader.core.slice import DataBasis, Location, Statement
from grader.editing import Code, Function


def statement(code: str, *binds: str, data: DataBasis | None = None) -> Statement:
    return Statement(code, "<cell 1>", Location(1, 1), binds, data)


def code(*told: str | Statement) -> Code:
    """A program of statements; a text is one without data."""
    return Code.of([each if isinstance(each, Statement) else statement(each) for each in told])


def function(source: str, *before: str | Statement, name: str = "f") -> Function:
    found = code(*before, source).functions
    return next(each for each in found if getattr(each.node, "name", "") == name)


def body(*lines: str, head: str = "def f(x):") -> str:
    return "\n    ".join((head, *lines))


def last(made: Function, name: str) -> ast.Name:
    """Where the name is read last."""
    found = [each for each in made.expressions() if isinstance(each, ast.Name) and each.id == name]
    return found[-1]


def before(made: Function, name: str) -> tuple[list[str], bool]:
    values, own = made.given_before(last(made, name))
    return [made.text(each) for each in values], own


# What a name may stand for. ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "name", "wanted"),
    [
        (("return x",), "x", ([], True)),
        (("return y",), "y", ([], False)),
        (("y = x", "return y"), "y", (["x"], False)),
        (("y = 1", "y = 2", "return y"), "y", (["2"], False)),
        (("y = 1", "z = y", "y = 2", "return z"), "y", (["1"], False)),
        (("x = x - 1", "return x"), "x", (["x - 1"], False)),
        (("x -= 1", "return x"), "x", (["x -= 1"], False)),
        (("x.sub_(1)", "return x"), "x", (["x.sub_(1)"], False)),
        (("if c: x = 1", "return x"), "x", (["1"], True)),
        (("y = 0", "if c: y = 1", "else: y = 2", "return y"), "y", (["2", "1", "0"], False)),
        (("if c: y = 1", "y = 2", "return y"), "y", (["2"], False)),
        (("for i in x: y = i", "return y"), "y", (["i"], False)),
        (("while c: x = x / 2", "return x"), "x", (["x / 2"], True)),
        (("with g(): x = 1", "return x"), "x", (["1"], True)),
        (("try: x = 1", "except E: pass", "return x"), "x", (["1"], True)),
        (("a = b = x.max()", "return b"), "b", (["x.max()"], False)),
        (("a, b = 1, 2", "return b"), "b", (["2"], False)),
        (("m, at = x.max(1)", "return m"), "m", (["x.max(1)"], False)),
        (("m, at = x.max(1)", "return at"), "at", ([], False)),
        (("y: float = 1", "return y"), "y", (["1"], False)),
        (("y: float", "return y"), "y", ([], False)),
        (("g(y := x)", "return y"), "y", (["x"], False)),
        (("y = (x := 1)", "return x"), "x", (["1"], True)),
        (("g = lambda x: (x := 2)", "return x"), "x", ([], True)),
        (("def g(): x = 2", "return x"), "x", ([], True)),
        (("a = 1; a = 2; return a",), "a", (["2"], False)),
    ],
)
def test_the_last_value_and_those_before_it_back_to_one_outside_branches(
    lines: tuple[str, ...], name: str, wanted: tuple[list[str], bool]
) -> None:
    assert before(function(body(*lines)), name) == wanted


def test_a_value_does_not_stand_for_itself() -> None:
    made = function(body("x = x - x.max()", "return 0"))
    assert before(made, "x") == ([], True)


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("def f(x):", ("x",)),
        ("def f(self, x):", ("x",)),
        ("def f(ctx, x, y=1):", ("x",)),
        ("def f(x=logits, dim=1):", ("x",)),
        ("def f(a, /, b, *, c):", ("a", "b")),
        ("def f(*x):", ()),
        ("def f():", ()),
    ],
)
def test_parameters_are_those_that_must_be_passed(head: str, wanted: tuple[str, ...]) -> None:
    assert function(f"{head} return 0").parameters == wanted


# Values of the argument. -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "x", "x.float()", "x.to(torch.float64)", "x.clone().detach()", "x.data", "x.T", "x[None]",
        "x[:, None]", "x[..., None, :]", "x.unsqueeze(0).contiguous()", "torch.as_tensor(x)",
        "(y := x)", "x[0]", "x[i]", "x[0][1]", "x[0].float()",
    ],
)  # fmt: skip
def test_casts_copies_and_rows_are_the_argument(value: str) -> None:
    made = function(body(f"z = {value}", "return z"), "import torch")
    assert made.is_argument(last(made, "z"))


@pytest.mark.parametrize(
    "value",
    [
        "x - 1", "x.max()", "-x", "g(x)", "torch.exp(x)", "y", "1", "x + x", "torch.zeros(x.shape)",
        "x.shape", "x[x.argmax()] - 1", "g(x)[0]", "torch.tensor()",
    ],
)  # fmt: skip
def test_what_is_computed_is_not_the_argument(value: str) -> None:
    made = function(body(f"z = {value}", "return z"), "import torch")
    assert not made.is_argument(last(made, "z"))


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("for z in x: w = z", "return z"), True),
        (("for i, z in enumerate(x): pass", "return z"), True),
        (("for i, z in enumerate(x): pass", "return i"), False),
        (("for row in x:", "    for z in row: pass", "return z"), True),
        (("for z in range(3): pass", "return z"), False),
        (("if c: x = x - 1", "return x"), False),
        (("if c: x = x.float()", "return x"), True),
        (("z = x", "z = z - 1", "return z"), False),
        (("z = x - 1", "z = x", "return z"), True),
    ],
)
def test_loops_and_branches(lines: tuple[str, ...], wanted: bool) -> None:  # noqa: FBT001 - a table
    made = function(body(*lines))
    value = next(part for part in made.walk() if isinstance(part, ast.Return)).value
    assert value is not None
    assert made.is_argument(value) == wanted


def test_a_path_ends_where_a_value_is_computed_and_visits_nothing_twice() -> None:
    made = function(body("y = x", "while y: y = y.float()", "z = y - 1", "return z.view(-1)"))
    value = next(part for part in made.walk() if isinstance(part, ast.Return)).value
    assert value is not None
    found = [made.text(each) for each in made.path(value)]
    assert found == ["z.view(-1)", "z", "y - 1"]
    loop = [id(each) for each in made.path(last(made, "y"))]
    assert len(loop) == len(set(loop))


# The notebook's data. ----------------------------------------------------------------------------

DATA = statement("logits = torch.rand(1, 20)", "logits", data="random")


def test_data_is_what_is_drawn_and_what_is_computed_from_it() -> None:
    made = code(
        DATA,
        statement("m = logits.max()", "m"),
        statement("k = m + 1", "k"),
        statement("eps = 1e-8", "eps"),
        statement("g = lambda: logits", "g"),
        statement("def h(): return logits", "h"),
        statement("import logits", "logits"),
    )
    assert made.data == {"logits", "m", "k"}
    assert made.names == {"logits", "m", "k", "eps", "g", "h"}


@pytest.mark.parametrize(
    ("source", "name", "wanted"),
    [
        (body("return logits"), "logits", True),
        (body("return logits", head="def f(logits):"), "logits", False),
        (body("return logits", head="def f(x, logits=logits):"), "logits", True),
        (body("return x", head="def f(x=logits):"), "x", False),
        (body("return y", head="def f(x, y=1):"), "y", False),
        (body("return y", head="def f(x, *, y=logits.max()):"), "y", True),
        (body("return logits", head="def f(x, *logits):"), "logits", False),
        (body("logits = x", "return logits"), "logits", False),
        (body("for logits in x: pass", "return logits"), "logits", False),
        (body("return [logits for logits in x]"), "logits", False),
        (body("logits -= 1", "return logits"), "logits", False),
        (body("return eps"), "eps", False),
        (body("return unknown"), "unknown", False),
    ],
)
def test_a_free_name_is_data_that_is_read_from_inside(
    source: str, name: str, *, wanted: bool
) -> None:
    made = function(source, DATA, statement("eps = 1e-8", "eps"))
    assert made.is_free(name) == wanted


@pytest.mark.parametrize(
    "source",
    [
        body("def g(row): return row - logits.max()", "return g(x)", head="def f(logits):"),
        body("logits = x", "g = lambda row: row - logits.max()", "return g(x)"),
        body("def h():", "    def g(row): return logits", "    return g", head="def f(logits):"),
        "class A:\n    def f(self, logits):\n        return map(lambda row: row - logits, logits)",
    ],
)
def test_a_name_of_the_function_around_it_is_not_free(source: str) -> None:
    """It would be the notebook's data, were it not a parameter or local of the outer function."""
    inner = code(DATA, source).functions[-1]
    assert inner.node is not None
    assert not inner.is_free("logits")
    assert inner.is_known("logits")
    # beside it, in a function of its own, it is
    assert function(body("return logits"), DATA, source.replace("def f(", "def e(")).is_free(
        "logits"
    )


def test_what_is_known() -> None:
    made = function(
        body("a = 1", "for b in x: pass", "return zz"), DATA, "import torch as t, numpy"
    )
    assert all(map(made.is_known, ("x", "a", "b", "logits", "t", "numpy")))
    assert not made.is_known("zz")


# Libraries. --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expression", "wanted"),
    [
        ("import torch", "torch.exp", "torch.exp"),
        ("import torch as t", "t.exp", "torch.exp"),
        ("import torch.nn.functional as F", "F.relu", "torch.nn.functional.relu"),
        ("import torch.nn.functional", "torch.exp", "torch.exp"),
        ("import torch.nn.functional", "torch.nn.functional.relu", "torch.nn.functional.relu"),
        ("from torch import exp", "exp", "torch.exp"),
        ("from torch import exp as e", "e", "torch.exp"),
        ("from torch.nn import functional as F", "F.relu", "torch.nn.functional.relu"),
        ("from torch import *", "max", "torch.max"),
        ("from numpy import *", "exp", "numpy.exp"),
        ("from math import *", "max", ""),
        ("from torch import *", "x.max", ""),
        ("from torch import *", "row", ""),
        ("import torch", "x.exp", ""),
        ("import torch", "max", ""),
        ("import torch", "g().exp", ""),
    ],
)
def test_names_as_imports_resolve_them(line: str, expression: str, wanted: str) -> None:
    made = code(line)
    assert made.library(ast.parse(expression, mode="eval").body) == wanted


def test_a_name_of_the_students_own_is_not_the_librarys() -> None:
    made = code("from torch import *", statement("def max(x): return x", "max"))
    assert made.library(ast.Name("max")) == ""
    explicit = code("from torch import *\nfrom builtins import max")
    assert explicit.library(ast.Name("max")) == "builtins.max"


def test_an_import_inside_a_function_counts() -> None:
    assert code("def f(x):\n    import torch\n    return torch.exp(x)").modules == {
        "torch": "torch"
    }


# The program. ------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["def f(:", "x = 'a\x00b'", "(" * 500, "x = '\ud800'"])
def test_a_statement_that_does_not_parse_is_left_alone(broken: str) -> None:
    made = code(broken, "def g(x): return x")
    assert [each.statement for each in made.functions] == [1]


def test_every_function_is_found_outer_before_inner() -> None:
    source = "class A:\n    def b(self):\n        def c(): return lambda: 0\n        return c"
    made = code("d = lambda: (lambda: 1)", source, "async def e(): pass")
    found = [getattr(each.node, "name", "lambda") for each in made.functions]
    assert found == ["lambda", "lambda", "b", "c", "lambda", "e"]


def test_inner_functions_are_not_part_of_the_outer() -> None:
    made = function(body("def g(): inner()", "h = lambda: other()", "return own()"))
    calls = [made.text(each) for each in made.expressions() if isinstance(each, ast.Call)]
    assert calls == ["own()"]


def test_what_is_written_is_not_read() -> None:
    made = function(body("a = b", "c[d] = e", "del g", "h += i"))
    names = [each.id for each in made.expressions() if isinstance(each, ast.Name)]
    assert names == ["b", "c", "d", "e", "i"]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (("return x",), ("x = x.clone()", "return x")),
        (('"""Says."""', "return x"), ('"""Says."""', "x = x.clone()", "return x")),
        (("# why", "return x"), ("# why", "x = x.clone()", "return x")),
        (("x -= 1; return x",), ("x = x.clone()", "x -= 1; return x")),
    ],
)
def test_a_first_statement_is_put_behind_the_docstring(
    lines: tuple[str, ...], wanted: tuple[str, ...]
) -> None:
    made = function(body(*lines))
    fix = made.begun_with("x = x.clone()")
    assert fix is not None
    (patch,) = fix.patches
    source = made.code_text
    assert source[: patch.start] + patch.text + source[patch.end :] == body(*wanted)
