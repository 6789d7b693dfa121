"""Rules of repair about shifts, factors and limits before an exponential.

What is softmax-like shares them: a row of exponentials that must not overflow. Each function finds
the places in one function of the student's; an assignment gives them their diagnosis ids, `COMMON`
under the usual ones. A shift is put in only where none is, so that what was limited, rescaled or
shifted by the wrong amount is never called unshifted.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from grader.assignments import tensor_rules as shared
from grader.assignments.exponentials import (
    Difference,
    Exponential,
    difference,
    differences,
    exponentials,
    is_euler,
    is_largest,
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
from grader.core.repair import Fix, Patch, Rule
from grader.editing import Function
from grader.editing.reductions import constant

__all__ = ["COMMON", "free_shift", "inconsistent", "limited_for_shifted", "no_shift", "rescaled"]


def no_shift(function: Function) -> Iterator[Fix]:
    """A shift is inserted where exponentials have none, above a fraction line as below it."""
    for above, under in _quotients(function):
        every = [*above, *(each for each in under if each not in above)]
        if _exponents(above) != _exponents(under) and any(map(_is_shifted, every)):
            continue
        for each in every:
            if not _is_shifted(each):
                yield from _inserted(each)
    yield from _no_shift_under_log(function)


def _inserted(each: Exponential, name: str = "") -> Iterator[Fix]:
    for largest, variant in row_max(each.function, each.exponent):
        way = f"{name}{variant}"
        yield each.function.wrapped(each.exponent, "(", f" - {largest})", way, inner=each.exponent)


def _no_shift_under_log(function: Function) -> Iterator[Fix]:
    """In `x - log(sum(exp(x)))` both get the same shift, which cancels."""
    inside = {id(each.whole): each for each in exponentials(function)}
    for part in function.expressions():
        found = difference(function, part)
        if found is None or not function.is_argument(found.left):
            continue
        under = [
            inside[id(each)]
            for each in on_the_way(function, found.right)
            if id(each) in inside and not _is_shifted(inside[id(each)])
        ]
        logs = any(is_log(function, each) is not None for each in on_the_way(function, found.right))
        if not logs or not under or isinstance(found.whole, ast.AugAssign):
            continue
        for largest, variant in row_max(function, found.left):
            shift = f" - {largest})"
            whole = function.wrapped(found.left, "(", shift, f"log {variant}", inner=found.left)
            inner = [
                function.wrapped(each.exponent, "(", shift, inner=each.exponent) for each in under
            ]
            patches = tuple(patch for fix in (whole, *inner) for patch in fix.patches)
            yield replace(whole, at=function.span(part), patches=patches)


def _is_shifted(each: Exponential) -> bool:
    exponent = each.exponent
    if isinstance(exponent, ast.Name) and each.function.is_free(exponent.id):
        return False  # the notebook's data in the argument's place, as it is
    return shifted(each.function, exponent)


def _exponents(found: list[Exponential]) -> set[tuple[str, frozenset[int]]]:
    """What is raised, as it is written and as its names stand there."""
    return {
        (
            each.function.text(each.exponent),
            frozenset(
                id(value)
                for part in ast.walk(each.exponent)
                if isinstance(part, ast.Name)
                for value in each.function.given_before(part)[0]
            ),
        )
        for each in found
    }


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


def wrong_shift(function: Function) -> Iterator[Fix]:
    """Another amount than a maximum of the argument is subtracted."""
    for each in _shifts(function):
        if is_largest(function, each.right):
            continue
        if reads_free(function, each.right) or _is_unknown(function, each.right):
            continue
        if _is_zero(function, each.right):
            continue
        found = reduced(function, each.right)
        if found is not None and function.is_argument(found.operand):
            yield from found.by_row("max")
        for largest, variant in row_max(function, each.left):
            yield function.replaced(each.right, largest, f"here {variant}")


def zero_shift(function: Function) -> Iterator[Fix]:
    """A shift by zero is none."""
    for each in _shifts(function):
        if _is_zero(function, each.right):
            for largest, variant in row_max(function, each.left):
                yield function.replaced(each.right, largest, variant)


def _is_zero(function: Function, node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Constant) and constant(part) == 0 for part in function.path(node)
    )


def _is_unknown(function: Function, node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and not function.is_known(node.id)


def added_shift(function: Function) -> Iterator[Fix]:
    """A maximum is added where it should be subtracted."""
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            if (
                isinstance(part, ast.BinOp)
                and isinstance(part.op, ast.Add)
                and is_largest(function, part.right)
            ):
                start, end = function.span(part.left)[1], function.span(part.right)[0]
                at = function.code_text.find("+", start, end)
                if at >= 0:
                    span = function.span(part)
                    yield Fix(function.statement, span, (Patch(at, at + 1, "-"),))


def shift_outside(function: Function) -> Iterator[Fix]:
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


def free_shift(function: Function) -> Iterator[Fix]:
    """A number that the notebook computed outside is subtracted."""
    for each in _shifts(function):
        if isinstance(each.right, ast.Name) and function.is_free(each.right.id):
            for largest, variant in row_max(function, each.left):
                yield function.replaced(each.right, largest, variant)


def inconsistent(function: Function) -> Iterator[Fix]:
    """Exponentials above and below one fraction line with different exponents get the same one."""
    for above, under in _quotients(function):
        found = [*above, *under]
        if not above or not under or _exponents(above) == _exponents(under):
            continue
        if not all(_is_plain(function, each.exponent) for each in found):
            continue
        shiftless = [each for each in found if not _is_shifted(each)]
        if len(shiftless) < len(found):
            for each in shiftless:
                yield from _inserted(each, "inserted ")
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


def turned(function: Function) -> Iterator[Fix]:
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


def rescaled(function: Function) -> Iterator[Fix]:
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
            standard = difference(function, kept)
            if standard is not None and of_argument(function, factor):
                for largest, variant in row_max(function, standard.left):
                    way = f"standard {variant}"
                    yield function.wrapped(part, "(", f" - {largest})", way, inner=standard.left)
            if unshifted or of_argument(function, factor):
                for largest, variant in row_max(function, kept):
                    name = f"shift {variant}"
                    yield function.wrapped(part, "(", f" - {largest})", name, inner=kept)


def limited_for_shifted(function: Function) -> Iterator[Fix]:
    """A limit in the place of a shift becomes one."""
    for each in exponentials(function):
        for part in spine(function, each.exponent):
            inner = limited(function, part)
            if inner is None or not isinstance(part, ast.expr) or not function.is_argument(inner):
                continue
            for largest, variant in row_max(function, inner):
                yield function.wrapped(part, "(", f" - {largest})", variant, inner=inner)


def other_base(function: Function) -> Iterator[Fix]:
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


COMMON: Final[tuple[Rule, ...]] = (
    shared.builtin("builtin-max", "max"),
    shared.all_reduced("global-max", "max"),
    shared.all_reduced("sum-over-all", "sum"),
    shared.other_axis("wrong-axis", "max", "sum", "min", "mean"),
    shared.builtin("wrong-axis", "sum"),
    shared.keepdim_missing("missing-keepdim", "max", "sum", "min", "mean"),
    shared.values_missing("missing-values"),
    rule("no-shift-inserted", "no-shift", no_shift),
    rule("no-shift-zero", "no-shift", zero_shift),
    rule("inconsistent-shift-same", "inconsistent-shift", inconsistent),
    rule("wrong-shift-replaced", "wrong-shift", wrong_shift),
    rule("wrong-shift-subtracted", "wrong-shift", added_shift),
    rule("wrong-shift-inside", "wrong-shift", shift_outside),
    rule("rescaled-input-removed", "rescaled-input", rescaled),
    shared.clamped("clamped"),
    rule("clamped-shifted", "clamped", limited_for_shifted),
    rule("sign-flipped-turned", "sign-flipped", turned),
    rule("wrong-base-euler", "wrong-base", other_base),
    shared.epsilon("epsilon"),
    shared.in_place("mutates-input"),
    shared.cut_from_graph("breaks-autograd"),
    shared.cast("wrong-dtype"),
    shared.cast("loses-precision"),
    shared.first_only("hard-coded-shape"),
    shared.fixed_size("hard-coded-shape"),
)
"""Under the ids that mean the same in every such task."""
