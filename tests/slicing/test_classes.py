"""Candidates that are methods: of which classes, called how, on what."""

from __future__ import annotations

import pytest

from .candidates_story import found_in, names, only


@pytest.mark.parametrize(
    ("source", "kind", "parameters"),
    [
        ("class A(nn.Module):\n  def backward(self, g, x=1): return g", "class", ("g", "x")),
        ("from torch.nn import Module as M\nclass A(M):\n  def backward(self, g): return g",
         "class", ("g",)),
        ("if True:\n  class A:\n    def backward(self, g): return g", "class", ("g",)),
        ("class A:\n  @staticmethod\n  def backward(g, p): return g", "class", ("g", "p")),
        ("class A:\n  @classmethod\n  def backward(cls, g, p): return g", "class", ("g", "p")),
        ("class A:\n  def _b(g): return g\n  backward = staticmethod(_b)", "class", ("g",)),
        ("class A:\n  backward = lambda self, g: g", "class", ("g",)),
        ("def f(self, g): return g\nclass A:\n  pass\nA.backward = f", "class", ("g",)),
        ("class A(torch.autograd.Function):\n  @staticmethod\n  def backward(ctx, g): return g",
         "autograd_function", ("g",)),
        ("class A(torch.autograd.Function):\n  def backward(self, g): return g",
         "autograd_function", ("g",)),
        ("from torch.autograd import Function as Fn\nclass A(Fn):\n  @staticmethod\n"
         "  def backward(c, g): return g\n  @staticmethod\n  def jacobian(x): return x",
         "autograd_function", ("g",)),
        ("import torch.autograd as ag\nclass B(ag.Function): pass\nclass A(B):\n  @staticmethod\n"
         "  def backward(ctx, g): return g", "autograd_function", ("g",)),
        ("class A:\n  @staticmethod\n  def forward(ctx, x): return x\n  @staticmethod\n"
         "  def backward(ctx, g): return g", "autograd_function", ("g",)),
        ("class A:\n  @staticmethod\n  def forward(ctx, x): return x\n  @staticmethod\n"
         "  def backward(c, g): return g", "autograd_function", ("g",)),
        ("class A:\n  def forward(self, ctx, x): return x\n"
         "  def backward(self, ctx, g): return g", "autograd_function", ("g",)),
        ("class A:\n  @staticmethod\n  def forward(x, dim): return x\n  @staticmethod\n"
         "  def backward(x, g): return g", "class", ("x", "g")),
    ],
)  # fmt: skip
def test_methods(source: str, kind: str, parameters: tuple[str, ...]) -> None:
    one = only(source)
    assert (one.symbol, one.method, one.kind) == ("A", "backward", kind)
    assert one.parameters == parameters
    assert {"A"} <= {name for statement in one.statements for name in statement.binds}


def test_autograd_functions_of_a_file_that_lost_its_imports() -> None:
    text = (
        "class A(torch.autograd.Function):\n    @staticmethod\n    def backward(ctx, g): return g"
    )
    (one,) = found_in(text, forward=False)
    assert one.kind == "autograd_function"
    assert one.statements[0].code == "import torch"


def test_every_method_that_may_be_meant() -> None:
    text = """
        class Base:
            def jacobian(self, x):
                return x
        class Softmax(Base):
            def backward(self, g):
                return g
        """
    assert names(text) == ["Softmax.backward", "Softmax.jacobian", "Base.jacobian"]
    inherited = found_in(text)[1]
    assert [statement.binds for statement in inherited.statements] == [("Base",), ("Softmax",)]


def test_a_class_that_is_called_like_something_else_comes_last() -> None:
    text = """
        class OptimSoftmax:
            def backward(self, g): return g
        def softmax_vjp(g): return g
        class Relu(nn.Module):
            def backward(self, g): return g
        loss.backward()
        """
    assert names(text) == ["softmax_vjp", "Relu.backward", "OptimSoftmax.backward"]
    assert not any(one.uncalled for one in found_in(text))


def test_modules_by_an_own_base() -> None:
    text = """
        from torch.nn import Module as M
        class Base(M):
            pass
        class A(Base):
            def backward(self, g): return g
        """
    assert any("autograd never calls" in note.text for note in only(text).notes)


def test_an_abstract_base_is_left_out() -> None:
    text = """
        class Layer:
            def forward(self, x): raise NotImplementedError
            def backward(self, g): raise NotImplementedError
        class Softmax(Layer):
            def backward(self, g): return g
        class Other(Layer):
            pass
        """
    assert names(text) == ["Softmax.backward"]


def test_a_class_typed_again_without_work_undoes_none() -> None:
    text = """
        class A:
            def backward(self, g): return g
        ---
        class A:
            def backward(self, g): pass
        """
    assert only(text).statements[-1].code.endswith("return g")


def test_a_class_that_needs_arguments_is_run_as_the_notebooks_instance() -> None:
    text = """
        class Softmax:
            def __init__(self, size): self.size = size
            def forward(self, x): return good_softmax(x)
            def backward(self, g): return g
        ---
        layer = Softmax(20)
        ---
        layer.forward(torch.ones(20))
        layer = 3
        """
    one = only(text)
    assert (one.symbol, one.method, one.kind) == ("layer", "backward", "class")
    assert [statement.code for statement in one.statements][-1] == "layer = Softmax(20)"
    assert one.leans_on == "good_softmax"


@pytest.mark.parametrize(
    "source",
    [
        "class S:\n  def __init__(self, d=1): pass\n  def backward(self, g): return g\ns = S(2)",
        "class S:\n  def __init__(self, d): pass\n  def backward(self, g): return g",
    ],
)
def test_a_class_is_run_itself_where_it_can_or_must(source: str) -> None:
    assert only(source).symbol == "S"


def test_fields_of_a_dataclass_are_arguments() -> None:
    text = """
        from dataclasses import dataclass
        @dataclass
        class S:
            size: int
            def backward(self, g): return g
        s = S(20)
        """
    assert only(text).symbol == "s"


def test_a_class_of_another_targets_name_is_a_candidate() -> None:
    text = """
        class good_softmax(torch.autograd.Function):
            @staticmethod
            def backward(ctx, g): return g
        """
    one = only(text)
    assert (one.symbol, one.kind, one.leans_on) == ("good_softmax", "autograd_function", "")


@pytest.mark.parametrize(
    ("source", "base"),
    [
        ("from torch.autograd import *", "Function"),
        ("from torch.autograd.function import Function", "Function"),
        ("from torch.autograd.function import InplaceFunction as F", "F"),
        ("import torch as t", "t.autograd.Function"),
        ("import torch.autograd as ag", "ag.function.Function"),
        ("Fn = torch.autograd.Function", "Fn"),
        ("ag = torch.autograd", "ag.Function"),
        ("try:\n    from torch.autograd import Function as Fn\nexcept ImportError:\n"
         "    Fn = object", "Fn"),
        ("class B: pass", "B, torch.autograd.Function"),
    ],
)  # fmt: skip
def test_autograd_functions_by_any_name(source: str, base: str) -> None:
    method = "    @staticmethod\n    def backward(c, g): return g"
    one = only(f"{source}\nclass A({base}):\n{method}")
    assert (one.kind, one.parameters) == ("autograd_function", ("g",))


@pytest.mark.parametrize(
    ("source", "base"),
    [
        ("from torch.nn import *", "Module"),
        ("import torch.nn as tn", "tn.Module"),
        ("M = nn.Module", "M"),
        ("from torch.nn.modules import Module", "Module"),
        ("", "nn.Softmax"),
        ("class B: pass", "B, torch.nn.Module"),
    ],
)
def test_modules_by_any_name(source: str, base: str) -> None:
    one = only(f"{source}\nclass A({base}):\n    def backward(self, g): return g")
    assert any("autograd never calls" in note.text for note in one.notes)


@pytest.mark.parametrize(
    ("source", "symbol"),
    [
        ("s = S(3).to(device)", "s"),
        ("s = S(3).double().eval()", "s"),
        ("s: S = S(3)", "s"),
        ("s, t = S(3), 1", "s"),
        ("if True:\n    s = S(n=3)", "s"),
        ("with torch.no_grad():\n    s = S(3)", "s"),
        ("T = S\ns = T(3)", "s"),
        ("s = S(3)\ns = s.backward(1)", "s"),
        ("s = S(3).backward(1)", "S"),
        ("s = S(3).train(1)", "S"),  # its own method, which returns what it likes
        ("s = [S(3)]", "S"),
    ],
)
@pytest.mark.parametrize("made", ["__init__(self, n)", "__new__(cls, n)"])
def test_where_an_instance_is_bound(made: str, source: str, symbol: str) -> None:
    text = (
        f"class S:\n    def {made}: return object.__new__(cls)\n"
        f"    def train(self, n): return n\n    def backward(self, g): return g\n---\n{source}"
    )
    one = only(text)
    assert (one.symbol, one.method, one.parameters) == (symbol, "backward", ("g",))
    assert symbol in {name for statement in one.statements for name in statement.binds}


@pytest.mark.parametrize(
    ("source", "cell", "line"),
    [
        ("class Base:\n\n    def jac(self, x): return x\n---\nclass A(Base): pass", 3, 3),
        ("class Base: pass\n---\nclass A(Base):\n    @staticmethod\n    def jac(x): return x",
         4, 3),
        ("class A: pass\n---\ny = 1\ndef f(self, x): return x\nA.jac = f", 4, 2),
        ("class A:\n    jac = lambda self, x: x", 3, 2),
    ],
)  # fmt: skip
def test_where_a_method_stands(source: str, cell: int, line: int) -> None:
    one = next(one for one in found_in(source) if one.symbol == "A")
    assert one.location is not None
    assert (one.location.cell, one.location.line) == (cell, line)
