"""Edits that undo the known bugs of a softmax, one step of the mathematics each.

A rule's id is that of the pattern it replaces: a sum is put under a fraction line only where there
was none, a logarithm is undone only where one was taken.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import numpy as np

from grader.assignments import tensor_rules as shared
from grader.assignments.exponentials import (
    differences,
    exponentials,
    is_log,
    on_the_way,
    reduced,
)
from grader.assignments.shift_rules import COMMON, free_shift
from grader.assignments.tensor_rules import rule
from grader.core.fixture import Inputs
from grader.core.repair import Fix, Rule
from grader.core.tensor import Float64
from grader.editing import Function
from grader.editing.reductions import constant

__all__ = ["FORWARD"]


def _logarithm(function: Function) -> Iterator[Fix]:
    """A logarithm goes."""
    for part in function.expressions():
        inner = is_log(function, part)
        if inner is not None:
            yield function.wrapped(part, "(", ")", inner=inner)


def _left_as_logarithm(function: Function) -> Iterator[Fix]:
    """A result less a logarithm is raised again."""
    for value in _returned(function):
        if any(
            is_log(function, part) is not None
            for found in differences(function, value)
            for part in on_the_way(function, found.right)
        ):
            yield function.wrapped(value, "(", ").exp()", inner=value)


def _returned(function: Function) -> Iterator[ast.expr]:
    if isinstance(function.node, ast.Lambda):
        yield function.node.body
        return
    for part in function.walk():
        if isinstance(part, ast.Return) and part.value is not None:
            yield part.value


def _divides(function: Function) -> bool:
    return any(
        isinstance(part, ast.BinOp | ast.AugAssign) and isinstance(part.op, ast.Div)
        for part in function.walk()
    ) or any("div" in function.text(part.func) for part in _calls(function))


def _calls(function: Function) -> Iterator[ast.Call]:
    for part in function.expressions():
        if isinstance(part, ast.Call):
            yield part


def _undivided(function: Function) -> Iterator[Fix]:
    """A result of exponentials is divided by its sum, where nothing is divided at all."""
    if _divides(function):
        return
    for value in _returned(function):
        parts = list(on_the_way(function, value))
        if any(_is_exponential(function, part) for part in parts):
            text = function.text(value)
            plain = text if isinstance(value, ast.Name | ast.Call) else f"({text})"
            total = f" / {plain}.sum(dim=-1, keepdim=True))"
            yield function.wrapped(value, "(", total, inner=value)


def _is_exponential(function: Function, part: object) -> bool:
    return any(each.whole is part for each in exponentials(function))


def _is_summed(function: Function, divisor: ast.expr) -> bool:
    """Whether a divisor made of exponentials is anything but their maximum, mean or norm."""
    found = reduced(function, divisor)
    return found is None or found.kind == "sum"


def _divided_by_other(function: Function) -> Iterator[Fix]:
    """What is not a sum of exponentials under the fraction line becomes that."""
    wholes = {id(each.whole) for each in exponentials(function)}
    for part in function.expressions():
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Div):
            continue
        above = list(on_the_way(function, part.left))
        if not any(id(each) in wholes for each in above):
            continue
        under = list(on_the_way(function, part.right))
        if any(id(each) in wholes for each in under) and _is_summed(function, part.right):
            continue
        text = function.text(part.left)
        plain = text if isinstance(part.left, ast.Name | ast.Call) else f"({text})"
        yield function.replaced(part.right, f"{plain}.sum(dim=-1, keepdim=True)")


def _squeezed(function: Function) -> Iterator[Fix]:
    """A step that drops axes goes."""
    for part in function.expressions():
        match part:
            case ast.Call(
                func=ast.Attribute(value=inner, attr="squeeze" | "flatten" | "ravel"), args=args
            ):
                kept = args[0] if function.code.library(part.func) and args else inner
                yield function.wrapped(part, "", "", inner=kept)
            case ast.Call(
                func=ast.Attribute(value=inner, attr="view" | "reshape"), args=[size]
            ) if constant(size) == -1 and not function.code.library(part.func):
                yield function.wrapped(part, "", "", inner=inner)
    for value in _returned(function):
        for step in function.path(value):
            if isinstance(step, ast.Subscript) and constant(step.slice) in (0, -1):
                yield function.wrapped(step, "", "", inner=step.value)


def _is_negative(_: Inputs, answer: Float64) -> bool:
    return bool(np.any(answer < 0))


def _sums_to_other(inputs: Inputs, answer: Float64) -> bool:
    """Whether a finite row does not sum to one."""
    if answer.shape != inputs["x"].shape or not answer.ndim:
        return False
    totals = answer.sum(axis=-1)
    return bool(np.any(np.isfinite(totals) & (np.abs(totals - 1) > 0.01)))


def _is_other_shape(inputs: Inputs, answer: Float64) -> bool:
    return answer.shape != inputs["x"].shape


FORWARD: Final[tuple[Rule, ...]] = (
    shared.free_name("global-logits"),
    rule("global-logits-shift", "global-logits", free_shift),
    *COMMON,
    rule("returns-log-removed", "returns-log", _logarithm, _is_negative),
    rule("returns-log-raised", "returns-log", _left_as_logarithm, _is_negative),
    rule("not-normalised-divided", "not-normalised", _undivided, _sums_to_other),
    rule("not-normalised-sum", "not-normalised", _divided_by_other, _sums_to_other),
    rule("wrong-shape-kept", "wrong-shape", _squeezed, _is_other_shape),
)
