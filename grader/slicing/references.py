"""Library names that a slice's statements use, resolved through imports and aliases."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grader.core.slice import Reference
from grader.slicing.library import Library
from grader.slicing.names import Scoped, local_names
from grader.slicing.units import Unit

__all__ = ["references"]

_MOST = 2_000


def references(units: Iterable[Unit]) -> tuple[Reference, ...]:
    """In source order, each name once a line; imports alone use nothing.

    Methods of values that are no library come as `.name`.
    """
    units = list(units)
    library = Library(units)
    found: dict[tuple[str, int, int], Reference] = {}
    for unit in units:
        if isinstance(unit.node, ast.Import | ast.ImportFrom):
            continue
        for name, line in _uses(unit.node, library, frozenset()):
            key = (name, unit.location.cell, line)
            found.setdefault(key, Reference(name, unit.at(line)))
            if len(found) >= _MOST:
                return tuple(found.values())
    return tuple(found.values())


def _uses(node: ast.AST, library: Library, own: frozenset[str]) -> Iterator[tuple[str, int]]:
    """Pairs of name and line. `own` are attributes that the enclosing class itself defines."""
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.ClassDef):
            yield from _uses_in_class(part, library, own)
            continue
        if isinstance(part, Scoped):
            yield from _uses_in_function(part, library, own)
            continue
        names = library.dotted(part) if isinstance(part, ast.expr) else ()
        if not names:
            names = tuple(_methods(part, library, own))
            stack += reversed(list(ast.iter_child_nodes(part)))
        yield from ((name, getattr(part, "lineno", 0)) for name in names)


def _methods(part: ast.AST, library: Library, own: frozenset[str]) -> Iterator[str]:
    """`.relu` for `x.relu`, `getattr(x, "relu")` and `operator.methodcaller("relu")`."""
    if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
        if not (isinstance(part.value, ast.Name) and part.attr in own):
            yield f".{part.attr}"
    elif isinstance(part, ast.Call):
        yield from (f".{name}" for name in _named_in_text(part, library))


def _uses_in_class(
    node: ast.ClassDef, library: Library, own: frozenset[str]
) -> Iterator[tuple[str, int]]:
    for head in (*node.decorator_list, *node.bases, *node.keywords):
        yield from _uses(head, library, own)
    inner = library.nested((), node.body)
    own |= _own_attributes(node)
    for statement in node.body:
        yield from _uses(statement, inner, own)


def _uses_in_function(
    scoped: Scoped, library: Library, own: frozenset[str]
) -> Iterator[tuple[str, int]]:
    for head in (*getattr(scoped, "decorator_list", []), scoped.args):
        yield from _uses(head, library, own)
    body: list[ast.stmt] = [] if isinstance(scoped, ast.Lambda) else scoped.body
    local, _ = local_names(scoped)
    inner = library.nested(local, body)
    parts: list[ast.AST] = [scoped.body] if isinstance(scoped, ast.Lambda) else list(body)
    for part in parts:
        yield from _uses(part, inner, own)


def _named_in_text(call: ast.Call, library: Library) -> Iterator[str]:
    """`getattr(x, "relu")`, `operator.methodcaller("relu")`."""
    called = call.func
    last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    place = {"getattr": 1, "methodcaller": 0, "attrgetter": 0}.get(last)
    if place is not None and len(call.args) > place:
        text = library.text(call.args[place])
        if text:
            yield text.rsplit(".", 1)[-1]


def _own_attributes(node: ast.ClassDef) -> frozenset[str]:
    """Methods of a class and attributes stored on `self`: `self.scale(x)` is no library's."""
    found = {
        part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            found.add(part.attr)
    return frozenset(found)
