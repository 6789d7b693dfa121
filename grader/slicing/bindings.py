"""Which expression or definition a name stands for, as far as the source shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grader.slicing.blocks import BLOCKS, children
from grader.slicing.names import child_nodes

__all__ = ["Binding", "bindings", "calls_now"]


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One binding of a name in a unit.

    value  the definition or expression bound; an alias for an import; None where it cannot be told
           (a loop's target, an element of something unpacked, an augmented assignment)
    line   in the cell
    """

    name: str
    value: ast.AST | None
    line: int


def bindings(node: ast.stmt) -> Iterator[Binding]:
    """What a top-level statement binds, in source order; blocks are looked into."""
    waiting = [node]
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield Binding(statement.name, statement, statement.lineno)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".", 1)[0]
                yield Binding(name, alias, statement.lineno)
        else:
            yield from _walrus(statement)
            for target, value in _targets(statement):
                yield from _unpacked(target, value)
            if isinstance(statement, BLOCKS):
                waiting += reversed(list(children(statement)))


def _targets(statement: ast.stmt) -> Iterator[tuple[ast.expr, ast.AST | None]]:
    """What a simple statement or the head of a block assigns to, with the value if it shows."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield target, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value:
        yield statement.target, statement.value
    elif isinstance(statement, ast.AugAssign | ast.For | ast.AsyncFor):
        yield statement.target, None
    elif isinstance(statement, ast.With | ast.AsyncWith):
        for item in statement.items:
            if item.optional_vars:
                yield item.optional_vars, None


def _unpacked(target: ast.expr, value: ast.AST | None) -> Iterator[Binding]:
    """The names of an assignment's target, each with its part of the value where that shows."""
    if isinstance(target, ast.Name):
        yield Binding(target.id, value, target.lineno)
    elif isinstance(target, ast.Starred):
        yield from _unpacked(target.value, None)
    elif isinstance(target, ast.Tuple | ast.List):
        parts: Iterable[ast.AST | None] = [None] * len(target.elts)
        if (
            isinstance(value, ast.Tuple | ast.List)
            and len(value.elts) == len(target.elts)
            and not any(isinstance(part, ast.Starred) for part in (*value.elts, *target.elts))
        ):
            parts = value.elts
        for inner, part in zip(target.elts, parts, strict=True):
            yield from _unpacked(inner, part)


def _walrus(statement: ast.stmt) -> Iterator[Binding]:
    for node in calls_now(statement, ast.NamedExpr):
        if isinstance(node, ast.NamedExpr):
            yield Binding(node.target.id, node.value, node.lineno)


def calls_now(
    statement: ast.AST, kind: type[ast.AST] = ast.Call, *, blocks: bool = False
) -> Iterator[ast.AST]:
    """Nodes of a kind that a statement evaluates while it runs: function bodies are left out.

    blocks  also look into the statements of an `if`, a loop, a `with`
    """
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        if isinstance(node, kind):
            yield node
        inner: Iterable[ast.AST] = child_nodes(node)
        if isinstance(node, ast.Lambda):
            inner = [node.args]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [*node.decorator_list, node.args]
        for child in inner:
            nested = isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case)
            if not nested or blocks or isinstance(node, ast.ClassDef):
                stack.append(child)
