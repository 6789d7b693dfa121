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
    ],
)
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
