"""The `backward` of a module: who calls it."""

from __future__ import annotations

from textwrap import dedent
from typing import Final

import pytest

from .candidates_story import found_in, only

MODULE: Final = dedent("""
    class Layer(nn.Module):
        def forward(self, x):
            return good_softmax(x)
        def backward(self, g):
            return g
    ---
    layer = Layer()
    x = torch.ones(1, 3, requires_grad=True)
    y = layer(x)
    loss = y.sum()
    ---
    """)


@pytest.mark.parametrize(
    ("source", "uncalled"),
    [
        ("loss.backward()", True),
        ("layer(x).sum().backward()", True),
        ("y.backward(torch.ones(1, 3))", True),
        ("layer(x).backward(torch.ones(1, 3))", True),
        ("torch.autograd.grad(loss, x)", True),
        ("from torch.autograd import grad\ngrad(loss, x)", True),
        ("def run():\n    loss.backward()", True),
        ("def run(loss):\n    loss.backward(retain_graph=True)", True),
        ("y[0, 1].backward(create_graph=True)", True),
        ("def run(y):\n    y.backward(gradient=torch.ones(1, 3))", True),
        ("torch.func.vjp(layer, x)", True),
        ("y = layer.forward(x)\ny.backward(torch.ones(1, 3))", True),
        ("layer.forward(x).backward(torch.ones(1, 3))", True),
        ("layer = layer(x)\nlayer.backward(torch.ones(1, 3))", True),
        ("import copy\nz = copy.copy(y)\nz.backward(torch.ones(1, 3))", True),
        ("loss.backward()\nprint('backward', 'of layer')", True),
        ("def run():\n    'Calls `loss.backward()`: the backward pass.'\n    loss.backward()",
         True),
        ("", False),
        ("print(loss)", False),
        ("layer.backward(x)", False),
        ("loss.backward()\nlayer.backward(x)", False),
        ("loss.backward()\nLayer().backward(x)", False),
        ("loss.backward()\nother = layer\nother.backward(x)", False),
        ("loss.backward()\nLayer().double().backward(x)", False),
        ("loss.backward()\nfor each in [layer]:\n    each.backward(x)", False),
        ("loss.backward()\ndef run(module, g):\n    return module.backward(g)", False),
        ("loss.backward()\nclass B:\n    def run(self, g):\n        self.a.backward(g)", False),
        ("loss.backward()\nby_hand = layer.backward", False),
        ("loss.backward()\nmodel = nn.Sequential(layer)\nmodel[0].backward(x)", False),
        ("loss.backward()\nmodel.layer.backward(x)", False),
        ("loss.backward()\nclass Sub(Layer): pass\nSub().backward(x)", False),
        ("loss.backward()\ndef make(): return Layer()\nmake().backward(x)", False),
        ("loss.backward()\nLayer.backward(layer, x)", False),
        ("loss.backward()\nlayer.backward(g=x)", False),
        ("loss.backward()\nby_hand = lambda module: module.backward(x)", False),
        ("loss.backward()\n[each.backward(x) for each in [layer]]", False),
        ("loss.backward()\nimport copy\ncopy.deepcopy(layer).backward(x)", False),
        ("loss.backward()\nfrom copy import deepcopy\nother = deepcopy(layer)\n"
         "other.backward(x)", False),
        ("loss.backward()\nscripted = torch.jit.script(Layer())\nscripted.backward(x)", False),
        ("loss.backward()\ngetattr(layer, 'backward')(x)", False),
        ("loss.backward()\nname = 'backward'\ngetattr(layer, name)(x)", False),
        ("loss.backward()\nexec('layer.backward(x)')", False),
    ],
)  # fmt: skip
def test_what_autograd_never_calls(source: str, uncalled: bool) -> None:  # noqa: FBT001
    one = next(one for one in found_in(MODULE + source) if one.symbol == "Layer")
    assert one.uncalled is uncalled
    (told,) = [
        note for note in one.notes if "autograd never calls `nn.Module.backward`" in note.text
    ]
    assert (told.cell, told.line) == (3, 4)


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def backward(self, g): return g",
        "class A(nn.Module):\n    def jacobian(self, g): return g",
        "class A(torch.autograd.Function):\n    @staticmethod\n    def backward(ctx, g): return g",
    ],
)
def test_nothing_is_said_of_others(source: str) -> None:
    one = only(source + "\n---\nloss = good_softmax(torch.ones(3)).sum()\nloss.backward()")
    assert not one.uncalled
    assert not any("autograd never calls" in note.text for note in one.notes)


@pytest.mark.parametrize(
    ("cell", "uncalled"),
    [
        ("layer.backward(x", False),
        ("g = layer.backward\ng(x))", False),
        ("getattr(layer, 'backward')(x))", False),
        ("loss.backward()\nprint(", True),
        ("def backward(self, g:\n    return g", True),
        ("# the backward pass\nprint(", True),
    ],
)
def test_a_slip_of_the_pen_may_have_been_a_call(cell: str, uncalled: bool) -> None:  # noqa: FBT001
    assert only(f"{MODULE}loss.backward()\n---\n{cell}").uncalled is uncalled


def test_a_method_with_arguments_of_autograds_names_may_be_called_with_them() -> None:
    text = """
        class Layer(nn.Module):
            def backward(self, gradient, *, inputs=None): return gradient
        class Open(nn.Module):
            def backward(self, **more): return more
        loss.backward()
        def run(module):
            module.backward(gradient=1, inputs=2)
        """
    assert [one.uncalled for one in found_in(text)] == [False, False]


@pytest.mark.parametrize("last", ["a18", "a18.to(1)", "copy.copy(a18)"])
def test_names_that_double_with_every_line_are_given_up(last: str) -> None:
    doubled = "".join(
        f"if x:\n    a{n} = a{n - 1}\nelse:\n    a{n} = a{n - 1}\n" for n in range(1, 19)
    )
    text = f"{MODULE}import copy\na0 = loss\n{doubled}{last}.backward(x)\nloss.backward()"
    assert not only(text).uncalled
