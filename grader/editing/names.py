"""Which names a statement or function gives a value, and what loop variables stand for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["Scope", "Value", "arguments_of", "bound", "default_of", "imported", "looped", "scopes"]

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

Value = ast.expr | ast.AugAssign
"""What a name was given: an expression, or a step in place."""


def imported(part: ast.AST) -> dict[str, str]:
    """What an import binds, by name; of a star import `*` -> the module."""
    if isinstance(part, ast.Import):
        roots = {each.name.partition(".")[0] for each in part.names if not each.asname}
        return {root: root for root in roots} | {
            each.asname: each.name for each in part.names if each.asname
        }
    if isinstance(part, ast.ImportFrom):
        return {
            each.asname or each.name: (
                str(part.module) if each.name == "*" else f"{part.module}.{each.name}"
            )
            for each in part.names
        }
    return {}


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


def scopes(
    node: ast.AST, outer: frozenset[str] = frozenset()
) -> Iterator[tuple[Scope, frozenset[str]]]:
    """Every function in a node, itself included, with the local names of those around it."""
    pending = [(node, outer)]
    while pending:
        part, around = pending.pop()
        if isinstance(part, Scope):
            yield part, around
            around |= arguments_of(part) | {
                name for inner in ast.walk(part) for name, _ in bound(inner)
            }
        pending += [(child, around) for child in ast.iter_child_nodes(part)]


def arguments_of(node: Scope) -> set[str]:
    """The names of all parameters."""
    given = node.args
    every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
    return {each.arg for each in every if each is not None}


def default_of(node: Scope, name: str) -> ast.expr | None:
    """What a parameter is where it is not passed; None where it must be, or is none."""
    given = node.args
    positional = [*given.posonlyargs, *given.args]
    pairs = zip(positional[::-1], given.defaults[::-1], strict=False)
    keyword = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return next((value for each, value in (*pairs, *keyword) if each.arg == name), None)
