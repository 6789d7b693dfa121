"""Names of one statement, checked against the compiler's own symbol tables."""

from __future__ import annotations

import ast
import importlib
import inspect
import symtable

import pytest

from grader.slicing.blocks import BLOCKS
from grader.slicing.scope import Effects, effects


def of(source: str) -> Effects:
    (node,) = ast.parse(source).body
    return effects(node, certain=not isinstance(node, BLOCKS))


def globals_of(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Module-level names read and bound, by the compiler: here and in every scope inside."""
    is_module = table.get_type() == "module"
    reads: set[str] = set()
    binds: set[str] = set()
    for symbol in table.get_symbols():
        # a class body that binds a name may still read the module's before it does
        is_global = is_module or symbol.is_global()
        if is_global and symbol.is_referenced():
            reads.add(symbol.get_name())
        if is_global and (symbol.is_assigned() or symbol.is_imported()):
            binds.add(symbol.get_name())
    for child in table.get_children():
        inner = globals_of(child)
        reads |= inner[0]
        binds |= inner[1]
    return reads, binds


MODULES = ["argparse", "ast", "dataclasses", "enum", "functools", "inspect", "typing", "textwrap",
    "collections", "contextlib", "statistics", "tokenize", "random", "fractions"]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_agrees_with_the_compiler(name: str) -> None:
    source = inspect.getsource(importlib.import_module(name))
    for node in ast.parse(source).body:
        code = ast.unparse(node)
        found = of(code)
        reads, binds = globals_of(symtable.symtable(code, name, "exec"))
        ours = found.now.reads | found.later.reads
        private = {word for word in reads | ours if word.lstrip("_") != word}
        class_own = {
            part.id
            for class_body in ast.walk(node)
            if isinstance(class_body, ast.ClassDef)
            for part in ast.walk(class_body)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        } | {
            part.name
            for part in ast.walk(node)
            if isinstance(part, ast.FunctionDef | ast.ExceptHandler) and part.name
        }
        assert ours - reads <= class_own | private, code[:200]
        # what the statement binds itself before reading it is no need
        assert reads - ours <= binds | private, code[:200]
        ours = found.now.binds | found.later.binds | found.unbinds
        assert binds - ours <= class_own | private, code[:200]


READS = {
    "x = a + b": {"a", "b"},
    "x = x + 1": {"x"},
    "x += 1": {"x"},
    "x: T = a": {"T", "a"},
    "x.y[z] = w": {"x", "z", "w"},
    "def f(x, y=a, *, z: T = b) -> R: return x + c": {"a", "b", "T", "R"},
    "f = lambda x, y=a: x + c": {"a"},
    "@d\ndef f(): pass": {"d"},
    "class C(B, metaclass=M):\n    x = a\n    y = x\n    def f(self): return q": {"B", "M", "a"},
    "class C:\n    y = y": {"y"},
    "x = [i for i in a if i > b]": {"a", "b"},
    "x = [i + j for i in a for j in i]": {"a"},
    "x = [(y := i) for i in a]": {"a"},
    "for i in a:\n    t = i\n    u = t + v": {"a", "v"},
    "if c:\n    y = 1\nelse:\n    y = 2\nz = 0": {"c"},
    "try:\n    y = a\nexcept E as e:\n    print(e)": {"a", "E", "print"},
    "with o(p) as f:\n    y = f": {"o", "p"},
    "match v:\n    case [h, *t] if h > g: r = t\n    case {'k': K.z, **m}: r = m": {"v", "g", "K"},
    "def f():\n    global g\n    g = 1\n    return g": set(),
    "import a.b.c": set(),
    "del a": set(),
    "def f():\n    x: T = 1": set(),
}


@pytest.mark.parametrize(("source", "names"), READS.items())
def test_reads_now(source: str, names: set[str]) -> None:
    (node, *_) = ast.parse(source).body
    assert effects(node, certain=True).now.reads == names


LATER = {
    "def f(x): return x + c": {"c"},
    "def f(x):\n    def g(y): return x + y + z\n    return g": {"z"},
    "class C:\n    k = 1\n    def f(self): return k": {"k"},
    "f = lambda x: [x + i + n for i in m]": {"n", "m"},
    "def f(x):\n    if x:\n        v = 1\n    return v": set(),
    "def f(x):\n    import os as o\n    return o": set(),
    "def f(x):\n    for max in x: pass\n    return max": set(),
    "def f():\n    global g\n    if h():\n        g = 1\n    return g": {"g", "h"},
    "def f(x):\n    class L:\n        y = x\n        z = w\n    return L": {"w"},
    "def f(x):\n    [y := i for i in x]\n    return y": set(),
    "def f(n):\n    return f(n - 1)": {"f"},
}


@pytest.mark.parametrize(("source", "names"), LATER.items())
def test_reads_later(source: str, names: set[str]) -> None:
    assert of(source).later.reads == names


def test_binds_and_kills() -> None:
    assert of("a, (b, *c) = d").kills == {"a", "b", "c"}
    assert of("if a:\n    b = 1").kills == frozenset()
    assert of("if a:\n    b = 1").now.binds == {"b"}
    assert of("b += 1").kills == frozenset()
    assert of("import a.b").kills == frozenset()
    assert of("import a.b as c").kills == {"c"}
    assert of("del a").unbinds == {"a"}
    assert of("x: int").now.binds == set()


def test_changes() -> None:
    assert of("a.b[0].c = 1").now.changes == {"a"}
    assert of("f().c = 1").now.changes == set()
    assert of("setattr(a, 'b', 1)").now.changes == {"a"}
    assert of("nn.init.zeros_(w.data)").now.changes == {"w"}
    assert of("np.add(x, y, out=z)").now.changes == {"z"}
    assert of("list.append(a, 1)").now.methods == {("a", "append")}
    assert of("def f(a):\n    a.b = 1\n    c.d = 2").later.changes == {"c"}


def test_runs() -> None:
    assert not of("a = b.c").runs
    assert not of("def f():\n    g()").runs
    assert of("a = b()").runs
    assert of("@d\ndef f(): pass").runs
