"""Definitions the student has not begun."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Final

from grader.core.notebook import Cell
from grader.core.slice import Wanted
from grader.slicing.bindings import Binding
from grader.slicing.names import local_names
from grader.slicing.target import Definitions
from grader.slicing.timeline import Event
from grader.slicing.units import parse_source

__all__ = ["is_stub", "unparsed_definition"]

_DEPTH: Final = 20
_MOST_STEPS: Final = 2_000
_CONFLICT: Final = ("<<<<<<<", "=======", ">>>>>>>")  # a merge: the body stands below
_ENTRY: Final = ("forward", "__call__")


def is_stub(binding: Binding, unit: int, definitions: Definitions, wanted: Wanted) -> bool:
    """Whether what the name stands for is a body without work: followed through other names."""
    asked = _Asked(definitions, _template_bodies(wanted))
    return _value_is_stub(binding.value, unit, asked, 0)


@dataclass(slots=True)
class _Asked:
    """What one question needs; `left` are the steps it may still take through names."""

    definitions: Definitions
    templates: set[str]
    left: int = _MOST_STEPS


def _value_is_stub(value: ast.AST | None, unit: int, asked: _Asked, depth: int) -> bool:
    asked.left -= 1
    if depth > _DEPTH or asked.left < 0:
        return False
    definitions, templates = asked.definitions, asked.templates
    if isinstance(value, ast.FunctionDef | ast.Lambda):
        return _function_is_stub(value, definitions, templates)
    if isinstance(value, ast.ClassDef):
        return _class_is_stub(value, definitions, templates)
    name = ""
    if isinstance(value, ast.Name):
        name = value.id
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and not value.args:
        name = value.func.id
    origins = list(definitions.origins(name, unit)) if name else []
    if isinstance(value, ast.Call):  # an instance is as empty as its class
        origins = [origin for origin in origins if isinstance(origin[0], ast.ClassDef)]
    return bool(origins) and all(
        _value_is_stub(origin, index, asked, depth + 1) for origin, index in origins
    )


def _class_is_stub(value: ast.ClassDef, definitions: Definitions, templates: set[str]) -> bool:
    if any(kind is Event.CHANGE for _, kind in definitions.timeline.events(value.name)):
        return False  # `Layer.forward = forward`: what it can do stands elsewhere
    methods = [node for node in value.body if isinstance(node, ast.FunctionDef)]
    entries = [method for method in methods if method.name in _ENTRY]
    if entries:
        return all(_function_is_stub(method, definitions, templates) for method in entries)
    return not value.bases and all(_says_nothing(node) for node in value.body)


def _function_is_stub(
    value: ast.FunctionDef | ast.Lambda, definitions: Definitions, templates: set[str]
) -> bool:
    if isinstance(value, ast.Lambda):
        return _is_nothing(value.body)
    body = _without_docstring(value.body)
    if _dump(body) in templates:
        return True
    *before, last = body or [ast.Pass()]
    empty = {name for node in before for name in _emptied(node)}
    return all(_says_nothing(node) for node in before) and (
        _says_nothing(last)
        or _gives_up(last, empty)
        or _returns_nothing_known(last, value, definitions)
    )


def _says_nothing(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or bool(_emptied(node))
    )


def _emptied(node: ast.stmt) -> list[str]:
    """`probs` of `probs = None`, as handouts begin and students end."""
    if isinstance(node, ast.Assign) and _is_nothing(node.value):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, ...)


def _gives_up(node: ast.stmt, empty: set[str]) -> bool:
    if isinstance(node, ast.Return):
        named = isinstance(node.value, ast.Name) and node.value.id in empty
        return node.value is None or named or _is_nothing(node.value)
    if isinstance(node, ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return isinstance(raised, ast.Name) and raised.id in {
            "NotImplementedError",
            "NotImplemented",
        }
    return False


def _returns_nothing_known(
    node: ast.stmt, function: ast.FunctionDef, definitions: Definitions
) -> bool:
    """`return probs`, a name the handout leaves to the student and nobody ever bound."""
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Name):
        return False
    name = node.value.id
    local, _ = local_names(function)
    return name not in local and not definitions.known(name)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:]
    return body


def _dump(body: list[ast.stmt]) -> str:
    return "\n".join(ast.dump(node) for node in body)


def _template_bodies(wanted: Wanted) -> set[str]:
    bodies: set[str] = set()
    for source in wanted.stubs:
        try:
            module = parse_source(source)
        except SyntaxError:  # a body of comments only: `unparsed_definition` knows that one
            continue
        for node in module.body:
            if isinstance(node, ast.FunctionDef):
                bodies.add(_dump(_without_docstring(node.body)))
    return bodies


def unparsed_definition(cell: Cell, names: tuple[str, ...]) -> tuple[str, int, bool] | None:
    """Name, line and emptiness of the last definition a cell that does not parse seems to hold.

    Empty means a body of nothing but comments, which is why it does not parse.
    """
    wanted = "|".join(re.escape(name) for name in names)
    if not wanted:
        return None
    head = re.compile(rf"\s*(?:(?:def|class)\s+({wanted})\b|({wanted})\s*=\s*lambda\b)")
    lines = cell.source.split("\n")
    found = [(match, line) for line, text in enumerate(lines) if (match := head.match(text))]
    if not found:
        return None
    match, line = found[-1]
    return match[1] or match[2], line + 1, _only_comments_follow(lines, line)


def _only_comments_follow(lines: list[str], head: int) -> bool:
    if not lines[head].split("#", 1)[0].rstrip().endswith(":"):
        return False
    for text in lines[head + 1 :]:
        code = text.strip()
        if code and not code.startswith("#"):
            return not (text[0].isspace() or text.startswith(_CONFLICT))
    return True
