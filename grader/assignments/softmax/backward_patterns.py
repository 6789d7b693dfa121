"""What repairs of a softmax's backward pass look for in source: products, slopes and diagonals.

Everything here reads source; which of it is a bug, `backward_repairs` says. With p the
probabilities and g the upstream gradient, a slope is `p (1 - p)`, however it is written.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grader.assignments.tensor_rules import Find
from grader.core.repair import Fix, Rule
from grader.editing import Code, Function, reductions
from grader.editing.names import Value
from grader.editing.reductions import constant

__all__ = [
    "Diagonal",
    "Entry",
    "atom",
    "column_times_row",
    "diagonals",
    "entry",
    "factors",
    "handed_back",
    "identities",
    "is_plain",
    "products",
    "returned",
    "row_sum",
    "rule",
    "sign",
    "slope",
    "slope_and_rest",
    "unread",
]

_OTHERS: Final = re.compile(r"forward|good_softmax|__\w+__")
"""Functions in which no derivative is worked out."""

_SUMMING: Final = frozenset(
    ["dot", "vdot", "inner", "matmul", "mm", "bmm", "mv", "einsum", "tensordot", "outer", "ger"]
)
_TIMES: Final = frozenset(["mul", "multiply"])
_ADDING: Final = frozenset(["add", "sub", "subtract", "addcmul", "where"])
_DIAGONAL: Final = frozenset(["diag", "diag_embed", "diagflat"])
_IDENTITY: Final = frozenset(["eye", "identity"])
_WITH_AXES: Final = frozenset(["unsqueeze", "view", "reshape", "expand_dims"])


def rule(name: str, bug: str, find: Find) -> Rule:
    """A rule that looks where derivatives are worked out."""

    def of_code(code: Code) -> Iterator[Fix]:
        for function in code.functions:
            if not _OTHERS.fullmatch(getattr(function.node, "name", "")):
                yield from find(function)

    return Rule(name, bug, of_code)


def atom(function: Function, node: ast.expr) -> str:
    """The source of an expression, in parentheses where an operator beside it needs them."""
    text = function.text(node)
    plain = isinstance(node, ast.Name | ast.Call | ast.Attribute | ast.Subscript)
    return text if plain else f"({text})"


def factors(function: Function, node: ast.expr) -> list[ast.expr]:
    """What a product is made of, in order, signs left out; of anything else itself alone."""
    pair = _operands(function, node)
    if pair is None:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return factors(function, node.operand)
        return [node]
    return [*factors(function, pair[0]), *factors(function, pair[1])]


def sign(function: Function, node: ast.expr) -> str:
    """The sign of a product, taken from its factors: `-` or nothing."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return "" if sign(function, node.operand) else "-"
    signs = [sign(function, each) for each in _operands(function, node) or ()]
    return "-" if signs.count("-") % 2 else ""


def _operands(function: Function, node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return left, right
        case ast.Call(func=ast.Attribute(value=value, attr=attr) as func, args=args) if (
            attr in _TIMES
        ):
            operands = args if function.code.library(func) else [value, *args]
            return (operands[0], operands[1]) if len(operands) == 2 else None
    return None


def is_plain(function: Function, node: Value) -> bool:
    """Whether nothing is added to or taken off a value, and it is no number, through names.

    Less its own weighted sum, a gradient is right whatever was added to it: only of a gradient to
    which nothing was added can it be said that the sum alone is missing.
    """
    return not any(
        (isinstance(part, ast.expr) and constant(part) is not None)
        or isinstance(part, ast.AugAssign)
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add | ast.Sub))
        or (isinstance(part, ast.Call) and _called(part).rstrip("_") in _ADDING)
        for part in function.path(node)
    )


def products(function: Function) -> Iterator[ast.expr]:
    """Products that are no factor of a larger one, and not what a reduction or a dot runs over."""
    inside = _summed(function)
    for node in function.expressions():
        if id(node) in inside or _operands(function, node) is None:
            continue
        inside |= {id(part) for part in _chain(function, node)}
        yield node


def _chain(function: Function, node: ast.expr) -> Iterator[ast.expr]:
    """The product and the products that are its factors."""
    yield node
    if isinstance(node, ast.UnaryOp):
        yield from _chain(function, node.operand)
    for each in _operands(function, node) or ():
        yield from _chain(function, each)


def _summed(function: Function) -> set[int]:
    """Everything inside what is reduced or multiplied as a matrix."""
    found: set[int] = set()
    for each in reductions(function):
        found |= {id(part) for part in ast.walk(each.operand)}
    for node in function.expressions():
        if _joins_rows(node):
            found |= {id(part) for part in ast.walk(node)}
    return found


def _joins_rows(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.MatMult)
    return isinstance(node, ast.Call) and _called(node) in _SUMMING | _DIAGONAL


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def slope(function: Function, node: Value) -> ast.expr | None:
    """The p of `p * (1 - p)`, `p - p * p` or `p - p ** 2`, through names; else None."""
    for part in function.path(node):
        if not isinstance(part, ast.expr):
            continue
        match part:
            case ast.BinOp(left=p, op=ast.Sub(), right=right) if _is_square(function, right, p):
                return p
        found = slope_and_rest(function, factors(function, part))
        if found is not None and not found[1]:
            return found[0]
    return None


def slope_and_rest(
    function: Function, parts: Sequence[ast.expr]
) -> tuple[ast.expr, list[ast.expr]] | None:
    """The p of a slope among the factors of a product, and the factors that are left."""
    for one in parts:
        for other in parts:
            if _is_complement(function, other, one):
                return one, [each for each in parts if each is not one and each is not other]
    if len(parts) > 1:
        for one in parts:
            found = slope(function, one)
            if found is not None:
                return found, [each for each in parts if each is not one]
    return None


def _is_complement(function: Function, node: ast.expr, of: ast.expr) -> bool:
    return any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Sub)
        and constant(part.left) == 1
        and function.text(part.right) == function.text(of)
        for part in function.path(node)
    )


def _is_square(function: Function, node: ast.expr, of: ast.expr) -> bool:
    text = function.text(of)
    match node:
        case ast.BinOp(left=left, op=ast.Pow(), right=power):
            return function.text(left) == text and constant(power) == 2
        case ast.Call(func=ast.Attribute(value=inner, attr="pow" | "square"), args=args):
            base = args[0] if function.code.library(node.func) and args else inner
            return function.text(base) == text
    parts = factors(function, node)
    return len(parts) == 2 and all(function.text(each) == text for each in parts)


def row_sum(function: Function, text: str) -> str:
    """Source of the sum of an expression along each row, that axis kept."""
    if any(name.partition(".")[0] == "numpy" for name in function.code.modules.values()):
        return f"({text}).sum(axis=-1, keepdims=True)"  # torch takes these words as well
    return f"({text}).sum(dim=-1, keepdim=True)"


def column_times_row(text: str) -> str:
    """Source of the outer product of each row of an expression with itself."""
    return f"{text}[..., :, None] * {text}[..., None, :]"


def identities(function: Function, like: str) -> Iterator[tuple[str, str]]:
    """Source of an identity matrix by each library that is there, with the variant's name."""
    for local, module in function.code.modules.items():
        if module in ("torch", "numpy"):
            yield f"{local}.eye({like})", module


@dataclass(frozen=True, eq=False)
class Diagonal:
    """A matrix that is zero but for its diagonal: `diag_embed(p)`, `eye(n) * p[:, None]`.

    content  what stands on the diagonal, or its factors
    whole    the call or the product
    identity of a product: the factor that is an identity matrix
    """

    whole: ast.expr
    content: list[ast.expr]
    identity: ast.expr | None = None


def diagonals(function: Function) -> Iterator[Diagonal]:
    """Every diagonal matrix that is written in the function, in source order."""
    for node in function.expressions():
        if isinstance(node, ast.Call) and _called(node) in _DIAGONAL:
            if function.code.library(node.func):
                inner = node.args[0] if node.args else None
            else:
                inner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if inner is not None:
                yield Diagonal(node, [inner])
    for node in products(function):
        parts = factors(function, node)
        ones = next((each for each in parts if _is_identity(function, each)), None)
        rest = [_without_axes(function, each) for each in parts if each is not ones]
        if ones is not None and rest:
            yield Diagonal(node, rest, ones)


def _is_identity(function: Function, node: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Call) and _called(part) in _IDENTITY for part in function.path(node)
    )


def _without_axes(function: Function, node: ast.expr) -> ast.expr:
    """An expression without the axes that are only put in for broadcasting."""
    while True:
        inner = function.same_values(node)
        adds = isinstance(node, ast.Subscript) or (
            isinstance(node, ast.Call) and _called(node) in _WITH_AXES
        )
        if inner is None or not adds:
            return node
        node = inner


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a row, `p[i]`, `p[b, i]` or `p[b][i]`: source of the row and of the index."""

    row: str
    index: str

    def at(self, index: str) -> str:
        """Another entry of the same row."""
        return f"{self.row}[{index}]"


def entry(function: Function, node: ast.AST) -> Entry | None:
    """The entry that an expression is; None for anything else, such as a slice."""
    if not isinstance(node, ast.Subscript):
        return None
    row, index = function.text(node.value), node.slice
    if isinstance(index, ast.Tuple):
        if len(index.elts) < 2:
            return None
        first = ", ".join(function.text(each) for each in index.elts[:-1])
        row, index = f"{row}[{first}]", index.elts[-1]
    if not isinstance(index, ast.Name):
        return None
    return Entry(row, index.id)


def returned(function: Function) -> Iterator[ast.expr]:
    """The values that a function returns."""
    if isinstance(function.node, ast.Lambda):
        yield function.node.body
        return
    for part in function.walk():
        if isinstance(part, ast.Return) and part.value is not None:
            yield part.value


def handed_back(function: Function) -> set[int]:
    """Ids of the expressions that are, as they stand, a result or a part of one that is stored.

    Through names; what is only a term of a result is none.
    """
    ends = list(returned(function))
    for part in function.walk():
        match part:
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=value):
                ends.append(value)
            case ast.Call(func=ast.Attribute(attr="append"), args=[value]):
                ends.append(value)
            case ast.ListComp(elt=value):
                ends.append(value)
    found: set[int] = set()
    while ends:
        for part in function.path(ends.pop()):
            if isinstance(part, ast.UnaryOp):
                ends.append(part.operand)
            found.add(id(part))
    return found


def unread(function: Function) -> Iterator[str]:
    """Parameters that nothing in the function reads."""
    read = {part.id for part in ast.walk(function.node) if isinstance(part, ast.Name)}
    yield from (name for name in function.parameters if name not in read)
