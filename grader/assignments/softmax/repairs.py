"""Edits that undo the known bugs of a softmax, one step of the mathematics each.

A rule's id is that of the pattern it replaces. A shift is put in only where none is, so that what
was limited, rescaled or shifted by the wrong amount is never called unshifted; a sum is put under
a fraction line only where none was.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import numpy as np

from grader.assignments import tensor_rules as shared
from grader.assignments.exponentials import (
    Difference,
    Exponential,
    contains_max,
    difference,
    differences,
    exponentials,
    is_euler,
    is_log,
    of_argument,
    on_the_way,
    reads_free,
    reduced,
    row_max,
    shifted,
    spine,
)
from grader.assignments.tensor_rules import limited, rule
from grader.core.fixture import Inputs
from grader.core.repair import Fix, Patch, Rule
from grader.core.tensor import Float64
from grader.editing import Function
from grader.editing.names import Value
from grader.editing.reductions import constant, reduction_of

__all__ = ["FORWARD"]


def _no_shift(function: Function) -> Iterator[Fix]:
    """A shift is inserted where exponentials have none, above a fraction line as below it."""
    for above, under in _quotients(function):
        every = [*above, *(each for each in under if each not in above)]
        if _exponents(above) != _exponents(under) and any(map(_is_shifted, every)):
            continue
        for each in every:
            if not _is_shifted(each):
                for largest, variant in row_max(function, each.exponent):
                    yield function.wrapped(
                        each.exponent, "(", f" - {largest})", variant, inner=each.exponent
                    )


def _is_shifted(each: Exponential) -> bool:
    return shifted(each.function, each.exponent)


def _exponents(found: list[Exponential]) -> set[str]:
    return {each.function.text(each.exponent) for each in found}


def _quotients(function: Function) -> Iterator[tuple[list[Exponential], list[Exponential]]]:
    """The exponentials above and below each fraction line; the others as if in one of their own."""
    found = {id(each.whole): each for each in exponentials(function)}
    met: set[int] = set()
    for part in function.expressions():
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div):
            above, under = (
                [found[id(each)] for each in on_the_way(function, side) if id(each) in found]
                for side in (part.left, part.right)
            )
            met |= {id(each.whole) for each in (*above, *under)}
            if above or under:
                yield above, under
    rest = [each for name, each in found.items() if name not in met]
    if rest:
        yield rest, rest


def _shifts(function: Function) -> Iterator[Difference]:
    """What is subtracted on the way to an exponential, each once."""
    met: set[int] = set()
    for each in exponentials(function):
        for found in differences(function, each.exponent):
            if id(found.whole) not in met:
                met.add(id(found.whole))
                yield found


def _wrong_shift(function: Function) -> Iterator[Fix]:
    """Another amount than a maximum of the argument is subtracted."""
    for each in _shifts(function):
        if contains_max(function, each.right) or function.is_argument(each.right):
            continue
        if reads_free(function, each.right) or _is_unknown(function, each.right):
            continue
        found = reduced(function, each.right)
        if found is not None and function.is_argument(found.operand):
            yield from found.by_row("max")
        for largest, variant in row_max(function, each.left):
            yield function.replaced(each.right, largest, f"here {variant}")


def _is_unknown(function: Function, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and not function.is_known(node.id)


def _added_shift(function: Function) -> Iterator[Fix]:
    """A maximum is added where it should be subtracted."""
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            if (
                isinstance(part, ast.BinOp)
                and isinstance(part.op, ast.Add)
                and contains_max(function, part.right)
            ):
                start, end = function.span(part.left)[1], function.span(part.right)[0]
                at = function.code_text.find("+", start, end)
                if at >= 0:
                    span = function.span(part)
                    yield Fix(function.statement, span, (Patch(at, at + 1, "-"),))


def _shift_outside(function: Function) -> Iterator[Fix]:
    """What is subtracted from an exponential belongs into its exponent."""
    inside = {id(each.whole): each for each in exponentials(function)}
    for part in function.expressions():
        found = difference(function, part)
        if found is None or id(found.left) not in inside or not isinstance(part, ast.BinOp):
            continue
        amount = reduced(function, found.right)
        if amount is None or amount.kind != "max":
            continue
        exponent = inside[id(found.left)].exponent
        first, last = function.span(found.left)[1], function.span(part)[1]
        at = function.span(exponent)[1]
        for largest, variant in row_max(function, exponent):
            patches = (Patch(at, at, f" - {largest}"), Patch(first, last, ""))
            yield Fix(function.statement, function.span(part), patches, variant)


def _free_shift(function: Function) -> Iterator[Fix]:
    """A number that the notebook computed outside is subtracted."""
    for each in _shifts(function):
        if isinstance(each.right, ast.Name) and function.is_free(each.right.id):
            for largest, variant in row_max(function, each.left):
                yield function.replaced(each.right, largest, variant)


def _inconsistent(function: Function) -> Iterator[Fix]:
    """Exponentials above and below one fraction line with different exponents get the same one."""
    for above, under in _quotients(function):
        found = [*above, *under]
        if not above or not under or _exponents(above) == _exponents(under):
            continue
        if not all(_is_plain(function, each.exponent) for each in found):
            continue
        for model in filter(_is_shifted, found):
            text = function.text(model.exponent)
            for each in found:
                if function.text(each.exponent) != text:
                    yield function.replaced(each.exponent, text, text)


def _is_plain(function: Function, exponent: ast.expr) -> bool:
    """Whether an exponent is the argument, shifted or scaled, and nothing of the notebook's."""
    ends = (ast.Name, ast.BinOp, ast.UnaryOp, ast.AugAssign, ast.Constant)
    return not reads_free(function, exponent) and all(
        isinstance(part, ends)
        or difference(function, part) is not None
        or function.same_values(part) is not None
        for part in spine(function, exponent)
    )


def _turned(function: Function) -> Iterator[Fix]:
    """A sign in the exponent is turned."""
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            if (
                isinstance(part, ast.UnaryOp)
                and isinstance(part.op, ast.USub)
                and constant(part) is None
            ):
                yield function.wrapped(part, "", "", inner=part.operand)
            match part:
                case ast.BinOp(op=ast.Sub(), right=right) if function.is_argument(right):
                    yield function.wrapped(part, "(-(", "))", inner=part)


def _rescaled(function: Function) -> Iterator[Fix]:
    """A factor on the way to the exponential goes, or becomes the shift it was meant to be."""
    unshifted = not any(True for _ in _shifts(function))
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            if isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Div | ast.Mult):
                yield function.replaced(part.value, "1")
            if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Div | ast.Mult):
                continue
            kept, factor = part.left, part.right
            if isinstance(part.op, ast.Mult) and not of_argument(function, kept):
                kept, factor = factor, kept
            if not of_argument(function, kept):
                continue
            yield function.wrapped(part, "(", ")", inner=kept)
            if unshifted or of_argument(function, factor):
                for largest, variant in row_max(function, kept):
                    name = f"shift {variant}"
                    yield function.wrapped(part, "(", f" - {largest})", name, inner=kept)


def _limited_for_shifted(function: Function) -> Iterator[Fix]:
    """A limit in the place of a shift becomes one."""
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            inner = limited(function, part)
            if inner is None or not isinstance(part, ast.expr) or not function.is_argument(inner):
                continue
            for largest, variant in row_max(function, inner):
                yield function.wrapped(part, "(", f" - {largest})", variant, inner=inner)


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


def _is_summed(function: Function, under: list[Value], wholes: dict[int, ast.expr]) -> bool:
    """Whether exponentials are joined by anything but a maximum, a mean or a norm."""
    found = [reduction_of(function, each) for each in under if isinstance(each, ast.expr)]
    kinds = {
        each.kind
        for each in found
        if each is not None
        and any(id(part) in wholes for part in on_the_way(function, each.operand))
    }
    return "sum" in kinds or not kinds


def _divided_by_other(function: Function) -> Iterator[Fix]:
    """What is not a sum of exponentials under the fraction line becomes that."""
    wholes = {id(each.whole): each.whole for each in exponentials(function)}
    for part in function.expressions():
        if not isinstance(part, ast.BinOp) or not isinstance(part.op, ast.Div):
            continue
        above = list(on_the_way(function, part.left))
        if not any(id(each) in wholes for each in above):
            continue
        under = list(on_the_way(function, part.right))
        if any(id(each) in wholes for each in under) and _is_summed(function, under, wholes):
            continue
        text = function.text(part.left)
        plain = text if isinstance(part.left, ast.Name | ast.Call) else f"({text})"
        yield function.replaced(part.right, f"{plain}.sum(dim=-1, keepdim=True)")


def _other_base(function: Function) -> Iterator[Fix]:
    """The base becomes Euler's number."""
    for each in exponentials(function):
        if each.base is not None and not is_euler(function, each.base):
            yield from _with_base(function, each)
        elif each.name == "exp2":
            start, end = function.span(each.whole)
            at = function.code_text.find("exp2", start, end)
            yield Fix(function.statement, (start, end), (Patch(at, at + 4, "exp"),))


def _with_base(function: Function, each: Exponential) -> Iterator[Fix]:
    if each.base is not None:
        yield function.replaced(each.base, "2.718281828459045")


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
    rule("global-logits-shift", "global-logits", _free_shift),
    shared.builtin("builtin-max", "max"),
    shared.all_reduced("global-max", "max"),
    shared.all_reduced("sum-over-all", "sum"),
    shared.other_axis("wrong-axis", "max", "sum", "min", "mean"),
    shared.builtin("wrong-axis", "sum"),
    shared.keepdim_missing("missing-keepdim", "max", "sum", "min", "mean"),
    shared.values_missing("missing-values"),
    rule("no-shift-inserted", "no-shift", _no_shift),
    rule("inconsistent-shift-same", "inconsistent-shift", _inconsistent),
    rule("wrong-shift-replaced", "wrong-shift", _wrong_shift),
    rule("wrong-shift-subtracted", "wrong-shift", _added_shift),
    rule("wrong-shift-inside", "wrong-shift", _shift_outside),
    rule("rescaled-input-removed", "rescaled-input", _rescaled),
    shared.clamped("clamped"),
    rule("clamped-shifted", "clamped", _limited_for_shifted),
    rule("returns-log-removed", "returns-log", _logarithm, _is_negative),
    rule("returns-log-raised", "returns-log", _left_as_logarithm, _is_negative),
    rule("not-normalised-divided", "not-normalised", _undivided, _sums_to_other),
    rule("not-normalised-sum", "not-normalised", _divided_by_other, _sums_to_other),
    rule("sign-flipped-turned", "sign-flipped", _turned),
    rule("wrong-base-euler", "wrong-base", _other_base),
    shared.epsilon("epsilon"),
    shared.in_place("mutates-input"),
    shared.cut_from_graph("breaks-autograd"),
    shared.cast("wrong-dtype"),
    shared.cast("loses-precision"),
    shared.first_only("hard-coded-shape"),
    shared.fixed_size("hard-coded-shape"),
    rule("wrong-shape-kept", "wrong-shape", _squeezed, _is_other_shape),
)
