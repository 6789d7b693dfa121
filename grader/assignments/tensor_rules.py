"""Rules of repair that many assignments share: reductions, shifts, steps that leave autograd.

Each maker takes the diagnosis id that its pattern stands for. The patterns are read off the
student's source; nothing is run here.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from grader.core.fixture import Inputs
from grader.core.repair import Fix, Patch, Rule
from grader.core.tensor import Float64
from grader.editing import Code, Function, Reduction, reductions
from grader.editing.names import Value
from grader.editing.reductions import constant, reduction_of

__all__ = [
    "all_reduced",
    "builtin",
    "cast",
    "clamped",
    "cut_from_graph",
    "epsilon",
    "first_only",
    "fixed_size",
    "free_name",
    "in_place",
    "keepdim_missing",
    "other_axis",
    "rule",
    "values_missing",
]

Find = Callable[[Function], Iterable[Fix]]

CUTS: Final = frozenset({"detach", "data", "item", "numpy"})
CASTS: Final = frozenset(
    ["float", "double", "half", "bfloat16", "to", "type", "astype", "int", "long"]
)
LIMITS: Final = frozenset(
    ["clamp", "clip", "clamp_max", "clamp_min", "hardtanh", "nan_to_num", "relu"]
)


def rule(
    name: str, bug: str, find: Find, seen: Callable[[Inputs, Float64], bool] | None = None
) -> Rule:
    """A rule that looks at one function at a time."""

    def of_code(code: Code) -> Iterator[Fix]:
        for function in code.functions:
            yield from find(function)

    return Rule(name, bug, of_code, seen)


def _of(name: str, bug: str, kinds: Iterable[str], fits: Callable[[Reduction], bool]) -> Rule:
    wanted = frozenset(kinds)

    def find(function: Function) -> Iterator[Fix]:
        for each in reductions(function):
            if each.kind in wanted and fits(each):
                yield from each.by_row()

    return rule(name, bug, find)


def all_reduced(bug: str, *kinds: str) -> Rule:
    """A reduction over everything becomes one of each row; one of another is taken as one."""

    def find(function: Function) -> Iterator[Fix]:
        for each in reductions(function):
            if each.kind in kinds and each.style != "builtin":
                inner = reduction_of(function, each.operand)
                if inner is not None and inner.kind == each.kind and each.axis in (None, 0):
                    yield from replace(each, operand=inner.operand).by_row()
                elif each.axis is None:
                    yield from each.by_row()

    return rule(f"{bug}-per-row", bug, find)


def builtin(bug: str, kind: str) -> Rule:
    """Python's own `max` or `sum` of a tensor becomes the tensor library's, of each row."""
    return _of(f"{bug}-builtin", bug, (kind,), lambda each: each.style == "builtin")


def other_axis(bug: str, *kinds: str) -> Rule:
    """A reduction over the first axis becomes one over the last."""

    def find(function: Function) -> Iterator[Fix]:
        for each in reductions(function):
            if each.kind in kinds and each.axis in (0, -2) and each.style != "builtin":
                yield from each.along_last()

    return rule(f"{bug}-last", bug, find)


def keepdim_missing(bug: str, *kinds: str) -> Rule:
    """A reduction over the last axis keeps it."""

    def find(function: Function) -> Iterator[Fix]:
        for each in reductions(function):
            if each.kind in kinds and each.axis in (1, -1) and not each.keeps:
                yield from each.kept()

    return rule(f"{bug}-kept", bug, find)


def values_missing(bug: str) -> Rule:
    """Of the pair of values and positions, the values are taken."""

    def find(function: Function) -> Iterator[Fix]:
        for each in reductions(function):
            pair = each.kind in ("max", "min", "median") and isinstance(each.axis, int)
            alone = "ama" in function.text(each.call.func) or each.module.startswith("numpy")
            if pair and each.whole is each.call and not alone:
                yield function.wrapped(each.call, "", ".values", inner=each.call)

    return rule(f"{bug}-taken", bug, find)


def free_name(bug: str) -> Rule:
    """A name of the notebook's data becomes the function's parameter."""

    def find(function: Function) -> Iterator[Fix]:
        if not function.parameters:
            return
        for node in function.expressions():
            if isinstance(node, ast.Name) and function.is_free(node.id):
                yield function.replaced(node, function.parameters[0])

    return rule(f"{bug}-argument", bug, find)


def in_place(bug: str) -> Rule:
    """A step in place makes a new value; or the argument is copied before any such step."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.walk():
            yield from _anew(function, part)
        if not function.parameters or not _writes(function):
            return
        name = function.parameters[0]
        for method, variant in (("clone", ""), ("copy", "numpy")):
            fix = function.begun_with(f"{name} = {name}.{method}()")
            if fix is not None:
                yield Fix(fix.statement, fix.at, fix.patches, variant)

    return rule(f"{bug}-copied", bug, find)


_SIGNS: Final = {ast.Sub: "-", ast.Add: "+", ast.Mult: "*", ast.Div: "/"}


def _anew(function: Function, part: ast.AST) -> Iterator[Fix]:
    """`x -= m` becomes `x = x - (m)`, `x.sub_(m)` by itself `x = x.sub(m)`."""
    match part:
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value) if (
            type(op) in _SIGNS
        ):
            sign = f" = {name} {_SIGNS[type(op)]} ("
            first, last = function.span(target)[1], function.span(value)[0]
            end = function.span(value)[1]
            whole = function.span(part)
            # one that ends in a parenthesis of its own has the one that begins it in `first:last`
            closed = () if end != whole[1] else (Patch(end, end, ")"),)
            yield Fix(function.statement, whole, (Patch(first, last, sign), *closed), "anew")
        case ast.Expr(
            value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr) as func)
        ) if attr.endswith("_") and not attr.endswith("__"):
            start, end = function.span(part)[0], function.span(func)[1]
            patches = (Patch(start, start, f"{name} = "), Patch(end - 1, end, ""))
            yield Fix(function.statement, function.span(part), patches, "anew")


def _writes(function: Function) -> bool:
    """Whether something in the function is written in place."""
    for part in function.walk():
        if isinstance(part, ast.AugAssign):
            return True
        if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            return True
        if isinstance(part, ast.Call):
            name = part.func.attr if isinstance(part.func, ast.Attribute) else ""
            if name.endswith("_") and not name.endswith("__"):
                return True
            if any(each.arg in ("out", "inplace") for each in part.keywords):
                return True
    return False


def cut_from_graph(bug: str) -> Rule:
    """What cuts a result off from its argument goes: `detach`, `item`, `no_grad`, a new tensor."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.walk():
            yield from _cuts(function, part)
        if not isinstance(function.node, ast.Lambda):
            for decorator in function.node.decorator_list:
                text = function.text(decorator)
                if "no_grad" in text or "inference" in text:
                    yield function.replaced(decorator, "(lambda function: function)")

    return rule(f"{bug}-kept", bug, find)


def _cuts(function: Function, part: ast.AST) -> Iterator[Fix]:
    match part:
        case ast.Call(
            func=ast.Attribute(value=inner, attr=("detach" | "item" | "detach_")), args=[]
        ):
            yield function.wrapped(part, "", "", inner=inner)
        case ast.Attribute(value=inner, attr="data", ctx=ast.Load()):
            yield function.wrapped(part, "", "", inner=inner)
        case ast.Call(func=func, args=[inner, *_]) if function.code.library(func) in (
            "torch.tensor", "torch.as_tensor", "torch.Tensor", "torch.FloatTensor",
        ):  # fmt: skip
            yield function.wrapped(part, "(", ")", inner=inner)
        case ast.Call(func=ast.Name(id="float"), args=[inner], keywords=[]):
            yield function.wrapped(part, "(", ")", inner=inner)
        case ast.With(items=[ast.withitem(context_expr=context)]) if any(
            word in function.text(context) for word in ("no_grad", "inference_mode")
        ):
            yield function.replaced(context, "torch.enable_grad()")


def cast(bug: str) -> Rule:
    """A cast to a fixed dtype goes; a tensor made anew gets the argument's dtype."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.expressions():
            if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Attribute):
                continue
            library = function.code.library(part.func)
            if part.func.attr in CASTS and not library:
                if not any(".dtype" in function.text(each) for each in part.args):
                    yield function.wrapped(part, "", "", inner=part.func.value)
            elif library in _MAKERS and function.parameters and not _is_typed(part):
                yield function.given(part, f"dtype={function.parameters[0]}.dtype")

    return rule(f"{bug}-cast", bug, find)


def _is_typed(call: ast.Call) -> bool:
    return any(each.arg == "dtype" for each in call.keywords)


_MAKERS: Final = frozenset(
    f"{module}.{name}"
    for module in ("torch", "numpy")
    for name in ("zeros", "ones", "empty", "full", "tensor", "array")
)


def clamped(bug: str) -> Rule:
    """A limit put on values goes."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.expressions():
            inner = limited(function, part)
            if inner is not None:
                yield function.wrapped(part, "", "", inner=inner)

    return rule(f"{bug}-free", bug, find)


def limited(function: Function, part: Value) -> ast.expr | None:
    """What a limit is put on (`x.clamp(max=80)`, `torch.clip(x, ...)`); None for anything else."""
    if not isinstance(part, ast.Call) or not isinstance(part.func, ast.Attribute):
        return None
    name = function.code.library(part.func)
    if part.func.attr.rstrip("_") in LIMITS:
        if not name:
            return part.func.value
        return part.args[0] if part.args else None
    if part.func.attr in ("minimum", "maximum", "min", "max") and name and len(part.args) == 2:
        return part.args[0] if _is_limit(part.args[1]) else None
    if name in ("torch.where", "numpy.where") and len(part.args) == 3:
        return next((each for each in part.args[1:] if constant(each) is None), None)
    return None


def _is_limit(node: ast.expr) -> bool:
    """A number, or a tensor made of one."""
    if constant(node) is not None:
        return not isinstance(constant(node), int) or abs(constant(node) or 0) > 4
    return isinstance(node, ast.Call) and any(constant(each) is not None for each in node.args)


def epsilon(bug: str) -> Rule:
    """A small constant that is added goes."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.walk():
            added = isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Add)
            if isinstance(part, ast.AugAssign) and added and _is_small(function, part.value):
                yield function.replaced(part.value, "0")
            if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Add):
                continue
            if _is_small(function, part.right):
                yield function.wrapped(part, "", "", inner=part.left)
            elif _is_small(function, part.left):
                yield function.wrapped(part, "", "", inner=part.right)

    return rule(f"{bug}-free", bug, find)


def _is_small(function: Function, node: ast.expr) -> bool:
    number = constant(node)
    if number is not None:
        return 0 < abs(number) < 2
    if isinstance(node, ast.Name):
        return "eps" in node.id.lower() or any(
            isinstance(value, ast.expr) and (constant(value) or 9) < 1
            for value in function.given_before(node)[0]
        )
    return isinstance(node, ast.Attribute) and node.attr in ("eps", "tiny")


def first_only(bug: str) -> Rule:
    """One row taken from the argument becomes the whole argument."""

    def find(function: Function) -> Iterator[Fix]:
        for part in function.expressions():
            if (
                isinstance(part, ast.Subscript)
                and isinstance(part.value, ast.Name)
                and part.value.id in function.parameters
                and constant(part.slice) in (0, -1)
            ):
                yield function.wrapped(part, "", "", inner=part.value)

    return rule(f"{bug}-all", bug, find)


def fixed_size(bug: str) -> Rule:
    """A size written as a number becomes the argument's own; a fixed new shape goes."""

    def find(function: Function) -> Iterator[Fix]:
        if not function.parameters:
            return
        name = function.parameters[0]
        for part in function.expressions():
            if not isinstance(part, ast.Call):
                continue
            if isinstance(part.func, ast.Attribute) and part.func.attr in ("view", "reshape"):
                if not function.code.library(part.func) and _numbers(part.args) and _is_size(part):
                    yield function.wrapped(part, "", "", inner=part.func.value)
            elif function.text(part.func) == "range" and _numbers(part.args[-1:]):
                yield function.replaced(part.args[-1], f"{name}.shape[-1]", "columns")
                yield function.replaced(part.args[-1], f"{name}.shape[0]", "rows")

    return rule(f"{bug}-own", bug, find)


def _is_size(call: ast.Call) -> bool:
    return any(
        isinstance(part, ast.Constant) and isinstance(part.value, int) and part.value > 1
        for part in ast.walk(call)
    )


def _numbers(args: Iterable[ast.expr]) -> bool:
    flat = [
        item
        for each in args
        for item in (each.elts if isinstance(each, ast.Tuple | ast.List) else [each])
    ]
    return bool(flat) and all(constant(each) is not None for each in flat)
