"""One top-level statement -> the module-level names it reads, binds and changes, and when.

`now` is what happens while the statement runs; `later` is what the functions defined in it do
when they are called. Function, class, lambda and comprehension scopes are resolved as the
compiler does; a name bound earlier in the same statement is not a read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from grader.slicing.names import (
    Comprehension,
    Scoped,
    attributes,
    evaluated_at_definition,
    local_names,
    names_bound_by,
    own_targets,
    root_name,
)
from grader.slicing.words import words

__all__ = ["Effects", "Touch", "effects"]

_CHANGES_FIRST_ARGUMENT: Final = words(
    "setattr delattr setitem delitem shuffle heappush heappop heapify insort insort_left"
    " insort_right copyto fill_diagonal put place putmask"
)
_CONTAINERS: Final = frozenset({"list", "dict", "set", "deque", "bytearray"})

_LIKE: Final = {
    "UnaryOp": "BinOp",
    "Compare": "BinOp",
    "SetComp": "ListComp",
    "DictComp": "ListComp",
    "GeneratorExp": "ListComp",
    "AsyncFunctionDef": "FunctionDef",
    "ImportFrom": "Import",
    "AsyncFor": "For",
    "AsyncWith": "With",
    "TryStar": "Try",
    "MatchStar": "MatchAs",
    "MatchMapping": "MatchAs",
}
"""Kinds of nodes that are visited like another."""


@dataclass(slots=True)
class Touch:
    """What is done to module-level names.

    methods  (root name, attribute) of method calls: `n.data.fill_(0)` is ("n", "fill_")
    passes   (function, position or keyword, root name) of names handed to a function by name
    """

    reads: set[str] = field(default_factory=set)
    binds: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    methods: set[tuple[str, str]] = field(default_factory=set)
    passes: set[tuple[str, int | str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Effects:
    """All of one statement.

    kills    of the names bound now, those that certainly have a new value afterwards
    unbinds  names of a `del` statement
    runs     it calls or computes something now, so that functions it mentions may be called
    """

    now: Touch
    later: Touch
    kills: frozenset[str]
    unbinds: frozenset[str]
    runs: bool


def effects(node: ast.stmt, *, certain: bool) -> Effects:
    """Analyse one statement; `certain` is false for blocks, which kill no earlier binding.

    Raises RecursionError on code nested beyond the interpreter's depth.
    """
    walk = _Walk()
    walk.visit(node)
    unbinds: set[str] = set()
    if isinstance(node, ast.Delete):
        unbinds = {target.id for target in node.targets if isinstance(target, ast.Name)}
    keeps = isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Import) and node.names[0].asname is None and "." in node.names[0].name
    )
    kills = frozenset(walk.now.binds) if certain and not keeps else frozenset()
    return Effects(walk.now, walk.later, kills, frozenset(unbinds), walk.runs)


@dataclass(slots=True)
class _Activation:
    """One run of a body at one time; `sure` are module names it has certainly bound itself."""

    touch: Touch
    sure: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Scope:
    kind: Literal["module", "function", "class", "comprehension"]
    parent: _Scope | None
    activation: _Activation
    local: set[str] = field(default_factory=set)
    declared_global: set[str] = field(default_factory=set)
    sure: set[str] = field(default_factory=set)  # class bodies: bound so far


class _Walk(ast.NodeVisitor):
    """Visits in order of evaluation, as far as it matters for reads before binds."""

    def __init__(self) -> None:
        self.now = Touch()
        self.later = Touch()
        self.runs = False
        self.scope = _Scope("module", None, _Activation(self.now))

    def visit(self, node: ast.AST) -> None:
        kind = type(node).__name__
        visit = getattr(self, f"visit_{_LIKE.get(kind, kind)}", self.generic_visit)
        visit(node)

    # names

    def _is_global(self, name: str) -> bool:
        scope: _Scope | None = self.scope
        while scope and scope.kind != "module":
            if name in scope.declared_global:
                return True
            if name in scope.local:
                if scope.kind != "class":
                    return False
                if scope is self.scope:  # a class body looks among its own, then in the module
                    return name not in scope.sure
            scope = scope.parent
        return True

    def _root(self, node: ast.AST) -> str | None:
        """The module-level name a chain of attributes starts at."""
        name = root_name(node)
        return name if name and self._is_global(name) else None

    def _read(self, name: str) -> None:
        if self._is_global(name) and name not in self.scope.activation.sure:
            self.scope.activation.touch.reads.add(name)

    def _bind(self, name: str) -> None:
        scope = self.scope
        if scope.kind == "comprehension" and name in scope.local:
            return
        while scope.kind == "comprehension" and scope.parent:
            scope = scope.parent
        if scope.kind == "class" and name not in scope.declared_global:
            scope.sure.add(name)
        elif scope.kind == "module" or name in scope.declared_global:
            scope.activation.touch.binds.add(name)
            scope.activation.sure.add(name)

    def _change(self, node: ast.AST) -> None:
        # `torch.backends.cudnn.benchmark = True` sets up the session, not a value
        if (root := self._root(node)) and "backends" not in attributes(node):
            self.scope.activation.touch.changes.add(root)

    def _ran(self) -> None:
        if self.scope.activation.touch is self.now:
            self.runs = True

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node.id)
        elif isinstance(node.ctx, ast.Store):
            self._bind(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value)
        self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._ran()
        if not isinstance(node.ctx, ast.Load):
            self._change(node.value)
        self.generic_visit(node)

    # expressions

    def visit_BinOp(self, node: ast.BinOp | ast.UnaryOp | ast.Compare) -> None:
        self._ran()
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def visit_Call(self, node: ast.Call) -> None:
        self._ran()
        self.generic_visit(node)
        touch = self.scope.activation.touch
        called = ""
        if isinstance(node.func, ast.Attribute):
            called = node.func.attr
            owner = self._root(node.func.value)
            if owner in _CONTAINERS and node.args:  # list.append(n, 1)
                owner = self._root(node.args[0])
            if owner:
                touch.methods.add((owner, called))
        elif isinstance(node.func, ast.Name):
            called = node.func.id
            if self._is_global(called):
                touch.passes |= set(self._handed_over(called, node))
        in_place = called.endswith("_") and not called.endswith("__")
        if node.args and (called in _CHANGES_FIRST_ARGUMENT or in_place):
            self._change(node.args[0])
        for keyword in node.keywords:
            if keyword.arg == "out":
                self._change(keyword.value)

    def _handed_over(self, called: str, node: ast.Call) -> Iterator[tuple[str, int | str, str]]:
        for position, argument in enumerate(node.args):
            if root := self._root(argument):
                yield called, position, root
        for keyword in node.keywords:
            root = self._root(keyword.value)
            if root and keyword.arg:
                yield called, keyword.arg, root

    def visit_ListComp(self, node: Comprehension) -> None:
        self._ran()
        self.visit(node.generators[0].iter)
        outer = self.scope
        self.scope = _Scope("comprehension", outer, outer.activation, own_targets(node))
        for place, generator in enumerate(node.generators):
            if place:
                self.visit(generator.iter)
            self.visit(generator.target)
            for condition in generator.ifs:
                self.visit(condition)
        if isinstance(node, ast.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        self.scope = outer

    # definitions

    def _body_later(self, scoped: Scoped) -> None:
        outer = self.scope
        local, declared = local_names(scoped)
        self.scope = _Scope("function", outer, _Activation(self.later), local, declared)
        body = [scoped.body] if isinstance(scoped, ast.Lambda) else scoped.body
        for node in body:
            self.visit(node)
        self.scope = outer

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in evaluated_at_definition(node):
            self.visit(part)
        self._body_later(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, *evaluated_at_definition(node)]:
            self.visit(part)
        if node.decorator_list:
            self._ran()
        self._type_parameters(node)
        self._body_later(node)
        self._bind(node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        if node.decorator_list:
            self._ran()
        self._type_parameters(node)
        outer = self.scope
        local, declared = local_names(node)
        # what Python itself puts into a class body
        local |= {"__module__", "__qualname__", "__class__"}
        self.scope = _Scope("class", outer, outer.activation, local, declared)
        self.scope.sure |= {"__module__", "__qualname__"}
        for statement in node.body:
            self.visit(statement)
        self.scope = outer
        self._bind(node.name)

    def _type_parameters(self, node: ast.AST) -> None:
        """Python 3.12: bounds of `def f[T: Bound]` are read, T is local to the definition."""
        for parameter in getattr(node, "type_params", []):
            self.scope.activation.sure.add(parameter.name)
            self.generic_visit(parameter)

    # statements

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name in names_bound_by(node):
            self._bind(name)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)
        if self.scope.kind != "function":  # annotations of local variables are never evaluated
            self.visit(node.annotation)
        if node.value or not isinstance(node.target, ast.Name):
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._ran()
        if isinstance(node.target, ast.Name):
            self._read(node.target.id)
        self.visit(node.value)
        self.visit(node.target)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.scope.activation.sure.discard(target.id)
            else:
                self.visit(target)

    def _branches(self, *bodies: Iterable[ast.AST]) -> None:
        """Alternatives: certainly bound afterwards is what every one of them bound."""
        activation = self.scope.activation
        start = set(activation.sure)
        ends: list[set[str]] = []
        for body in bodies:
            activation.sure = set(start)
            for node in body:
                self.visit(node)
            ends.append(activation.sure)
        activation.sure = set.intersection(*ends) if ends else start

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches(node.body, node.orelse)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self._branches([node.body], [node.orelse])

    def visit_While(self, node: ast.While) -> None:
        self._ran()
        self.visit(node.test)
        self._branches(node.body, [])
        self._branches(node.orelse, [])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._ran()
        self.visit(node.iter)
        self._branches([node.target, *node.body], [])
        self._branches(node.orelse, [])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        self._ran()
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try | ast.TryStar) -> None:
        self._branches([*node.body, *node.orelse], *([handler] for handler in node.handlers))
        for statement in node.finalbody:
            self.visit(statement)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type:
            self.visit(node.type)
        activation = self.scope.activation
        fresh = bool(node.name) and node.name not in activation.sure
        if node.name and self._is_global(node.name):
            activation.sure.add(node.name)  # bound here and unbound again at the end
        if node.name and self.scope.kind == "class":
            self.scope.sure.add(node.name)
        for statement in node.body:
            self.visit(statement)
        if node.name and fresh:
            activation.sure.discard(node.name)

    def visit_Match(self, node: ast.Match) -> None:
        self._ran()
        self.visit(node.subject)
        self._branches(*([case] for case in node.cases), [])

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> None:
        self.generic_visit(node)
        for name in names_bound_by(node):
            self._bind(name)
