"""A slice's functions as rules of repair read them: names, where values come from, and spans."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from grader.core.repair import Fix, Patch
from grader.core.slice import Statement
from grader.editing.effort import Effort
from grader.editing.names import (
    Scope,
    Value,
    arguments_of,
    bound,
    default_of,
    imported,
    looped,
    scopes,
)
from grader.editing.text import Lines

__all__ = ["Code", "Function", "Given"]

SAME_VALUES: Final = frozenset(
    [
        "float", "double", "half", "to", "type", "contiguous", "clone", "copy", "view",
        "reshape", "unsqueeze", "squeeze", "flatten", "numpy", "cpu", "cuda", "detach",
        "requires_grad_", "data", "expand", "expand_as", "astype", "as_tensor", "tensor",
        "asarray", "array", "from_numpy", "Tensor", "atleast_2d", "expand_dims", "view_as",
        "type_as", "bfloat16", "item",
    ]
)  # fmt: skip
"""Calls and attributes that hand values on as they are, whatever their dtype or shape."""


MOST_TEXT: Final = 20_000
"""Characters of one statement."""

STEPS_A_NODE: Final = 16
"""Looking at so many nodes costs as much as following one name."""

EVERYTHING: Final = "*"
STARRED: Final = ("torch", "numpy")
REPLACED: Final = frozenset(["max", "min", "sum", "exp", "log", "mean", "amax", "amin"])
"""Of what `from torch import *` brings, the names that matter here, Python's own among them."""


@dataclass(frozen=True, eq=False)
class Code:
    """The statements of a program that may be mended.

    functions  every function, method and lambda in them, outer before inner
    data       module-level names of the notebook's sample data, and of what is computed from it
    names      every module-level name
    modules    local name -> module, for whole modules that are imported
    """

    statements: tuple[Statement, ...]
    functions: tuple[Function, ...]
    data: frozenset[str]
    names: frozenset[str]
    modules: dict[str, str]
    effort: Effort = field(default_factory=Effort)

    @classmethod
    def of(cls, statements: Sequence[Statement]) -> Code:
        """Statements that do not parse, or are too long for a search, are left alone."""
        data: set[str] = set()
        modules: dict[str, str] = {}
        parsed: list[tuple[int, ast.stmt, Lines, str]] = []
        for at, statement in enumerate(statements):
            if len(statement.code) > MOST_TEXT:
                continue
            try:
                body = ast.parse(statement.code).body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            for node in body:
                for part in ast.walk(node):
                    modules |= imported(part)
                if statement.data or (_is_value(node) and _mentions(node, data)):
                    data |= set(statement.binds)
                parsed.append((at, node, Lines(statement.code), statement.code))
        names = frozenset(name for statement in statements for name in statement.binds)
        code = cls(tuple(statements), (), frozenset(data), names, modules)
        functions = [
            Function(part, at, text, lines, code, outer)
            for at, node, lines, text in parsed
            for part, outer in scopes(node)
        ]
        functions.sort(key=lambda each: (each.statement, each.span(each.node)[0]))
        object.__setattr__(code, "functions", tuple(functions))
        return code

    def library(self, node: ast.expr) -> str:
        """The dotted library name of an expression (`torch.nn.functional.relu`), else empty."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        starred = self.modules.get(EVERYTHING, "")
        if not parts and starred in STARRED and node.id in REPLACED and node.id not in self.names:
            return self.modules.get(node.id, f"{starred}.{node.id}")
        if node.id not in self.modules:
            return ""
        return ".".join([self.modules[node.id], *reversed(parts)])


@dataclass(frozen=True, slots=True)
class Given:
    """What a name is given.

    end     offset at which the statement ends: from there on the name has this value
    always  whether the statement stands in no branch and no loop
    """

    value: Value
    end: int
    always: bool


@dataclass(frozen=True, eq=False)
class Function:
    """One function of the student's.

    parameters  names of its positional parameters without a default, `self` and a context left
                out; of one where all have a default, the first
    outer       local names of the functions around it
    nodes       what `walk` gives
    values      local name -> all that is assigned to it, in order
    elements    loop variable -> what is looped over
    """

    node: Scope
    statement: int
    code_text: str
    lines: Lines
    code: Code
    outer: frozenset[str]
    nodes: tuple[ast.AST, ...] = field(init=False)
    parameters: tuple[str, ...] = field(init=False)
    values: dict[str, list[Given]] = field(init=False)
    elements: dict[str, ast.expr] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(_nodes(self.node)))
        given = [each.arg for each in (*self.node.args.posonlyargs, *self.node.args.args)]
        required = given[: len(given) - len(self.node.args.defaults)]
        plain = tuple(name for name in required if name not in ("self", "cls", "ctx"))
        object.__setattr__(self, "parameters", plain or tuple(given[len(required) :][:1]))
        values: dict[str, list[Given]] = {}
        elements: dict[str, ast.expr] = {}
        outermost = [] if isinstance(self.node, ast.Lambda) else self.node.body
        always = {id(statement) for statement in outermost}
        for part in self.nodes:
            for name, value in bound(part):
                given_here = Given(value, self.span(part)[1], id(part) in always)
                values.setdefault(name, []).append(given_here)
            looped(part, elements)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "elements", elements)

    def walk(self) -> tuple[ast.AST, ...]:
        """Every node of the body in source order, inner functions left out."""
        self.code.effort.spend(len(self.nodes) // STEPS_A_NODE)
        return self.nodes

    def expressions(self) -> Iterator[ast.expr]:
        """Every expression that is read, in source order."""
        for part in self.walk():
            if isinstance(part, ast.expr) and not isinstance(
                getattr(part, "ctx", None), ast.Store | ast.Del
            ):
                yield part

    def given_before(self, name: ast.Name) -> tuple[list[Value], bool]:
        """What a name may stand for where it is read, and whether a parameter's own value is in it.

        The last value it was given above, and those before it back to one outside all branches.
        """
        at, values = self.span(name)[0], self.values.get(name.id, [])
        self.code.effort.spend(1 + len(values))
        found: list[Value] = []
        for given in reversed([each for each in values if each.end <= at]):
            found.append(given.value)
            if given.always:
                return found, False
        return found, name.id in self.parameters

    def path(self, node: Value) -> Iterator[Value]:
        """The expressions a value comes from, through names and through what keeps values.

        Each once, `node` first; where it goes through anything else the path ends there.
        """
        pending: list[Value] = [node]
        met: set[int] = set()
        while pending:
            part = pending.pop()
            if id(part) in met:
                continue
            met.add(id(part))
            self.code.effort.spend(1)
            yield part
            if isinstance(part, ast.Name):
                pending += self.given_before(part)[0]
            elif (inner := self.same_values(part)) is not None:
                pending.append(inner)

    def same_values(self, node: Value) -> ast.expr | None:
        """What a cast, copy or change of shape is made of; None for anything else."""
        if isinstance(node, ast.NamedExpr):
            return node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return node.args[0] if node.func.id == "float" and len(node.args) == 1 else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in SAME_VALUES:
                return None
            if self.code.library(node.func):
                return node.args[0] if node.args else None
            return node.func.value
        if isinstance(node, ast.Attribute) and node.attr in ("data", "T", "mT"):
            return node.value
        if isinstance(node, ast.Subscript) and _only_adds_axes(node.slice):
            return node.value
        return None

    def is_argument(self, node: Value) -> bool:
        """Whether a value is a parameter as it was handed over, or a row or entry of one."""
        found = False
        for part in self.path(node):
            if isinstance(part, ast.Name):
                values, own = self.given_before(part)
                found = found or own
                if not own and not values:
                    whole = self.elements.get(part.id)
                    if whole is None or not self.is_argument(whole):
                        return False
                    found = True
            elif isinstance(part, ast.Subscript) and not _only_adds_axes(part.slice):
                if not self.is_argument(part.value):
                    return False
                found = True
            elif self.same_values(part) is None:
                return False
        return found

    def is_free(self, name: str) -> bool:
        """Whether a name is the notebook's data, read from inside the function."""
        if name in self.values or name in self.elements or name in self.outer:
            return False
        default = default_of(self.node, name)
        if default is not None and name not in self.parameters:
            return any(
                isinstance(part, ast.Name) and part.id in self.code.data
                for part in ast.walk(default)
            )
        return name not in arguments_of(self.node) and name in self.code.data

    def is_known(self, name: str) -> bool:
        """Whether a name stands for anything: local, or bound somewhere in the notebook."""
        local = name in self.values or name in self.elements or name in arguments_of(self.node)
        local = local or name in self.outer
        return local or name in self.code.names or name in self.code.modules

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Offsets of a node in the statement's source."""
        return self.lines.span(node)

    def text(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.code_text[start:end]

    def replaced(self, node: ast.AST, text: str, variant: str = "") -> Fix:
        """The node gives way to `text`."""
        span = self.span(node)
        return Fix(self.statement, span, (Patch(*span, text),), variant)

    def wrapped(
        self,
        node: ast.AST,
        before: str,
        after: str,
        variant: str = "",
        *,
        inner: ast.AST | None = None,
    ) -> Fix:
        """`inner` (else the node) stays, all else of the node becomes `before` and `after`."""
        start, end = self.span(node)
        first, last = self.span(inner if inner is not None else node)
        if inner is not None:
            whole = _with_parentheses(self.code_text, first, last, start, end)
            if whole != (first, last) and before[-1:] == "(" and after[:1] == ")":
                before, after = before[:-1], after[1:]  # it has its own already
            first, last = whole
        return Fix(
            self.statement,
            (start, end),
            (Patch(start, first, before), Patch(last, end, after)),
            variant,
        )

    def given(self, call: ast.Call, keyword: str, variant: str = "") -> Fix:
        """The call gets one more keyword argument."""
        start, end = self.span(call)
        before = self.code_text[start : end - 1].rstrip()
        comma = ", " if (call.args or call.keywords) and not before.endswith(",") else ""
        patch = Patch(end - 1, end - 1, comma + keyword)
        return Fix(self.statement, (start, end), (patch,), variant)

    def begun_with(self, line: str) -> Fix | None:
        """A first statement is added; None for a lambda or a body on the line of its head."""
        if isinstance(self.node, ast.Lambda):
            return None
        body = self.node.body
        head = body[1] if _is_docstring(body[0]) and len(body) > 1 else body[0]
        decorators = getattr(head, "decorator_list", [])
        first = min([head.lineno, *(each.lineno for each in decorators)])
        indent = self.lines.indent(first)
        start = self.lines.offset(first, 0) + len(indent)
        if _is_docstring(head) or self.lines.offset(first, head.col_offset) != start:
            return None
        patch = Patch(start, start, f"{line}\n{indent}")
        return Fix(self.statement, (start, start), (patch,))


def _nodes(scope: Scope) -> Iterator[ast.AST]:
    body = [scope.body] if isinstance(scope, ast.Lambda) else scope.body
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        part = stack.pop()
        yield part
        # where something stands in an f-string Python 3.11 cannot tell
        if not isinstance(part, Scope | ast.ClassDef | ast.JoinedStr):
            stack += reversed(list(ast.iter_child_nodes(part)))


def _with_parentheses(text: str, first: int, last: int, start: int, end: int) -> tuple[int, int]:
    """The span of an operand with the parentheses around it that belong to it alone."""
    while True:
        left, right = first - 1, last
        while left >= start and text[left] in " \t\n":
            left -= 1
        while right < end and text[right] in " \t\n":
            right += 1
        opens = left > start and text[left] == "(" and text[left - 1] in "=+-*/(,[ \t\n"
        opens = opens or (left == start and text[left] == "(")
        if not (opens and right < end and text[right] == ")"):
            return first, last
        first, last = left, right + 1


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_value(node: ast.stmt) -> bool:
    """Whether a statement gives a name something other than a function."""
    given = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
    return given and not isinstance(getattr(node, "value", None), ast.Lambda)


def _mentions(node: ast.stmt, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _only_adds_axes(index: ast.expr) -> bool:
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return bool(parts) and all(
        (isinstance(part, ast.Constant) and part.value in (None, ...))
        or (isinstance(part, ast.Slice) and not (part.lower or part.upper or part.step))
        for part in parts
    )
