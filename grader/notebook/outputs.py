"""What in a text export is an output or a heading though it parses as Python.

Giving such lines back is always harmless: none of them binds a name, and none calls anything but
what only ever shows a value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["code_length", "names_in"]

_SHOWN: Final = re.compile(
    "tensor|array|Size|Parameter|device|dtype|matrix|Series|DataFrame|Timestamp|OrderedDict"
    "|defaultdict|Counter|deque"
)
_VALUES: Final = frozenset({"nan", "NaN", "NAN", "inf", "Inf", "Infinity", "NaT", "NA"})
_ASSIGNED_IN_TEXT: Final = re.compile(r"([^\W\d]\w*)[ \t]*=(?!=)")
_PLAIN: Final = (
    ast.Constant,
    ast.List,
    ast.Tuple,
    ast.Set,
    ast.Dict,
    ast.UnaryOp,
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.Starred,
    ast.Attribute,
    ast.Subscript,
    ast.Slice,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.keyword,
    ast.operator,
    ast.unaryop,
    ast.boolop,
    ast.cmpop,
    ast.expr_context,
)


def names_in(statements: Sequence[ast.stmt]) -> frozenset[str]:
    """Every name that `statements` bind, import or read; words standing alone may be prose."""
    names: set[str] = set()
    for statement in statements:
        if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Call):
            continue
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(node.name)
            elif isinstance(node, ast.alias):
                names.add((node.asname or node.name).split(".")[0])
    return frozenset(names)


def code_length(
    lines: Sequence[str], tree: ast.Module, known: Collection[str], *, first_block: bool
) -> int:
    """How many of `lines`, which parse to `tree`, are code.

    From the end, blocks behind a blank line are given back while they hold nothing but comments
    in the first column and expressions that read as outputs. `known` are names the notebook has
    used before. The block at the top is given back only with `first_block`.
    """
    statements = list(tree.body)
    spans = [range(_first_line(node) - 1, node.end_lineno or node.lineno) for node in statements]
    covered = {line for span in spans for line in span}
    inside = {line for span in spans for line in span[1:]}
    used = _Words(known, _first_uses(statements))
    printed = _first_printed(statements)
    top = next((at for at, line in enumerate(lines) if line.strip()), 0)
    count = len(lines)
    while (count := _without_blank_end(lines, count)) > top:
        begin = count - 1
        while begin > top and (lines[begin - 1].strip() or begin - 1 in inside):
            begin -= 1
        if begin <= top and not first_block:
            break
        rest = [line for line in range(begin, count) if line not in covered]
        if not all(lines[line].startswith("#") for line in rest):
            break
        keep = len(statements)
        while keep and spans[keep - 1].start >= begin:
            keep -= 1
        if not all(_reads_as_output(node, used, printed, keep) for node in statements[keep:]):
            break
        del statements[keep:]
        count = begin
    return count


def _without_blank_end(lines: Sequence[str], count: int) -> int:
    while count and not lines[count - 1].strip():
        count -= 1
    return count


@dataclass(frozen=True, slots=True)
class _Words:
    """Names that code has used: `known` before the cell, `first` by number of the statement."""

    known: Collection[str]
    first: Mapping[str, int]

    def unused(self, word: str, before: int) -> bool:
        """Whether no code above statement `before` has the word."""
        return word not in self.known and self.first.get(word, before) >= before


def _first_uses(statements: Sequence[ast.stmt]) -> dict[str, int]:
    """Name -> number of the first statement that has it."""
    first: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for name in names_in([statement]):
            first.setdefault(name, number)
    return first


def _first_line(node: ast.stmt) -> int:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return min([node.lineno, *(one.lineno for one in node.decorator_list)])
    return node.lineno


def _first_printed(statements: Sequence[ast.stmt]) -> dict[str, int]:
    """`max` of `print("max =", m)` -> number of the first statement with such a text."""
    first: dict[str, int] = {}
    for number, statement in enumerate(statements):
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for name in _ASSIGNED_IN_TEXT.findall(node.value):
                    first.setdefault(name, number)
    return first


def _reads_as_output(node: ast.stmt, used: _Words, printed: Mapping[str, int], before: int) -> bool:
    """Whether a statement is a shown value; names used in statements `before` it are code's."""
    if isinstance(node, ast.Expr):
        return _is_shown(node.value, used, before)
    if isinstance(node, ast.AnnAssign):
        return node.value is None  # `loss: 0.5`, `Note: so`
    if isinstance(node, ast.Assign):  # a print of `x = tensor(1.)`
        target = node.targets[0]
        name = target.id if isinstance(target, ast.Name) else ""
        if printed.get(name, before) < before and _is_shown(node.value, used, before):
            return True
        return any(
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Name)
            and part.func.id in {"tensor", "array"}
            and used.unused(part.func.id, before)
            for part in ast.walk(node.value)
        )
    return False


def _is_shown(value: ast.expr, used: _Words, before: int) -> bool:
    """Made of literals and shown values alone, or with a word that the code above never used."""
    words: set[str] = set()
    pending: list[ast.AST] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            if not _SHOWN.fullmatch(_called(node.func)):
                return False
            pending += [*node.args, *node.keywords]
        elif isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, _PLAIN):
            pending += ast.iter_child_nodes(node)
        else:
            return False
    words -= _VALUES
    return not words or any(used.unused(word, before) for word in words)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
