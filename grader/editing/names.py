"""Which names a statement gives a value, and what loop variables stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["Value", "bound", "looped"]

Value = ast.expr | ast.AugAssign
"""What a name was given: an expression, or a step in place."""


def bound(part: ast.AST) -> Iterator[tuple[str, Value]]:
    """The names that one node gives a value, with the value."""
    match part:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value
                elif isinstance(target, ast.Tuple):
                    # of one value for many names the first is meant: `values, positions = ...`
                    several = value.elts if isinstance(value, ast.Tuple) else [value]
                    for name, each in zip(target.elts, several, strict=False):
                        if isinstance(name, ast.Name):
                            yield name.id, each
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, value
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name, part
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) as call
        ) if attr.endswith("_"):
            yield name, call


def looped(part: ast.AST, elements: dict[str, ast.expr]) -> None:
    """Add the variables of a loop or comprehension, with what is looped over, to `elements`."""
    if isinstance(part, ast.For | ast.comprehension):
        _bind_elements(part.target, part.iter, elements)


def _bind_elements(target: ast.expr, looped: ast.expr, elements: dict[str, ast.expr]) -> None:
    if isinstance(target, ast.Name):
        elements.setdefault(target.id, looped)
    elif (
        isinstance(target, ast.Tuple)
        and len(target.elts) == 2
        and isinstance(looped, ast.Call)
        and isinstance(looped.func, ast.Name)
        and looped.func.id == "enumerate"
        and looped.args
    ):
        if isinstance(target.elts[0], ast.Name):
            elements.setdefault(target.elts[0].id, ast.Call(looped.func, [], []))
        _bind_elements(target.elts[1], looped.args[0], elements)
