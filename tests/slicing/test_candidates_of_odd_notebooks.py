"""Notebooks made to hurt, or by chance: candidates never raise; their statements define them."""

from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.notebook import Cell, Notebook
from grader.slicing import candidates, nothing

from .candidates_story import WANTED, found_in

ODD: Final = {
    "thousands": "".join(f"def grad_{n}(x): return x\n" for n in range(1_000)),
    "thousands of classes": "".join(
        f"class A{n}(A{n - 1}):\n  def __init__(self, x): pass\n  def grad(self, g): return g\n"
        for n in range(300)
    ),
    "thousands of instances": (
        "class A:\n  def __init__(self, x): pass\n  def backward(self, g): return g\n"
        + "".join(f"a{n} = A(1)\n" for n in range(1_000))
    ),
    "thousands of methods": "class A:\n" + "".join(
        f"  def grad_{n}(self, g): return g\n" for n in range(500)
    ),
    "itself for a base": "class A(A):\n  def backward(self, g): return g\n",
    "in a circle": "a_grad = b_grad\nb_grad = a_grad\n" * 50,
    "doubling": "def grad0(f): return f\n" + "".join(
        f"if z:\n grad{n}=grad{n - 1}(grad{n - 1},grad{n - 1})\nelse:\n grad{n}=grad{n - 1}\n"
        for n in range(1, 40)
    ),
    "a long name": f"def {'grad' * 5_000}(x): return x\n",
    "many mentions": "import torch\nclass A(torch.nn.Module):\n  def backward(self, g): return g\n"
    + "loss.backward()\n" * 1_000,
    "deep": "def backward(g): return " + "(" * 90 + "g" + ")" * 90,
    "too deep": "backward = " + "-" * 5_000 + "g",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_notebooks_are_read(name: str) -> None:
    book = Notebook("ipynb", (Cell(1, "code", ODD[name]),))
    several = candidates(book, WANTED)
    assert len(several) <= 8
    assert all(one.state == "found" and one.statements for one in several)
    assert nothing(book, WANTED).role == "backward"


def test_same_in_same_out() -> None:
    assert found_in(ODD["many mentions"]) == found_in(ODD["many mentions"])


FRAGMENTS: Final = [
    "def backward(g):", "class A(B):", "class A(torch.autograd.Function):",
    "    def jacobian(self):", "    return g", "        return x", "    pass",
    "A.backward = grad", "grad = A()", "A = grad",
    "grad = lambda *x: x", "a, grad = A, 1", "for grad in A: pass", "del grad", "grad += 1",
    "@staticmethod", "    @staticmethod", "import torch", "from torch import *", "grad = A.grad",
    "    backward = staticmethod(backward)", "with A as grad: pass", "x.backward()", "A().grad(1)",
    "@A", "grad[0] = 1", "(grad := A)", "class grad(grad): grad = grad", "global grad", "...",
    "grad: int", "def grad(x, /, *, y): return grad", "grad = yield", "    def __init__(self, a):",
]  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=8), max_size=4),
    st.none() | st.sampled_from(["grad", "A", "A.grad", ".", "", "a b"]),
)
def test_never_raises(cells: list[list[str]], name: str | None) -> None:
    lines = ("\n".join(cell) for cell in cells)
    book = Notebook("ipynb", tuple(Cell(n, "code", text) for n, text in enumerate(lines, 1)))
    several = candidates(book, WANTED, name=name, apart=frozenset({"A", "grad"}))
    for one in (*several, nothing(book, WANTED, name=name)):
        assert one.role == "backward"
        assert one.parameters is None or 0 <= one.required <= len(one.parameters)
        assert bool(one.method) <= (one.kind != "function" or one.state == "stub")


PIECES: Final = [
    "def helper(x):\n    return x",
    "def softmax_grad(x, k={n}):\n    return helper(x) + k",
    "class Base:\n    def jacobian(self, x):\n        return helper(x)",
    "class Layer(Base):\n    size = {n}\n    def backward(self, g):\n        return helper(g)",
    "class Sized(Base):\n    def __init__(self, size):\n        self.size = size",
    "sized = Sized({n})",
    "softmax_grad = helper",
    "jac = lambda x: x + {n}",
    "other_grad = jac",
    "helper = lambda x: -x",
    "jac = {n}",
    "Layer.backward = lambda self, g: g",
    "n = [{n}]",
    "def backward(g):\n    return n[0] * g",
    "n.append({n})",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.integers(0, 3)), min_size=4, max_size=25))
def test_what_is_to_be_run_is_defined_by_its_statements(drawn: list[tuple[str, int]]) -> None:
    kept = [PIECES[0]]
    space: dict[str, Any] = {}
    exec(PIECES[0], space)  # noqa: S102  # our own text
    for piece, number in drawn:
        source = piece.format(n=number)
        try:
            exec(source, space)  # noqa: S102  # our own text
        except NameError:
            continue
        kept.append(source)
    book = Notebook("ipynb", tuple(Cell(n, "code", text) for n, text in enumerate(kept, 1)))
    for one in candidates(book, WANTED):
        ran: dict[str, Any] = {}
        for statement in one.statements:
            exec(statement.code, ran)  # noqa: S102  # our own text
        target = ran[one.symbol]
        if not one.method:
            assert callable(target)
            continue
        made = target() if isinstance(target, type) and one.symbol != "Sized" else target
        assert callable(getattr(made, one.method))
        if one.symbol != "Sized":
            assert isinstance(getattr(made, one.method)(1), int)
