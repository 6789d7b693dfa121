"""Which names a statement or function binds, and to what."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.editing.names import (
    Scope,
    arguments_of,
    bound,
    default_of,
    imported,
    looped,
    scopes,
)


def first(source: str) -> ast.stmt:
    return ast.parse(source).body[0]


def function(source: str) -> Scope:
    return next(part for part in ast.walk(first(source)) if isinstance(part, Scope))


# Imports. ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import torch", {"torch": "torch"}),
        ("import torch as t, numpy as np", {"t": "torch", "np": "numpy"}),
        ("import torch.nn.functional", {"torch": "torch"}),
        ("import torch.nn.functional as F", {"F": "torch.nn.functional"}),
        ("import torch, torch.nn", {"torch": "torch"}),
        ("from torch import exp", {"exp": "torch.exp"}),
        ("from torch import exp as e, log", {"e": "torch.exp", "log": "torch.log"}),
        ("from torch.nn import functional as F", {"F": "torch.nn.functional"}),
        ("from numpy import *", {"*": "numpy"}),
        ("torch = 1", {}),
    ],
)
def test_an_import_binds_names_to_modules(source: str, wanted: dict[str, str]) -> None:
    assert imported(first(source)) == wanted


# Assignments. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("a = 1", [("a", "1")]),
        ("a = b = 1", [("a", "1"), ("b", "1")]),
        ("a, b = 1, 2", [("a", "1"), ("b", "2")]),
        ("a, b = f(x)", [("a", "f(x)")]),
        ("a, (b, c) = 1, f(x)", [("a", "1")]),
        ("a, _ = x.max(1)", [("a", "x.max(1)")]),
        ("a: int = 1", [("a", "1")]),
        ("a: int", []),
        ("a -= 1", [("a", "a -= 1")]),
        ("a.sub_(1)", [("a", "a.sub_(1)")]),
        ("a.sub(1)", []),
        ("a[0] = 1", []),
        ("a.b = 1", []),
        ("a[0] -= 1", []),
        ("a.b.sub_(1)", []),
        ("return_(a)", []),
    ],
)
def test_a_statement_gives_values_to_names(source: str, wanted: list[tuple[str, str]]) -> None:
    assert [(name, ast.unparse(value)) for name, value in bound(first(source))] == wanted


def test_a_name_in_an_expression_is_given_a_value() -> None:
    (walrus,) = (part for part in ast.walk(first("g(y := x)")) if isinstance(part, ast.NamedExpr))
    assert [(name, ast.unparse(value)) for name, value in bound(walrus)] == [("y", "x")]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), st.integers(0, 5))
def test_of_several_names_each_gets_its_own(names: list[str], values: int) -> None:
    """As far as both go: a tuple too short is the student's error, not the reader's."""
    source = f"{', '.join(names)}, = {''.join(f'{at}, ' for at in range(values)) or '()'}"
    found = [(name, ast.unparse(value)) for name, value in bound(first(source))]
    assert found == [(name, str(at)) for at, name in enumerate(names[:values])]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("for a in x: pass", {"a": "x"}),
        ("for i, a in enumerate(x): pass", {"i": "enumerate()", "a": "x"}),
        ("for i, a in enumerate(x, 1): pass", {"i": "enumerate()", "a": "x"}),
        ("for i, (j, a) in enumerate(enumerate(x)): pass",
         {"i": "enumerate()", "j": "enumerate()", "a": "x"}),
        ("for a, b in zip(x, y): pass", {}),
        ("for a[0] in x: pass", {}),
        ("while a: pass", {}),
    ],
)  # fmt: skip
def test_a_loop_gives_its_variable_what_is_looped_over(source: str, wanted: dict[str, str]) -> None:
    elements: dict[str, ast.expr] = {}
    looped(first(source), elements)
    assert {name: ast.unparse(value) for name, value in elements.items()} == wanted


def test_a_comprehension_is_a_loop_and_the_first_loop_counts() -> None:
    elements: dict[str, ast.expr] = {}
    for part in ast.walk(first("[[a for a in y] for a in x]")):
        looped(part, elements)
    assert {name: ast.unparse(value) for name, value in elements.items()} == {"a": "x"}


# Functions. --------------------------------------------------------------------------------------


def test_every_function_knows_the_names_around_it() -> None:
    source = """
class A:
    def f(self, x):
        y = 1
        def g(z, *rest, k=0, **more):
            w = z
            return lambda v: v
        return g
    def h(self): return lambda: 0
"""
    found = [
        (getattr(each, "name", "lambda"), sorted(outer)) for each, outer in scopes(first(source))
    ]
    around = ["self", "x", "y"]
    inner = sorted([*around, "z", "rest", "k", "more", "w"])
    assert sorted(found) == sorted(
        # what the functions inside bind counts as bound around them: sooner local than free
        [("f", []), ("g", sorted([*around, "w"])), ("lambda", inner), ("h", []),
         ("lambda", ["self"])]
    )  # fmt: skip


def test_of_a_thousand_nested_functions_none_is_lost() -> None:
    node: ast.expr = ast.Constant(0)
    for _ in range(1000):
        node = ast.Lambda(ast.parse("lambda a: 0", mode="eval").body.args, node)  # type: ignore[attr-defined]  # of a lambda
    assert sum(1 for _ in scopes(node)) == 1000


def test_all_parameters_are_arguments() -> None:
    made = function("def f(a, /, b, c=1, *d, e, f=2, **g): ...")
    assert arguments_of(made) == set("abcdefg")
    assert arguments_of(function("g = lambda: 0")) == set()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a", None), ("b", "1"), ("c", "2"), ("d", None), ("e", None), ("f", "3"), ("z", None)],
)
def test_the_default_of_a_parameter(name: str, wanted: str | None) -> None:
    found = default_of(function("def g(a, b=1, /, c=2, *d, e, f=3): ..."), name)
    assert (None if found is None else ast.unparse(found)) == wanted


@given(st.integers(0, 4), st.integers(0, 4))
def test_defaults_belong_to_the_last_parameters(plain: int, given_: int) -> None:
    names = [f"p{at}" for at in range(plain)] + [f"q{at}={at}" for at in range(given_)]
    made = function(f"def f({', '.join(names)}): ...")
    assert all(default_of(made, f"p{at}") is None for at in range(plain))
    for at in range(given_):
        found = default_of(made, f"q{at}")
        assert isinstance(found, ast.Constant)
        assert found.value == at
