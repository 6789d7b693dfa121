"""Signs and axes in a softmax's backward pass: edits of one step that need no formula.

Each takes a function of the student's and yields every place at which the step may be wrong;
`backward_repairs` ties them to the bugs they undo.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.assignments.exponentials import exponentials, on_the_way
from grader.assignments.softmax.backward_patterns import atom, products, row_sum
from grader.assignments.tensor_rules import Find
from grader.core.repair import Fix, Patch
from grader.editing import Function, reductions
from grader.editing.reductions import constant

__all__ = [
    "added",
    "added_in_place",
    "axis_moved",
    "axis_of_softmax",
    "dot_of_all",
    "einsum",
    "negated",
    "swapped",
    "turned",
]


def turned(function: Function) -> Iterator[Fix]:
    """A minus goes."""
    for node in _outside_exponents(function):
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=inner) if constant(inner) is None:
                yield function.wrapped(node, "(", ")", inner=inner)


def added(function: Function) -> Iterator[Fix]:
    """A plus becomes a minus."""
    for node in _outside_exponents(function):
        match node:
            case ast.BinOp(left=left, op=ast.Add(), right=right) if _of_names(left, right):
                yield from _operator(function, node, (left, right), ("+", "-"))


def added_in_place(function: Function) -> Iterator[Fix]:
    """What is added in place is taken off, and the other way round."""
    for part in function.walk():
        if isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Add | ast.Sub):
            old, new = ("+=", "-=") if isinstance(part.op, ast.Add) else ("-=", "+=")
            if _of_names(part.value):
                yield from _operator(function, part, (part.target, part.value), (old, new))


def _of_names(*nodes: ast.expr) -> bool:
    return all(constant(node) is None for node in nodes)


def _operator(
    function: Function,
    whole: ast.expr | ast.AugAssign,
    sides: tuple[ast.expr, ast.expr],
    signs: tuple[str, str],
) -> Iterator[Fix]:
    """The first sign between the two sides becomes the second."""
    start, end = function.span(sides[0])[1], function.span(sides[1])[0]
    at = function.code_text.find(signs[0], start, end)
    if at >= 0:
        patch = Patch(at, at + len(signs[0]), signs[1])
        yield Fix(function.statement, function.span(whole), (patch,))


def swapped(function: Function) -> Iterator[Fix]:
    """A difference gets the other sign."""
    for node in _outside_exponents(function):
        match node:
            case ast.BinOp(left=left, op=ast.Sub(), right=right) if _of_names(left, right):
                yield function.wrapped(node, "(-(", "))", inner=node)


def negated(function: Function) -> Iterator[Fix]:
    """A product that is no part of a larger term gets the other sign."""
    terms = {
        id(side)
        for node in function.expressions()
        if isinstance(node, ast.BinOp | ast.UnaryOp)
        for side in ast.iter_child_nodes(node)
    }
    kept = {id(node) for node in _outside_exponents(function)}
    for node in products(function):
        if id(node) not in terms and id(node) in kept:
            yield function.wrapped(node, "(-(", "))", inner=node)


def _outside_exponents(function: Function) -> Iterator[ast.expr]:
    """Expressions that no exponential is made of and that are no index."""
    inside = {
        id(part)
        for each in exponentials(function)
        for step in on_the_way(function, each.exponent)
        for part in ast.walk(step)
    }
    for node in function.expressions():
        if isinstance(node, ast.Subscript):
            inside |= {id(part) for part in ast.walk(node.slice)}
    yield from (node for node in function.expressions() if id(node) not in inside)


def axis_moved(function: Function) -> Iterator[Fix]:
    """A sum over the batch becomes one over the classes, the call as it is otherwise."""
    for each in reductions(function):
        if each.kind == "sum" and each.axis == 0 and each.at_axis is not None and not each.keeps:
            yield function.replaced(each.at_axis, "-1")


def axis_of_softmax(function: Function) -> Iterator[Fix]:
    """A softmax over the batch becomes one over the classes."""
    for node in function.expressions():
        if isinstance(node, ast.Call) and "softmax" in function.text(node.func).lower():
            named = [each.value for each in node.keywords if each.arg in ("dim", "axis")]
            for each in (*named, *node.args[1:]):
                if constant(each) == 0:
                    yield function.replaced(each, "-1")


def einsum(result: tuple[str, ...]) -> Find:
    """The sum of products of two arrays alike, written for einsum, becomes one of each row."""

    def find(function: Function) -> Iterator[Fix]:
        for node in function.expressions():
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="einsum"),
                    args=[ast.Constant(value=str(spec)), _, _],
                ):
                    found = re.fullmatch(r"(\w)(\w),\1\2->(\w?)", spec.replace(" ", ""))
                    if found is None:
                        continue
                    row, column, kept = found.groups()
                    which = {"": "all", row: "row", column: "column"}.get(kept, "")
                    if which in result:
                        start, end = function.span(node)
                        first, last = function.span(node.args[0])
                        text = f'"{row}{column},{row}{column}->{row}"'
                        patches = (Patch(first, last, text), Patch(end, end, "[..., None]"))
                        yield Fix(function.statement, (start, end), patches)

    return find


def dot_of_all(function: Function) -> Iterator[Fix]:
    """The dot product of two flattened arrays becomes one of each row."""
    for node in function.expressions():
        match node:
            case ast.Call(func=ast.Attribute(attr="dot" | "vdot" | "inner") as func, args=args):
                sides = args if function.code.library(func) else [func.value, *args]
                inner = [_raveled(each) for each in sides]
                if len(inner) == 2 and inner[0] is not None and inner[1] is not None:
                    text = f"{atom(function, inner[0])} * {atom(function, inner[1])}"
                    yield function.replaced(node, row_sum(function, text))


def _raveled(node: ast.expr) -> ast.expr | None:
    """What is made one long row; None for anything else."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr="ravel" | "flatten"), args=[]):
            return inner
        case ast.Call(func=ast.Attribute(value=inner, attr="view" | "reshape"), args=[size]):
            return inner if constant(size) == -1 else None
    return None
