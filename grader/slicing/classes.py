"""What the notebook's classes have and are made from, as far as the source shows it."""

from __future__ import annotations

import ast
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from grader.slicing.bindings import bindings
from grader.slicing.library import Library
from grader.slicing.names import attributes, root_name
from grader.slicing.target import GIVE_THEMSELVES, Definitions

__all__ = ["Classes", "Function", "Member", "positional"]

_MOST_KIN: Final = 50
_MOST_MEMBERS: Final = 2_000
_DEPTH: Final = 20
_CONTEXT: Final = frozenset({"ctx", "_ctx", "context", "ctxt"})
_AUTOGRAD_FUNCTION: Final = frozenset({"Function", "InplaceFunction", "FunctionBase"})
_MODULE: Final = frozenset({"Module", "LightningModule", "ScriptModule"})

Function = ast.FunctionDef | ast.Lambda
Bound = Literal["self", "cls", "nothing"]
_BOUND: Final[Mapping[str, Bound]] = {"staticmethod": "nothing", "classmethod": "cls"}
_NOT_CALLED: Final = frozenset({"property", "cached_property", "setter", "getter", "deleter"})


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A method as its class has it.

    bound  what a call through an instance passes first
    unit   where the definition stands
    """

    name: str
    function: Function
    bound: Bound
    unit: int

    @property
    def names(self) -> tuple[str, ...]:
        """All positional parameters, the bound one included."""
        return positional(self.function)

    @property
    def takes_context(self) -> bool:
        """Whether a context is what it takes first, or first after itself."""
        place = 1 if self.bound != "nothing" and self.names[:1] in (("self",), ("cls",)) else 0
        return bool(_CONTEXT & {*self.names[place : place + 1]})


def positional(function: Function) -> tuple[str, ...]:
    """Names of the positional parameters."""
    arguments = function.args
    return tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))


class Classes:
    """Answers what a class of the notebook inherits and what it can do."""

    def __init__(self, definitions: Definitions, library: Library) -> None:
        self._definitions = definitions
        self._library = library
        self._members: dict[ast.ClassDef, Mapping[str, Member]] = {}
        self._given = self._given_later()

    def _given_later(self) -> dict[str, list[tuple[str, ast.expr, int]]]:
        """Name -> what statements like `Layer.backward = f` give to it, in order."""
        found: dict[str, list[tuple[str, ast.expr, int]]] = defaultdict(list)
        for unit in self._definitions.timeline.units:
            node = unit.node
            if not isinstance(node, ast.Assign):
                continue
            for target in node.targets:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    found[target.value.id].append((target.attr, node.value, unit.index))
        return found

    def resolve(self, value: ast.AST | None, unit: int) -> tuple[ast.AST | None, int]:
        """What a value that is another name stands for before `unit`, and where that stands."""
        for _ in range(_DEPTH):
            if not isinstance(value, ast.Name):
                break
            value, unit = next(self._definitions.origins(value.id, unit), (None, unit))
        return value, unit

    def class_of(self, value: ast.AST | None, unit: int) -> tuple[ast.ClassDef, int] | None:
        """The notebook's class that `value` is a new instance of, and where it stands."""
        given_by: set[str] = set()
        while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            if value.func.attr not in GIVE_THEMSELVES:
                return None
            given_by.add(value.func.attr)  # `Layer(3).to(device)`
            value = value.func.value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            found, at = self.resolve(value.func, unit)
            if isinstance(found, ast.ClassDef) and given_by.isdisjoint(self.members(found, at)):
                return found, at
        return None

    def kin(self, node: ast.ClassDef, unit: int) -> Iterator[tuple[ast.ClassDef, int]]:
        """The class and the notebook's classes that it is made from, nearest first."""
        waiting, seen = deque([(node, unit)]), {node}
        while waiting and len(seen) <= _MOST_KIN:
            found, at = waiting.popleft()
            yield found, at
            for base in found.bases:
                origin, index = self.resolve(base, at)
                if isinstance(origin, ast.ClassDef) and origin not in seen:
                    seen.add(origin)
                    waiting.append((origin, index))

    def _libraries(self, node: ast.ClassDef, unit: int) -> Iterator[str]:
        """Dotted names of the classes from elsewhere that it is made from."""
        for found, _ in self.kin(node, unit):
            for base in found.bases:
                yield from self._library.dotted(base)
                root = root_name(base)
                if root and not self._definitions.timeline.bound(root):  # the file lost its import
                    yield ".".join([root, *reversed([*attributes(base)])])

    def is_autograd_function(self, node: ast.ClassDef, unit: int) -> bool:
        """Whether it is a subclass of `torch.autograd.Function`."""
        for name in self._libraries(node, unit):
            owner, _, last = name.rpartition(".")
            if last in _AUTOGRAD_FUNCTION and ("autograd" in owner or not owner):
                return True
        return False

    def is_module(self, node: ast.ClassDef, unit: int) -> bool:
        """Whether it is a subclass of `torch.nn.Module`."""
        for name in self._libraries(node, unit):
            *owner, last = name.split(".")
            if last in _MODULE or ("nn" in owner and "functional" not in owner):
                return True
        return False

    def members(self, node: ast.ClassDef, unit: int) -> Mapping[str, Member]:
        """The methods of the class and of those it is made from, by name; the last one counts."""
        if node not in self._members:
            found: dict[str, Member] = {}
            for kin, at in self.kin(node, unit):
                found = {**self._own_members(kin, at), **found}
                if len(found) > _MOST_MEMBERS:
                    break
            self._members[node] = found
        return self._members[node]

    def _own_members(self, node: ast.ClassDef, unit: int) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for statement in node.body:
            for binding in bindings(statement):
                member = self._member(binding.name, binding.value, unit, found)
                found.pop(binding.name, None)
                if member:
                    found[binding.name] = member
        for name, value, index in self._given.get(node.name, ()):
            member = self._member(name, value, index, {}) if index > unit else None
            if member:
                found[name] = member
        return found

    def _member(
        self, name: str, value: ast.AST | None, unit: int, own: Mapping[str, Member]
    ) -> Member | None:
        """None for what is no method: a property, a value."""
        bound: Bound | None = None
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
            if value.func.id not in _BOUND:
                return None
            bound, value = _BOUND[value.func.id], value.args[0]
        if isinstance(value, ast.Name) and value.id in own:
            held = own[value.id]
            return Member(name, held.function, bound or held.bound, held.unit)
        value, unit = self.resolve(value, unit)
        if not isinstance(value, Function):
            return None
        for decorator in getattr(value, "decorator_list", []):
            for part in (root_name(decorator) or "", *attributes(decorator)):
                if part in _NOT_CALLED:
                    return None
                bound = _BOUND.get(part, bound)
        return Member(name, value, bound or "self", unit)

    def needs_arguments(self, node: ast.ClassDef, unit: int) -> bool:
        """Whether no instance can be made without arguments, as far as the notebook shows."""
        if any("dataclass" in (_last_name(each) or "") for each in node.decorator_list):
            return any(isinstance(each, ast.AnnAssign) and each.value is None for each in node.body)
        members = self.members(node, unit)
        made = members.get("__init__") or members.get("__new__")
        if made is None:
            return False
        arguments = made.function.args
        required = len(made.names) - len(arguments.defaults) - 1
        return required > 0 or None in arguments.kw_defaults


def _last_name(decorator: ast.expr) -> str | None:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return called.attr if isinstance(called, ast.Attribute) else root_name(called)
