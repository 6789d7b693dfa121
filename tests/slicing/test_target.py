"""Which definition fills the target: found, missing, stub, unparsed, near misses."""

from __future__ import annotations

import pytest

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Wanted
from grader.slicing import cut

from .story import WANTED, sliced

FOUND = {
    "function": ("def good_softmax(x):\n    return x", 1, 1),
    "lambda": ("good_softmax = lambda x: x", 1, 1),
    "alias": ("def mine(x):\n    return x\n---\ngood_softmax = mine", 2, 1),
    "alias of an alias": (
        "def a(x):\n    return x\nb = a\n---\ngood_softmax = b",
        2,
        1,
    ),
    "library alias": ("import torch\ngood_softmax = torch.sigmoid", 1, 2),
    "decorated": ("import torch\n@torch.no_grad()\ndef good_softmax(x):\n    return x", 1, 3),
    "partial": (
        "from functools import partial\ndef f(d, x):\n    return x\ngood_softmax = partial(f, 1)",
        1,
        4,
    ),
    "instance": (
        "class S:\n    def __call__(self, x):\n        return x\n---\ngood_softmax = S()",
        2,
        1,
    ),
    "class of that name": (
        "import torch\nclass good_softmax(torch.nn.Module):\n    def forward(self, x):\n"
        "        return x",
        1,
        2,
    ),
    "autograd function": (
        "import torch\nclass S(torch.autograd.Function):\n    @staticmethod\n"
        "    def forward(ctx, x):\n        return x\n---\ngood_softmax = S.apply",
        2,
        1,
    ),
    "scripted": (
        "import torch\ndef good_softmax(x):\n    return x\n"
        "---\ngood_softmax = torch.jit.script(good_softmax)",
        2,
        1,
    ),
    "wrapped by the notebook's decorator": (
        "def timed(f):\n    def g(x):\n        return f(x)\n    return g\n"
        "def good_softmax(x):\n    return x\n---\ngood_softmax = timed(good_softmax)",
        2,
        1,
    ),
    "factory": (
        "def make(d):\n    def f(x):\n        return x + d\n    return f\n---\n"
        "good_softmax = make(1)",
        2,
        1,
    ),
    "library instance": ("import torch.nn as nn\ngood_softmax = nn.ReLU()", 1, 2),
    "annotated assignment": ("good_softmax: object = lambda x: x", 1, 1),
    "tuple assignment": ("a, good_softmax = 1, lambda x: x", 1, 1),
    "walrus": ("print(good_softmax := lambda x: x)", 1, 1),
    "inside if": ("if True:\n    def good_softmax(x):\n        return x", 1, 2),
    "inside else of a constant": (
        "if False:\n    def good_softmax(x):\n        return 1\nelse:\n"
        "    def good_softmax(x):\n        return x",
        1,
        5,
    ),
    "inside try": ("try:\n    def good_softmax(x):\n        return x\nfinally:\n    pass", 1, 2),
    "inside with": ("with open('f'):\n    good_softmax = lambda x: x", 1, 2),
    "inside for": ("for _ in '1':\n    def good_softmax(x):\n        return x", 1, 2),
    "conditional expression": ("good_softmax = (lambda x: x) if 1 else None", 1, 1),
    "the last of two": (
        "def good_softmax(x):\n    return 1\n---\ndef good_softmax(x):\n    return x",
        2,
        1,
    ),
    "not the commented-out one": (
        "def good_softmax(x):\n    return x\n---\n# def good_softmax(x):\n#     return 1",
        1,
        1,
    ),
    "not its own result": (
        "def good_softmax(x):\n    return x\n---\ngood_softmax = good_softmax(3)",
        1,
        1,
    ),
    "not a helper's result": (
        "def h(x):\n    return x\ndef good_softmax(x):\n    return x\n---\ngood_softmax = h(3)",
        1,
        3,
    ),
    "not a literal": ("def good_softmax(x):\n    return x\n---\ngood_softmax = [1.0]", 1, 1),
    "not a tensor": (
        "import torch\ndef good_softmax(x):\n    return x\n---\ngood_softmax = torch.rand(3)",
        1,
        2,
    ),
    "not what del left": ("def good_softmax(x):\n    return x\n---\ndel good_softmax", 1, 1),
    "real work after pass": (
        "def good_softmax(x):\n    pass  # TODO\n    return x",
        1,
        1,
    ),
    "real work before pass": ("def good_softmax(x):\n    return x\n    pass  # TODO", 1, 1),
    "returns a global that exists": (
        "probs = 1\ndef good_softmax(x):\n    return probs",
        1,
        2,
    ),
    "one that parses beats one that does not": (
        "def good_softmax(x):\n    return x\n---\ndef good_softmax(x):\n    return x +",
        1,
        1,
    ),
    "imported from elsewhere": ("from solutions import good_softmax", 1, 1),
}


@pytest.mark.parametrize(("text", "cell", "line"), FOUND.values(), ids=FOUND.keys())
def test_found(text: str, cell: int, line: int) -> None:
    found = sliced(text)
    assert found.state == "found"
    assert found.symbol == "good_softmax"
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (cell, line)
    assert any("good_softmax" in statement.binds for statement in found.statements)


MISSING = {
    "no cells": "",
    "comment": "# def good_softmax(x): return x",
    "docstring": "'''\ndef good_softmax(x):\n    return x\n'''",
    "method": "class A:\n    def good_softmax(self, x):\n        return x",
    "nested": "def outer():\n    def good_softmax(x):\n        return x",
    "only used": "good_softmax(3)",
    "data": "good_softmax = 3",
    "async": "async def good_softmax(x):\n    return x",
    "never taken": "if False:\n    def good_softmax(x):\n        return x",
    "loop variable": "for good_softmax in [1, 2]:\n    pass",
}


@pytest.mark.parametrize("text", MISSING.values(), ids=MISSING.keys())
def test_missing(text: str) -> None:
    found = sliced(text)
    assert found.state == "missing"
    assert found.symbol == ""
    assert found.statements == ()
    assert found.near == ()


STUBS = {
    "pass": "def good_softmax(x):\n    pass",
    "dots": "def good_softmax(x): ...",
    "docstring": "def good_softmax(x):\n    '''Stable.'''",
    "docstring and pass": "def good_softmax(x):\n    '''Stable.'''\n    pass  # TODO",
    "raises": "def good_softmax(x):\n    raise NotImplementedError",
    "raises with words": "def good_softmax(x):\n    raise NotImplementedError('your turn')",
    "none": "def good_softmax(x):\n    return None",
    "bare return": "def good_softmax(x):\n    # TODO\n    return",
    "a name never bound": "def good_softmax(x):\n    return probs",
    "the handout's body": "def good_softmax(z):\n    'other words'\n    y = None\n    return y",
    "lambda": "good_softmax = lambda x: None",
    "alias": "def f(x):\n    pass\ngood_softmax = f",
    "class": "class good_softmax:\n    def forward(self, x):\n        pass",
    "instance": "class S:\n    def __call__(self, x):\n        ...\ngood_softmax = S()",
    "only comments": "def good_softmax(x):\n    # TODO\n    ####",
    "only comments, then a call": "def good_softmax(x):\n    # TODO\n\ngood_softmax(1)",
}


@pytest.mark.parametrize("text", STUBS.values(), ids=STUBS.keys())
def test_stub(text: str) -> None:
    found = sliced(text)
    assert (found.state, found.symbol) == ("stub", "good_softmax")
    assert found.location is not None
    assert found.statements == ()


UNPARSED = {
    "syntax error": ("x = 1\n---\nimport torch\ndef good_softmax(x):\n    return x +", 2, 2),
    "indentation": (" def good_softmax(x):\n  return x", 1, 1),
    "lambda": ("good_softmax = lambda x: x +", 1, 1),
    "python 2": ("def good_softmax(x):\n    print x\n    return x", 1, 1),
}


@pytest.mark.parametrize(("text", "cell", "line"), UNPARSED.values(), ids=UNPARSED.keys())
def test_unparsed(text: str, cell: int, line: int) -> None:
    cells = tuple(Cell(n, "code", part) for n, part in enumerate(text.split("---\n"), 1))
    found = cut(Notebook("ipynb", cells), WANTED)
    assert found.state == "unparsed"
    assert found.location is not None
    assert (found.location.cell, found.location.line) == (cell, line)
    assert any("not valid Python" in note.text for note in found.notes)


@pytest.mark.parametrize(
    "name", ["goodsoftmax", "good_soft_max", "Good_Softmax", "godo_softmax", "good_softmx"]
)
def test_near_misses_are_hinted_at(name: str) -> None:
    found = sliced(f"def {name}(x):\n    return x")
    assert (found.state, found.near) == ("missing", (name,))


@pytest.mark.parametrize("name", ["bad_softmax", "softmax", "relu", "good", "x"])
def test_other_names_are_not_near(name: str) -> None:
    assert sliced(f"def {name}(x):\n    return x").near == ()


def test_near_data_is_no_hint() -> None:
    assert sliced("goodsoftmax = 3").near == ()


def test_accepted_names_best_first() -> None:
    wanted = Wanted("forward", ("good_softmax", "softmax"))
    both = "def good_softmax(x):\n    return x\ndef softmax(x):\n    return x"
    assert sliced(both, wanted).symbol == "good_softmax"
    assert sliced("def softmax(x):\n    return x", wanted).symbol == "softmax"
    begun = "def good_softmax(x):\n    pass\ndef softmax(x):\n    return x"
    assert sliced(begun, wanted).symbol == "softmax"


def test_name_overrides() -> None:
    text = "def good_softmax(x):\n    return x\ndef mine(x):\n    return x"
    assert sliced(text, name="mine").symbol == "mine"
    assert sliced(text, name="absent").state == "missing"


def test_note_says_which_was_taken() -> None:
    found = sliced("def good_softmax(x):\n    return 1\n---\n\ndef good_softmax(x):\n    return x")
    (note,) = found.notes
    assert (note.cell, note.line) == (2, 1)
    assert "not cell 1 line 1" in note.text


def test_rebinding_after_the_definition_is_not_run() -> None:
    found = sliced("""
        def good_softmax(x):
            return good_softmax(x - 1) if x else 0
        ---
        good_softmax = good_softmax(3)
        """)
    assert len(found.statements) == 1


def test_of_two_branches_the_one_with_work() -> None:
    found = sliced("""
        if n:
            def good_softmax(x):
                return x
        else:
            def good_softmax(x):
                pass
        """)
    assert found.state == "found"
    assert found.location is not None
    assert found.location.line == 2


def test_a_library_function_imported_under_the_name_is_what_the_kernel_holds() -> None:
    own = "def good_softmax(x):\n    return x\n---\n"
    found = sliced(own + "from torch import sigmoid as good_softmax")
    assert found.location is not None
    assert found.location.cell == 2
    course = sliced(own + "from solutions import good_softmax")
    assert course.location is not None
    assert course.location.cell == 1
