"""Exponentials, shifts and quotients in students' code: what repairs of softmax-like tasks look at.

Everything here reads source; what of it is a bug, the assignments say.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from grader.editing import Function, Reduction
from grader.editing.names import Value
from grader.editing.reductions import constant, reduction_of

__all__ = [
    "Difference",
    "Exponential",
    "difference",
    "differences",
    "exponentials",
    "is_euler",
    "is_largest",
    "is_log",
    "of_argument",
    "on_the_way",
    "reads_free",
    "reduced",
    "row_max",
    "shifted",
    "spine",
    "sums",
]

_LIBRARIES: Final = ("torch", "numpy", "math")
_E: Final = tuple(f"{module}.e" for module in _LIBRARIES)


@dataclass(frozen=True, eq=False)
class Exponential:
    """One exponential: the whole of it, its exponent, and its base where that is written out."""

    function: Function
    whole: ast.expr
    exponent: ast.expr
    base: ast.expr | None = None
    name: str = "exp"


@dataclass(frozen=True, eq=False)
class Difference:
    """A value less another: `x - m`, `x.sub(m)`, `x -= m`, `torch.sub(x, m)`.

    whole  the expression, or the statement that works in place
    """

    whole: Value
    left: ast.expr
    right: ast.expr


def exponentials(function: Function) -> Iterator[Exponential]:
    """Every exponential in the function's own body, in source order."""
    for node in function.expressions():
        found = _exponential(function, node)
        if found is not None:
            yield found


def _exponential(function: Function, node: ast.expr) -> Exponential | None:
    match node:
        case ast.Call(func=ast.Attribute(attr="exp" | "exp_" | "exp2" as name) as func, args=args):
            if function.code.library(func):
                return Exponential(function, node, args[0], name=name) if args else None
            return Exponential(function, node, func.value, name=name) if not args else None
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if function.code.library(
            node.func
        ) in [f"{each}.exp" for each in _LIBRARIES]:
            return Exponential(function, node, first, name=name)
        case ast.Call(func=ast.Attribute(attr="pow" | "power") as func, args=[base, first]) if (
            function.code.library(func)
        ):
            return Exponential(function, node, first, base) if _is_base(function, base) else None
        case ast.BinOp(left=base, op=ast.Pow(), right=first) if _is_base(function, base):
            return Exponential(function, node, first, base)
    return None


def _is_base(function: Function, node: ast.expr) -> bool:
    """A number, Euler's or another, or a name that holds one."""
    if constant(node) is not None or function.code.library(node) in _E:
        return True
    return isinstance(node, ast.Name) and any(
        isinstance(value, ast.expr) and _is_base(function, value)
        for value in function.given_before(node)[0]
    )


def is_euler(function: Function, node: ast.expr) -> bool:
    """Whether a base is e, to nine digits."""
    number = constant(node)
    return function.code.library(node) in _E or (number is not None and abs(number - math.e) < 1e-9)


def on_the_way(function: Function, node: Value) -> Iterator[Value]:
    """Everything a value is made of, through names, arithmetic and limits, each once."""
    pending: list[Value] = [node]
    met: set[int] = set()
    while pending:
        start = pending.pop()
        for part in function.path(start):
            if id(part) in met:
                continue
            met.add(id(part))
            yield part
            if isinstance(part, ast.Name):
                if part.id in function.elements:
                    pending.append(function.elements[part.id])
            elif isinstance(part, ast.AugAssign):
                pending.append(part.value)
                if isinstance(part.target, ast.Name):
                    pending += function.given_before(part.target)[0]
            else:
                pending += _operands(function, part)


def _operands(function: Function, part: ast.expr) -> Iterator[ast.expr]:
    """What an expression is computed from; of a library's function its arguments alone."""
    for child in ast.iter_child_nodes(part):
        if isinstance(child, ast.keyword):
            yield child.value
        elif isinstance(child, ast.comprehension):
            yield child.iter
        elif isinstance(child, ast.expr) and not (
            isinstance(part, ast.Call)
            and child is part.func
            and _is_name_of_function(function, child)
        ):
            yield child


def _is_name_of_function(function: Function, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or bool(function.code.library(node))


def spine(function: Function, node: Value) -> Iterator[Value]:
    """The steps from a value back to the argument it is made of, the value first.

    Of a sum, a difference or a quotient the left side counts, of a product the side that holds
    the argument; what is subtracted, and what is divided by, is no step.
    """
    pending: list[Value] = [node]
    met: set[int] = set()
    while pending:
        for part in function.path(pending.pop()):
            if id(part) in met:
                continue
            met.add(id(part))
            yield part
            pending += _onwards(function, part)


def _onwards(function: Function, part: Value) -> list[Value]:
    match part:
        case ast.BinOp(left=left, op=ast.Mult() | ast.Sub(), right=right):
            return [left if of_argument(function, left) else right]
        case ast.BinOp(left=left, op=ast.Add() | ast.Div()):
            return [left]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.AugAssign(target=ast.Name() as target):
            return [*function.given_before(target)[0]]
        case ast.Call(func=ast.Attribute() as func, args=args):
            if function.code.library(func):
                return [*args[:1]]
            return [func.value]
    return []


def of_argument(function: Function, node: Value) -> bool:
    """Whether the argument stands anywhere in what a value is made of."""
    return any(
        isinstance(part, ast.Name) and function.given_before(part)[1]
        for part in on_the_way(function, node)
    )


def reads_free(function: Function, node: Value) -> bool:
    """Whether data of the notebook stands anywhere in what a value is made of."""
    return any(
        isinstance(part, ast.Name) and function.is_free(part.id)
        for part in on_the_way(function, node)
    )


def differences(function: Function, node: Value) -> Iterator[Difference]:
    """The differences on the way from a value back to its argument, the last step first."""
    for part in spine(function, node):
        found = difference(function, part)
        if found is not None:
            yield found


def difference(function: Function, part: Value) -> Difference | None:
    """The difference that one step is; None for anything else."""
    match part:
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return Difference(part, left, right)
        case ast.AugAssign(target=ast.Name() as left, op=ast.Sub(), value=right):
            return Difference(part, left, right)
        case ast.Call(func=ast.Attribute(attr="sub" | "sub_" | "subtract") as func, args=args):
            if function.code.library(func):
                return Difference(part, args[0], args[1]) if len(args) == 2 else None
            return Difference(part, func.value, args[0]) if len(args) == 1 else None
    return None


def shifted(function: Function, exponent: ast.expr) -> bool:
    """Whether anything is subtracted from, or done to, the argument before it is the exponent.

    A value that comes from a function of the student's counts as shifted: it cannot be told.
    """
    return not function.is_argument(exponent)


def is_largest(function: Function, node: Value) -> bool:
    """Whether a value is a maximum, of whatever axis, or an end of something sorted."""
    found = reduced(function, node)
    if found is not None:
        return found.kind == "max"
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and part.func.attr in ("sort", "topk", "kthvalue", "cummax", "sorted")
        for step in function.path(node)
        for part in ast.walk(step)
    )


def reduced(function: Function, node: Value) -> Reduction | None:
    """The reduction a value is, through names."""
    for part in function.path(node):
        if isinstance(part, ast.expr):
            found = reduction_of(function, part)
            if found is not None:
                return found
    return None


def sums(function: Function, node: Value) -> Iterator[Reduction]:
    """The sums a value is made of."""
    for part in on_the_way(function, node):
        if isinstance(part, ast.expr):
            found = reduction_of(function, part)
            if found is not None and found.kind == "sum":
                yield found


def row_max(function: Function, of: ast.expr) -> Iterator[tuple[str, str]]:
    """Source of the largest entry of each row of an expression, with the variant's name."""
    text = function.text(of)
    if isinstance(of, ast.Name) and function.is_free(of.id) and function.parameters:
        text = function.parameters[0]
    if not isinstance(of, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        text = f"({text})"
    yield f"{text}.amax(dim=-1, keepdim=True)", ""
    if any(name.partition(".")[0] == "numpy" for name in function.code.modules.values()):
        yield f"{text}.max(axis=-1, keepdims=True)", "numpy"
    if isinstance(of, ast.Name) and of.id in function.elements:
        yield f"max({function.text(function.elements[of.id])})", "element"
    if isinstance(of, ast.Subscript):
        row = function.text(of.value)
        if isinstance(of.slice, ast.Tuple) and len(of.slice.elts) == 2:
            row = f"{row}[{function.text(of.slice.elts[0])}]"
        yield f"max({row})", "element"


def is_log(function: Function, node: Value) -> ast.expr | None:
    """What the logarithm is taken of; None for anything else."""
    match node:
        case ast.Call(
            func=ast.Attribute(attr="log" | "log_" | "log2" | "log10") as func, args=args
        ):
            if function.code.library(func):
                return args[0] if args else None
            return func.value if not args else None
    return None
