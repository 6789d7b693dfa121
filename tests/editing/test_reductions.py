"""Reductions as students write them."""

from __future__ import annotations

import ast

import pytest

from grader.core.repair import Fix
from grader.core.slice import Location, Statement
from grader.editing import Code, Function, Reduction, apply, reductions
from grader.editing.reductions import constant

IMPORTS = "import torch, numpy as np, torch.nn.functional as F"


def function(lines: str, imports: str = IMPORTS, *more: Statement) -> Function:
    told = Statement(f"def f(x, m, e):\n    {lines}", "<cell 2>", Location(2, 1), ("f",))
    found = Code.of([Statement(imports, "<cell 1>", Location(1, 1)), *more, told]).functions
    return found[-1]


def only(expression: str, imports: str = IMPORTS) -> Reduction:
    (found,) = reductions(function(f"return {expression}", imports))
    return found


@pytest.mark.parametrize(
    ("expression", "kind", "style", "operand", "axis", "keeps"),
    [
        ("x.max()", "max", "method", "x", None, False),
        ("x.max(1)", "max", "method", "x", 1, False),
        ("x.max(-1)[0]", "max", "method", "x", -1, False),
        ("x.max(-1, True)[0]", "max", "method", "x", -1, True),
        ("x.max(dim=1, keepdim=True).values", "max", "method", "x", 1, True),
        ("x.max(dim=(1,))", "max", "method", "x", 1, False),
        ("x.max(dim=[-1])", "max", "method", "x", -1, False),
        ("x.max(dim=None)", "max", "method", "x", None, False),
        ("x.max(keepdim=False, dim=0)", "max", "method", "x", 0, False),
        ("x.amax(1, keepdim=1)", "max", "method", "x", 1, False),
        ("x.sum(dim=(0, 1))", "sum", "method", "x", "unknown", False),
        ("x.sum(dim=d)", "sum", "method", "x", "unknown", False),
        ("x.sum(dtype=torch.float64)", "sum", "method", "x", None, False),
        ("x.min(0).values", "min", "method", "x", 0, False),
        ("x.mean(-2)", "mean", "method", "x", -2, False),
        ("x.norm()", "norm", "method", "x", None, False),
        ("x.norm(2)", "norm", "method", "x", None, False),
        ("x.norm(2, dim=1)", "norm", "method", "x", 1, False),
        ("(x - m).std()", "std", "method", "x - m", None, False),
        ("torch.max(x)", "max", "function", "x", None, False),
        ("torch.max(x, 1)[0]", "max", "function", "x", 1, False),
        ("torch.max(x, dim=-1, keepdim=True).values", "max", "function", "x", -1, True),
        ("torch.sum(e, -1, True)", "sum", "function", "e", -1, True),
        ("torch.max(x, m)", "max", "function", "x", "unknown", False),
        ("np.max(x, axis=1, keepdims=True)", "max", "function", "x", 1, True),
        ("np.sum(e)", "sum", "function", "e", None, False),
        ("np.nanmax(x, 0)", "max", "function", "x", 0, False),
        ("max(x)", "max", "builtin", "x", 0, False),
        ("sum(x - m)", "sum", "builtin", "x - m", 0, False),
    ],
)
def test_every_spelling(
    expression: str, kind: str, style: str, operand: str, axis: object, *, keeps: bool
) -> None:
    found = only(expression)
    assert (found.kind, found.style, found.axis, found.keeps) == (kind, style, axis, keeps)
    assert found.function.text(found.operand) == operand
    assert found.function.text(found.whole) == expression


@pytest.mark.parametrize(
    "expression",
    [
        "torch.maximum(x, m)", "np.maximum(x, m)", "max(x, m)", "max(x, key=abs)", "max(*x, m)",
        "max(e for e in x)", "sum([e for e in x])", "x.values", "x[0]", "x.maximum", "max",
        "x.argmax(1)", "x.max_pool()", "torch.max()", "g(x)", "F.relu(x)", "torch.softmax(x, 1)",
    ],
)  # fmt: skip
def test_what_is_none(expression: str) -> None:
    assert list(reductions(function(f"return {expression}"))) == []


def test_the_shell_of_a_reduction_is_no_second_one() -> None:
    made = function("return torch.sum(torch.max(x, 1)[0]) + x.max().values")
    found = [made.text(each.whole) for each in reductions(made)]
    assert found == ["torch.sum(torch.max(x, 1)[0])", "torch.max(x, 1)[0]", "x.max().values"]


@pytest.mark.parametrize("line", ["from torch import *", "from torch import max, sum"])
def test_a_librarys_max_under_its_bare_name_is_not_pythons(line: str) -> None:
    found = only("max(x)", line)
    assert (found.style, found.module, found.axis) == ("function", "torch", None)
    assert _by_row(found) == ["x.amax(dim=-1, keepdim=True)"]
    assert _by_row(only("sum(x - m)", line)) == ["(x - m).sum(dim=-1, keepdim=True)"]


def test_a_max_of_the_students_own_is_no_reduction() -> None:
    own = Statement("def max(x): ...", "<cell 1>", Location(1, 1), ("max",))
    assert list(reductions(function("return max(x)", IMPORTS, own))) == []
    assert list(reductions(function("max = g; return max(x)"))) == []


def _by_row(found: Reduction, kind: str = "") -> list[str]:
    return [_put(found, fix) for fix in found.by_row(kind)]


def _put(found: Reduction, fix: Fix) -> str:
    source = found.function.code_text
    after = apply(source, [fix])
    ast.parse(after)
    return after.partition("return ")[2]


TORCH = "import torch"


@pytest.mark.parametrize(
    ("expression", "kind", "wanted"),
    [
        ("x.max()", "", "x.amax(dim=-1, keepdim=True)"),
        ("torch.max(x)", "", "torch.amax(x, dim=-1, keepdim=True)"),
        ("torch.max((x))", "", "torch.amax((x), dim=-1, keepdim=True)"),
        ("torch.max(x - m, dim=0)[0]", "", "torch.amax(x - m, dim=-1, keepdim=True)"),
        ("max(x)", "", "x.amax(dim=-1, keepdim=True)"),
        ("max(x - m)", "", "(x - m).amax(dim=-1, keepdim=True)"),
        ("(x - m).sum()", "", "(x - m).sum(dim=-1, keepdim=True)"),
        ("x.mean(0)", "max", "x.amax(dim=-1, keepdim=True)"),
        ("torch.mean(x)", "max", "torch.amax(x, dim=-1, keepdim=True)"),
        ("torch.sum(\n        x,  # all\n    )", "", "torch.sum(x, dim=-1, keepdim=True)"),
    ],
)
def test_by_row(expression: str, kind: str, wanted: str) -> None:
    assert _by_row(only(expression, TORCH), kind) == [wanted]


def test_by_row_where_numpy_is_near() -> None:
    assert _by_row(only("np.max(x)")) == ["np.max(x, axis=-1, keepdims=True)"]
    found = list(only("x.max()").by_row())
    assert [each.variant for each in found] == ["", "numpy"]
    assert _by_row(only("x.max()"))[1] == "x.max(axis=-1, keepdims=True)"


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x.max(1)", ["x.max(1, keepdim=True)", "x.max(1, keepdims=True)"]),
        ("x.max(1)[0]", ["x.max(1, keepdim=True)[0]", "x.max(1, keepdims=True)[0]"]),
        ("x.sum()", ["x.sum(keepdim=True)", "x.sum(keepdims=True)"]),
        ("np.sum(x, 1)", ["np.sum(x, 1, keepdims=True)", "np.sum(x, 1, keepdims=True)"]),
        ("x.sum(1, keepdim=False)", []),
    ],
)
def test_kept(expression: str, wanted: list[str]) -> None:
    found = only(expression)
    assert [_put(found, fix) for fix in found.kept()] == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x.sum(0)", ["x.sum(-1, keepdim=True)", "x.sum(-1, keepdims=True)"]),
        ("x.sum(dim=(0,), keepdim=True)", ["x.sum(dim=-1, keepdim=True)"]),
        ("x.sum()", []),
    ],
)
def test_along_last(expression: str, wanted: list[str]) -> None:
    found = only(expression)
    assert [_put(found, fix) for fix in found.along_last()] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("1", 1), ("-1", -1), ("- -2.5", 2.5), ("True", True), ("'a'", None), ("x", None),
     ("None", None), ("1 + 1", None), ("-x", None), ("...", None)],
)  # fmt: skip
def test_a_constant_is_what_is_spelt_out(text: str, wanted: object) -> None:
    found = constant(ast.parse(text, mode="eval").body)
    assert (type(found), found) == (type(wanted), wanted)
