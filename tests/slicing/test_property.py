"""A slice does what the whole notebook does: generated notebooks, run both ways."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.notebook import Cell, Notebook
from grader.core.slice import Slice, Wanted
from grader.slicing import cut

NAMES = ("a", "b", "c")
FUNCTIONS = ("f", "g", "h")
WANTED = Wanted("forward", ("target",))

TEMPLATES = [
    "{a} = {n}",
    "{a} = {b} + {n}",
    "{a} = {b}; {c} = {a} + 1",
    "{a}, {b} = {b}, {n}",
    "{a} += {b}",
    "{a} = {f}({b})",
    "{a} = sum([{f}({b}) for {b} in range(3)])",
    "{a} = (lambda x: x + {b})({n})",
    "if {a} > {n}:\n    {b} = {c}",
    "if {a} > {n}:\n    {b} = 1\nelse:\n    {b} = {a}",
    "for {a} in range(3):\n    {b} = {a} + {c}",
    "for i in range(2):\n    {a} = {a} + i",
    "try:\n    {a} = {b}\nexcept NameError:\n    {a} = {n}",
    "del {a}",
    "xs = [{n}]",
    "xs.append({a})",
    "xs[0] = {a}",
    "xs.pop()",
    "{a} = xs[-1] + len(xs)",
    "{a} = max(xs)",
    "max = min",
    "def {f}(x):\n    return x + {a}",
    "def {f}(x, y={a}):\n    return x * 2 + y",
    "def {f}(x):\n    {a} = x + {n}\n    return {a} + {b}",
    "def {f}(x):\n    def inner(v):\n        return v + {a}\n    return inner(x)",
    "def {f}(x):\n    return sum([{a} for {a} in range(3)]) + x",
    "def {f}(x):\n    return {g}(x) + 1 if x < 3 else x",
    "def {f}(x):\n    return sum(xs) + max(x, {n})",
    "{f} = {g}",
    "{f} = lambda x: x - {a}",
    "def outer(v):\n    return lambda x: x + v + {b}",
    "{f} = outer({a})",
    "class K:\n    k = {a}\n    def __init__(self, t={b}):\n        self.t = t\n"
    "    def __call__(self, x):\n        return x + self.k + self.t + {c}\n"
    "    def set(self, t):\n        self.t = t",
    "{f} = K()",
    "obj = K({a})",
    "obj.set({b})",
    "obj.t = {b}",
    "{f} = obj",
    "def setup():\n    global {a}\n    {a} = {b} + {n}",
    "def again():\n    setup()",
    "setup()",
    "again()",
    "def grow(v):\n    v.append({n})",
    "grow(xs)",
    "import math as m",
    "from math import floor as {f}",
    "{a} = m.floor({b})",
    "print({a})",
    "{f}({n})",
    "junk = {f}({n})",
    "def target(x):\n    return x + {a}",
    "def target(x):\n    return {f}(x) + {b}",
    "def target(x, k={a}):\n    return {f}(x) + sum(xs) + k",
    "target = {f}",
    "def target(x):\n    global {a}\n    {a} = x\n    return {a} + {b}",
]


@st.composite
def statements(draw: st.DrawFn) -> list[str]:
    """Statements that run one after another without error; those that would not are left out."""
    space: dict[str, Any] = {}
    kept: list[str] = []
    for template in draw(st.lists(st.sampled_from(TEMPLATES), min_size=5, max_size=40)):
        source = template.format(
            **{name: draw(st.sampled_from(NAMES)) for name in NAMES},
            **{name: draw(st.sampled_from(FUNCTIONS)) for name in FUNCTIONS},
            n=draw(st.integers(0, 9)),
        )
        if runs(source, space):
            kept.append(source)
    return kept


def runs(source: str, space: dict[str, Any]) -> bool:
    """Whether the statement runs; the names it would have left half-changed are put back."""
    before = dict(space)
    lists = {name: list(value) for name, value in space.items() if isinstance(value, list)}
    try:
        exec(source, space)  # noqa: S102  # our own text
    except (TypeError, NameError, IndexError, AttributeError, ValueError, RecursionError):
        space.clear()
        space.update(before)
        for name, value in lists.items():
            space[name][:] = value
        return False
    return True


def results(space: dict[str, Any]) -> list[object]:
    """What `target` gives, or the exception it raises; calls are made on one namespace."""
    found: list[object] = []
    for value in (0, 3, 11):
        try:
            found.append(space["target"](value))
        except (TypeError, NameError, AttributeError, ValueError, RecursionError) as error:
            found.append(type(error))
    return found


def run_slice(found: Slice) -> dict[str, Any]:
    """Run a slice's statements as the sandbox does; failures are passed over."""
    space: dict[str, Any] = {}
    for statement in found.statements:
        runs(statement.code, space)
    return space


@settings(max_examples=150, deadline=None)
@given(statements(), st.integers(1, 4))
def test_slice_gives_what_the_notebook_gives(sources: list[str], size: int) -> None:
    chunks = ["\n".join(sources[start : start + size]) for start in range(0, len(sources), size)]
    cells = tuple(Cell(number, "code", chunk) for number, chunk in enumerate(chunks, 1))
    found = cut(Notebook("ipynb", cells), WANTED)
    whole: dict[str, Any] = {}
    for source in sources:
        runs(source, whole)
    if "target" not in whole:
        assert found.state == "missing"
        return
    assert found.state == "found"
    assert results(run_slice(found)) == results(whole)


@settings(max_examples=50, deadline=None)
@given(statements())
def test_strangers_never_come_along(sources: list[str]) -> None:
    strangers = [
        "import antigravity",
        "far = 1",
        "far += 1",
        "for away in range(9):\n    far = away",
    ]
    mixed = [part for source in sources for part in (source, *strangers)]
    cells = tuple(Cell(number, "code", part) for number, part in enumerate(mixed, 1))
    plain = tuple(Cell(number, "code", part) for number, part in enumerate(sources, 1))
    codes = [statement.code for statement in cut(Notebook("ipynb", cells), WANTED).statements]
    assert codes == [
        statement.code for statement in cut(Notebook("ipynb", plain), WANTED).statements
    ]
