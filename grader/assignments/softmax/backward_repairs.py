"""Edits that undo the known bugs of a softmax's backward pass, one step of the mathematics each.

A rule's id is that of the pattern it replaces. With p the probabilities and g the upstream
gradient, what is right is `p (g - sum(p g))`, or diag(p) - p p^T as a Jacobian; students write
either in many ways, with tensors, numpy arrays, or entry by entry.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from grader.assignments import tensor_rules as shared
from grader.assignments.softmax import backward_steps as steps
from grader.assignments.softmax.backward_patterns import (
    atom,
    column_times_row,
    diagonals,
    entry,
    factors,
    handed_back,
    identities,
    is_plain,
    products,
    returned,
    row_sum,
    rule,
    sign,
    slope,
    slope_and_rest,
    unread,
)
from grader.assignments.softmax.repairs import FORWARD
from grader.core.repair import Fix, Patch, Rule
from grader.editing import Code, Function
from grader.editing.reductions import constant

__all__ = ["BACKWARD_REPAIRS"]

_UPSTREAM: Final = re.compile(r"g|gs|go|v|u|up\w*|delta|d\w{0,2}|d_?out\w*|d_?val\w*|\w*grad\w*")


def _uncorrected(function: Function) -> Iterator[Fix]:
    """`g * p` gets `- p * sum(g * p)`, where it is all there is of a result."""
    whole = handed_back(function)
    for node in products(function):
        parts = factors(function, node)
        if len(parts) != 2 or not all(is_plain(function, each) for each in parts):
            continue
        if id(node) not in whole:
            continue
        text = function.text(node)
        for p, g in _assigned(function, parts):
            plain = function.text(p)
            total = row_sum(function, text)
            yield function.wrapped(node, "(", f" - {plain} * {total})", plain, inner=node)
            sums = _sum_of_entries(function, g, p)
            if sums:
                yield function.wrapped(node, "(", f" - {plain} * {sums})", f"entry {plain}")


def _assigned(function: Function, parts: list[ast.expr]) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Two factors as probabilities and upstream gradient; both ways where it cannot be told."""
    one, other = parts
    first, second = (_is_upstream(function, each) for each in parts)
    if not first or second:
        yield one, other
    if not second or first:
        yield other, one


def _is_upstream(function: Function, node: ast.expr) -> bool:
    for part in function.path(node):
        name = part.value if isinstance(part, ast.Subscript) else part
        if isinstance(name, ast.Name) and _UPSTREAM.fullmatch(name.id):
            return True
    return False


def _sum_of_entries(function: Function, g: ast.expr, p: ast.expr) -> str:
    """Source of the sum of a product over a row, where both factors are entries of one."""
    left, right = entry(function, g), entry(function, p)
    if left is None or right is None or left.index != right.index:
        return ""
    return f"sum(a * b for a, b in zip({left.row}, {right.row}))"


def _slope_times_upstream(function: Function) -> Iterator[Fix]:
    """`g * p * (1 - p)` becomes `p * (g - sum(g * p))`."""
    for node in products(function):
        found = slope_and_rest(function, factors(function, node))
        if found is None or len(found[1]) != 1 or not is_plain(function, found[1][0]):
            continue
        p, g = atom(function, found[0]), atom(function, found[1][0])
        total, minus = row_sum(function, f"{g} * {p}"), sign(function, node)
        yield function.replaced(node, f"{minus}{p} * ({g} - {total})")
        sums = _sum_of_entries(function, found[1][0], found[0])
        if sums:
            yield function.replaced(node, f"{minus}{p} * ({g} - {sums})", "entry")


def _subtracted(function: Function) -> Iterator[Fix]:
    """A returned `p - g`, labels taken off probabilities, becomes `p * (g - sum(g * p))`."""
    for value in returned(function):
        for part in function.path(value):
            node = part
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                node = node.left
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
                continue
            if not isinstance(node.left, ast.Name | ast.Attribute | ast.Call):
                continue
            if not is_plain(function, node.right):
                continue
            if isinstance(node.right, ast.Name) and node.right.id in function.parameters:
                p, g = function.text(node.left), node.right.id
                total = row_sum(function, f"{g} * {p}")
                yield function.replaced(part, f"{p} * ({g} - {total})")


def _slope_alone(function: Function) -> Iterator[Fix]:
    """`p * (1 - p)` of a product becomes one with the upstream gradient."""
    for name in unread(function):
        for node, p in _bare_slopes(function):
            text = atom(function, p)
            total = row_sum(function, f"{name} * {text}")
            minus = sign(function, node)
            yield function.replaced(node, f"{minus}{text} * ({name} - {total})", name)


def _matrix_alone(function: Function) -> Iterator[Fix]:
    """A Jacobian that is returned is multiplied by the upstream gradient."""
    for name in unread(function):
        for value in returned(function):
            yield function.wrapped(value, "((", f") @ {name}[..., None])[..., 0]", name)


def _bare_slopes(function: Function) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Slopes that nothing is multiplied with, and their p."""
    within = {
        id(part)
        for each in diagonals(function)
        for inner in (each.whole, *each.content)
        for part in ast.walk(inner)
    }
    for node in products(function):
        found = slope_and_rest(function, factors(function, node))
        if found is not None and not found[1] and id(node) not in within:
            yield node, found[0]
    for node in function.expressions():
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and id(node) not in within:
            p = slope(function, node)
            if p is not None:
                yield node, p


def _slope_for_matrix(function: Function) -> Iterator[Fix]:
    """`p * (1 - p)` becomes the matrix `p_i * (delta_ij - p_j)`."""
    for node, p in _bare_slopes(function):
        text = atom(function, p)
        for ones, variant in identities(function, f"{text}.shape[-1]"):
            whole = f"{text}[..., :, None] * ({ones} - {text}[..., None, :])"
            yield function.replaced(node, sign(function, node) + whole, variant)


def _slope_on_diagonal(function: Function) -> Iterator[Fix]:
    """diag(p (1 - p)) becomes diag(p) - p p^T."""
    for each in diagonals(function):
        if each.identity is None:
            p = slope(function, each.content[0])
            if p is not None:
                text = atom(function, p)
                fix = function.replaced(each.content[0], function.text(p))
                start, end = span = function.span(each.whole)
                around = (
                    Patch(start, start, "("),
                    Patch(end, end, f" - {column_times_row(text)})"),
                )
                yield Fix(fix.statement, span, (around[0], *fix.patches, around[1]))
        else:
            found = slope_and_rest(function, each.content)
            p = slope(function, each.content[0]) if found is None else found[0]
            rest = [] if found is None else found[1]
            if p is not None and not rest:
                text = atom(function, p)
                ones = atom(function, each.identity)
                whole = f"{text}[..., :, None] * ({ones} - {text}[..., None, :])"
                yield function.replaced(each.whole, sign(function, each.whole) + whole)


def _only_diagonal(function: Function) -> Iterator[Fix]:
    """diag(p) gets `- p p^T`."""
    for each in diagonals(function):
        if len(each.content) == 1 and slope(function, each.content[0]) is None:
            text = atom(function, each.content[0])
            added = f" - {column_times_row(text)})"
            yield function.wrapped(each.whole, "(", added)


def _diagonal_taken(function: Function) -> Iterator[Fix]:
    """The diagonal of a matrix becomes the matrix."""
    for node in function.expressions():
        match node:
            case ast.Call(func=ast.Attribute(value=inner, attr="diagonal") as func, args=args):
                library = function.code.library(func)
                if not library or args:
                    yield function.wrapped(node, "(", ")", inner=args[0] if library else inner)


def _entries(function: Function, *, with_slope: bool) -> Iterator[Fix]:
    """What is written only where the indices are equal is written for the whole row."""
    for part in function.walk():
        if not isinstance(part, ast.Assign) or not isinstance(part.targets[0], ast.Subscript):
            continue
        target = part.targets[0]
        p = slope(function, part.value)
        place = entry(function, target)
        one = entry(function, part.value if p is None else p)
        if place is None or one is None or (p is not None) != with_slope:
            continue
        if not re.search(rf"\[(.*, )?{re.escape(place.index)}\]$", place.row):
            continue
        if one.index != place.index or not _is_zero_elsewhere(function, target):
            continue
        for ones, variant in identities(function, f"len({one.row})"):
            value = f"{one.at(one.index)} * ({ones}[{one.index}] - {one.row})"
            patches = (
                Patch(*function.span(target), place.row),
                Patch(*function.span(part.value), value),
            )
            yield Fix(function.statement, function.span(part), patches, variant)


def _is_zero_elsewhere(function: Function, target: ast.expr) -> bool:
    """Whether a matrix was made of zeros, and nothing but this one store writes into it."""
    stores = [part for part in function.walk() if _is_stored_into(part)]
    base = target
    while isinstance(base, ast.Subscript):
        base = base.value
    if not isinstance(base, ast.Name):
        return False
    names = [part.id for store in stores for part in ast.walk(store) if isinstance(part, ast.Name)]
    made = [given.value for given in function.values.get(base.id, [])]
    return names.count(base.id) == 1 and all(
        isinstance(each, ast.Call) and "zeros" in function.text(each.func) for each in made
    )


def _is_stored_into(part: ast.AST) -> bool:
    return isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store)


def _store_of_slopes(function: Function) -> Iterator[Fix]:
    yield from _entries(function, with_slope=True)


def _store_of_probabilities(function: Function) -> Iterator[Fix]:
    yield from _entries(function, with_slope=False)


def _other_entries(function: Function) -> Iterator[Fix]:
    """Where the indices differ, `- p_i * p_j` in place of zero."""
    for part in function.walk():
        if not isinstance(part, ast.If | ast.IfExp):
            continue
        equal = _equal_indices(part.test)
        value = part.body if isinstance(part, ast.IfExp) else _stored(part.body)
        if equal is None or value is None:
            continue
        off = _off_diagonal(function, value, equal)
        if not off:
            continue
        if isinstance(part, ast.IfExp):
            if constant(part.orelse) == 0:
                yield function.replaced(part.orelse, off)
        elif not part.orelse and isinstance(part.body[0], ast.Assign):
            if not _is_zero_elsewhere(function, part.body[0].targets[0]):
                continue
            target = function.text(part.body[0].targets[0])
            indent = function.lines.indent(part.lineno)
            end = function.span(part)[1]
            text = f"\n{indent}else:\n{indent}    {target} = {off}"
            yield Fix(function.statement, (end, end), (Patch(end, end, text),))
        elif (other := _stored(part.orelse)) is not None and constant(other) == 0:
            yield function.replaced(other, off)


def _stored(body: list[ast.stmt]) -> ast.expr | None:
    """The value of a branch that does no more than store one, or append it."""
    match body:
        case [ast.Assign(targets=[ast.Subscript()], value=value)]:
            return value
        case [ast.Expr(value=ast.Call(func=ast.Attribute(attr="append"), args=[value]))]:
            return value
    return None


def _equal_indices(test: ast.expr) -> tuple[str, str] | None:
    match test:
        case ast.Compare(left=ast.Name(id=one), ops=[ast.Eq()], comparators=[ast.Name(id=other)]):
            return one, other
    return None


def _off_diagonal(function: Function, value: ast.expr, equal: tuple[str, str]) -> str:
    """Source of `- p_i * p_j` where `value` is the slope of such an entry; else empty."""
    p = slope(function, value)
    if p is None:
        parts = factors(function, value)  # p[i] * (1 - p[j]) is a slope where i and j are equal
        p = parts[0] if len(parts) == 2 and "1 - " in function.text(parts[1]) else None
    one = None if p is None else entry(function, p)
    if one is None or one.index not in equal:
        return ""
    return f"-{one.at(equal[0])} * {one.at(equal[1])}"


def _free(function: Function) -> Iterator[Fix]:
    """A name of the notebook's data becomes a parameter."""
    for node in function.expressions():
        if isinstance(node, ast.Name) and function.is_free(node.id):
            for name in function.parameters:
                yield function.replaced(node, name, name)


def _computed_outside(function: Function) -> Iterator[Fix]:
    """What the notebook computed from its data is computed from a parameter."""
    made = _calls_of_data(function.code)
    for node in function.expressions():
        if isinstance(node, ast.Name) and node.id in made and function.is_free(node.id):
            for name in function.parameters:
                yield function.replaced(node, f"{made[node.id]}({name})", name)


def _calls_of_data(code: Code) -> dict[str, str]:
    """Names of the notebook's that hold what a function made of one argument: the function."""
    found = {}
    for statement in code.statements:
        try:
            body = ast.parse(statement.code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        match body:
            case [
                ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(func=ast.Name(id=called), args=[_], keywords=[]),
                )
            ]:
                found[name] = called
    return found


_NO_SHIFT: Final = next(each for each in FORWARD if each.name == "no-shift-inserted")

BACKWARD_REPAIRS: Final[tuple[Rule, ...]] = (
    rule("global-logits-parameter", "global-logits", _free),
    rule("global-logits-computed", "global-logits", _computed_outside),
    replace(_NO_SHIFT, name="unstable-forward-shifted", bug="unstable-forward"),
    shared.all_reduced("unstable-forward", "max"),
    shared.all_reduced("sum-over-all", "sum"),
    rule("sum-over-all-einsum", "sum-over-all", steps.einsum(("all",))),
    rule("sum-over-all-dot", "sum-over-all", steps.dot_of_all),
    shared.other_axis("wrong-axis", "sum", "max"),
    shared.builtin("wrong-axis", "sum"),
    rule("wrong-axis-moved", "wrong-axis", steps.axis_moved),
    rule("wrong-axis-softmax", "wrong-axis", steps.axis_of_softmax),
    rule("wrong-axis-einsum", "wrong-axis", steps.einsum(("column",))),
    shared.keepdim_missing("missing-keepdim", "sum", "max"),
    rule("missing-keepdim-einsum", "missing-keepdim", steps.einsum(("row",))),
    rule("missing-correction-product", "missing-correction", _uncorrected),
    rule("missing-correction-matrix", "missing-correction", _only_diagonal),
    rule("missing-correction-entries", "missing-correction", _store_of_probabilities),
    rule("diagonal-only-product", "diagonal-only", _slope_times_upstream),
    rule("diagonal-only-matrix", "diagonal-only", _slope_on_diagonal),
    rule("diagonal-only-slope", "diagonal-only", _slope_for_matrix),
    rule("diagonal-only-taken", "diagonal-only", _diagonal_taken),
    rule("diagonal-only-entries", "diagonal-only", _store_of_slopes),
    rule("diagonal-only-others", "diagonal-only", _other_entries),
    rule("ignores-upstream-slope", "ignores-upstream", _slope_alone),
    rule("ignores-upstream-matrix", "ignores-upstream", _matrix_alone),
    rule("fused-cross-entropy-product", "fused-cross-entropy", _subtracted),
    rule("sign-flipped-removed", "sign-flipped", steps.turned),
    rule("sign-flipped-added", "sign-flipped", steps.added),
    rule("sign-flipped-in-place", "sign-flipped", steps.added_in_place),
    rule("sign-flipped-difference", "sign-flipped", steps.swapped),
    rule("sign-flipped-product", "sign-flipped", steps.negated),
)
"""In the order in which they are tried; of two that come to the same text the first counts."""
