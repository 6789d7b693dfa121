"""Code made to hurt the slicing: what would take hours, or the memory of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Slice, Wanted
from grader.core.text import plain
from grader.slicing import cut
from grader.slicing.target import Definitions

WANTED: Final = Wanted("forward", ("good",), stubs=("def good(x):\n    pass\n",))


def _cut(*sources: str) -> Slice:
    cells = tuple(Cell(number, "code", source) for number, source in enumerate(sources, 1))
    return cut(Notebook("ipynb", cells), WANTED)


def _chain(line: str, count: int = 40) -> str:
    return "".join(line.format(i=i, j=i - 1) for i in range(1, count))


EXPONENTIAL: Final = {
    "calls": (
        "def a0(f): return f\n"
        + _chain("if z:\n a{i}=a{j}(a{j},a{j},a{j})\nelse:\n a{i}=a{j}(a{j},a{j})\n")
        + "good=a39\n"
    ),
    "factories": (
        _chain("def a{i}(f):\n  return a{j}(a{j}) if f else a{j}(a{j})\n") + "good=a39(a38)\n"
    ),
    "aliases": _chain("if z: a{i}=a{j}\nif y: a{i}=a{j}\nif w: a{i}=a{j}\n") + "good=a39\n",
    "empty bodies": ("def a0(x): pass\n" + _chain("if z: a{i}=a{j}\n" * 8, 20) + "good=a19\n"),
    "empty classes": "class a0: pass\n" + _chain("if z: a{i}=a{j}()\n" * 8, 20) + "good=a19\n",
    "meanings": "import torch as a0\n" + _chain("a{i}=a{j} if x else a{j}\n", 900) + "good=a899\n",
}


@pytest.mark.parametrize("name", EXPONENTIAL)
def test_what_doubles_at_every_step_ends(name: str) -> None:
    assert _cut(EXPONENTIAL[name]).state in {"found", "stub", "missing"}


def test_a_definition_is_sure_however_much_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.slicing.target._MOST_STEPS", 0)
    found = _cut("good = partial(other)\n", "def good(x):\n    return x\n", "good = good(1)\n")
    assert found.state == "found"
    assert [one.code for one in found.statements] == ["def good(x):\n    return x"]


def test_ordinary_notebooks_ask_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    inner: Callable[[Definitions], bool] = Definitions._exhausted

    def counted(self: Definitions) -> bool:
        asked.append(1)
        return inner(self)

    monkeypatch.setattr(Definitions, "_exhausted", counted)
    layers = (
        "class Layer:\n    def __init__(self, f): self.f = f\n    def __call__(self, x): return x\n"
    )
    made = "def make(f):\n    def inner(x): return f(x)\n    return inner\n"
    cells = [layers, made, *["h = make(lambda x: x)\n", "good = Layer(make(h))\n"] * 20]
    assert _cut(*cells).state == "found"
    assert len(asked) < 1_000


QUADRATIC: Final = {
    "changes read": ("class a: pass\n" + "a.b=1\n" * 4_000, "def good(x): return a.b\n"),
    "changes of a function": (
        "def a(x): return x\n" + "a.b=1\n" * 4_000,
        "def good(x): return a(x)\n",
    ),
    "changes of what nothing binds": ("a.b=1\n" * 4_000, "def good(x): return a + x\n"),
    "imports in one statement": (
        "import " + ",".join(f"g{i}" for i in range(9_000)) + "\n",
        "def good(x): return g1.f(x)\n",
    ),
    "deletions in one statement": (
        "del " + ",".join(f"g{i}" for i in range(9_000)) + "\n",
        "def good(x): return g1 + x\n",
    ),
    "appends": ("g=[]\n" + "g.append(1)\n" * 4_000, "def good(x): return g\n"),
    "patches": (
        "import torch\n" + "torch.Tensor.a=torch.Tensor.a\n" * 4_000,
        "def good(x): return x.a\n",
    ),
    "callers of many causes": (
        "def f():\n global " + ",".join(f"g{i}" for i in range(4_000)) + "\n"
        + "".join(f" g{i}=1\n" for i in range(1_000)),
        "f()\n" * 4_000,
        "def good(x): return (" + ",".join(f"g{i}" for i in range(4_000)) + ")\n",
    ),
    "methods": (
        "class A:\n" + "".join(f" def m{i}(self): self.x=1\n" for i in range(3_000)),
        "a=A()\n",
        "def good(x): return a\n",
    ),
    "letters of two bytes": ("é=1;" * 5_000, "def good(x): return x\n"),
    "stars": (
        "".join(f"from a{i} import *\n" for i in range(3_000)),
        "def good(x): return (" + ",".join(f"g{i}" for i in range(5_000)) + ")\n",
    ),
    "comprehensions": (
        _chain("x{i}=[a for a in x{j}]\n", 4_000),
        "def good(x): return x3999\n",
    ),
    "long names": (
        "import torch as a0\n" + _chain("a{i}=a{j}.b\n", 4_000),
        "def good(x): return x\n",
    ),
    "conditions in one another": (
        "import torch\ndef good(x):\n"
        + (" y=" + "(torch.a if x else " * 90 + "0" + ")" * 90 + "\n") * 50
        + " return x\n",
    ),
    "imports below their use": (
        "def good(x): return (" + ",".join(f"g{i}" for i in range(4_000)) + ")\n",
        "".join(f"import g{i}\n" for i in range(4_000)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUADRATIC)
def test_what_grows_with_the_square_is_found_all_the_same(name: str) -> None:
    found = _cut(*QUADRATIC[name])
    assert found.state == "found"
    assert len(found.notes) <= 50


def test_what_a_slice_says_is_short_and_plain() -> None:
    long = "a" * 5_000
    found = _cut(
        f"def good(x): return {long} + b\n", f"import {long}\n", "b = '\u202e'\nimport b\n"
    )
    assert found.state == "found"
    for note in found.notes:
        assert len(note.text) < 300
        assert plain(note.text) == note.text
    missing = _cut(f"class {long}:\n    def good(self): pass\n", *["def god(x): return x\n"] * 9)
    assert missing.state == "missing"
    assert all(len(note.text) < 300 for note in missing.notes)


def test_near_names_are_few() -> None:
    names = [f"def go{letter}od(x): return x\n" for letter in "abcdefghijklm"]
    assert len(_cut(*names).near) <= 5
