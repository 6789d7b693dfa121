"""What happens to every module-level name over the notebook, in order."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final

from grader.slicing.bindings import calls_now
from grader.slicing.blocks import BLOCKS
from grader.slicing.names import local_names, root_name
from grader.slicing.scope import Effects, effects
from grader.slicing.units import Unit
from grader.slicing.words import words

__all__ = ["Event", "Timeline"]

MUTATORS: Final = words(
    "append appendleft extend extendleft insert remove pop popleft popitem clear sort reverse"
    " rotate update setdefault add discard difference_update intersection_update"
    " symmetric_difference_update subtract move_to_end fill resize itemset setflags eval train"
    " load_state_dict register_buffer register_parameter register_module add_module"
    " register_forward_hook register_forward_pre_hook __setitem__ __delitem__ __setattr__"
    " __delattr__ __iadd__ __isub__ __imul__ __itruediv__ __ior__ __iand__"
)
_IN_PLACE: Final = re.compile(r"(?!__).*[a-z0-9]_")  # torch's `mul_`
_MOST_CAUSED: Final = 500_000
"""Events that functions cause where they are called; only a notebook made for it has more."""

_CALLED_BY_USE: Final = frozenset({"__init__", "__new__", "__call__", "forward", "backward"})


class Event(IntEnum):
    """CHANGE alters the value a name has, MAYBE may bind it, the others end what was before."""

    CHANGE = 0
    MAYBE = 1
    BIND = 2
    UNBIND = 3


class Timeline:
    """Events by name, over all units.

    `silent` are names whose being called counts as no event: a target may fill a cache whenever
    the notebook calls it, and starts with an empty one here.
    """

    def __init__(self, units: tuple[Unit, ...], silent: frozenset[str] = frozenset()) -> None:
        self.units = units
        self.effects: tuple[Effects, ...] = tuple(
            effects(unit.node, certain=not isinstance(unit.node, BLOCKS)) for unit in units
        )
        self.functions = _functions(units)
        self._silent = silent
        self._own_mutators = _mutating_methods(units)
        self._changed_parameters = {
            name: _changed_parameters(node) for name, node in self.functions.items()
        }
        self._imported: set[str] = set()
        self._own_methods = frozenset(_methods(units))
        self._instances = frozenset(_instances(units)) - silent
        self._events: dict[str, list[tuple[int, Event]]] = defaultdict(list)
        self._mentioned_later: dict[str, list[int]] = defaultdict(list)
        self._mentioned_now: dict[str, list[int]] = defaultdict(list)
        self._caused_later: dict[str, list[int]] = defaultdict(list)
        self._called_in: set[str] = set()
        self._caused_left = _MOST_CAUSED
        self._givers: dict[str, list[tuple[int, Event]]] = {}
        self._stars = [unit.index for unit in units if unit.star]
        for unit, found in zip(units, self.effects, strict=True):
            self._index(unit, found)
        for unit, found in zip(units, self.effects, strict=True):
            self._index_changes(unit, found)
        self.patches = self._attributes_given_to_libraries()
        for name, events in self._events.items():
            events.sort()
            self._events[name] = self._without_repeated_imports(events)

    def _index(self, unit: Unit, found: Effects) -> None:
        if isinstance(unit.node, ast.Import | ast.ImportFrom):
            self._imported |= found.now.binds
        for name in found.now.binds:
            kind = Event.BIND if name in found.kills else Event.MAYBE
            self._events[name].append((unit.index, kind))
        for name in found.unbinds:
            self._events[name].append((unit.index, Event.UNBIND))
        for name in found.now.reads:
            self._mentioned_now[name].append(unit.index)
        for name in found.later.reads:
            self._mentioned_later[name].append(unit.index)

    def _index_changes(self, unit: Unit, found: Effects) -> None:
        changed = set(found.now.changes)
        changed |= {name for name, method in found.now.methods if self._mutates(name, method)}
        changed |= self._called_for_effect(unit.node)
        changed |= self._registered_with(unit.node)
        for function, place, name in found.now.passes:
            if place in self._changed_parameters.get(function, ()):
                changed.add(name)
        for name in changed:
            if not (name in found.now.binds and name in found.kills):
                self._events[name].append((unit.index, Event.CHANGE))
        for name in found.later.binds | found.later.changes:
            self._caused_later[name].append(unit.index)
        for name, method in found.later.methods:
            if self._mutates(name, method):
                self._caused_later[name].append(unit.index)

    def _mutates(self, name: str, method: str) -> bool:
        if name in self._imported:  # a module is not changed by a call of its functions
            return False
        named_so = method in MUTATORS or _IN_PLACE.fullmatch(method) is not None
        return named_so or method in self._own_mutators

    def _called_for_effect(self, node: ast.stmt) -> set[str]:
        """`parser.add_argument(...)`: of an instance whose class is not here, as a statement."""
        if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
            return set()
        called = node.value.func
        if not isinstance(called, ast.Attribute) or called.attr in self._own_methods:
            return set()
        return {root_name(called.value) or ""} & self._instances

    def _registered_with(self, node: ast.stmt) -> set[str]:
        """`@f.register`: the owner of a decorator may keep the definition it is handed."""
        decorators = getattr(node, "decorator_list", [])
        called = [each.func if isinstance(each, ast.Call) else each for each in decorators]
        owners = {root_name(each.value) for each in called if isinstance(each, ast.Attribute)}
        return {owner for owner in owners if owner} - self._imported

    def _attributes_given_to_libraries(self) -> dict[str, list[int]]:
        """Attribute -> units that set it on something imported: `torch.Tensor.shifted = f`."""
        found: dict[str, list[int]] = defaultdict(list)
        for unit in self.units:
            for owner, attribute in _set_attributes(unit.node):
                if root_name(owner) in self._imported:
                    found[attribute].append(unit.index)
        return found

    def _without_repeated_imports(self, events: list[tuple[int, Event]]) -> list[tuple[int, Event]]:
        """An import made again changes nothing, unless a star import came between."""
        kept = events[:1]
        for index, kind in events[1:]:
            last, last_kind = kept[-1]
            node, before = self.units[index].node, self.units[last].node
            is_repeated = (
                kind is last_kind is Event.BIND
                and _imports(node) is not None
                and _imports(node) == _imports(before)
                and bisect_left(self._stars, last) == bisect_left(self._stars, index)
            )
            if not is_repeated:
                kept.append((index, kind))
        return kept

    def events(self, name: str) -> list[tuple[int, Event]]:
        """Events of a name in order, those included that functions cause where they are called."""
        events = self._events.get(name, [])
        if name in self._caused_later and name not in self._called_in:
            self._called_in.add(name)
            known = {index for index, _ in events}
            more = sorted(self._callers(self._caused_later[name]) - known)[: self._caused_left]
            self._caused_left -= len(more)
            events = sorted([*events, *((index, Event.MAYBE) for index in more)])
            self._events[name] = events
        return events

    def _callers(self, causes: Iterable[int]) -> set[int]:
        """Units that run something and mention a function whose call has one of these causes."""
        if not self._caused_left:
            return set()
        waiting = list(causes)
        seen = set(waiting)
        # a lambda may be called in the very statement it stands in
        callers = {index for index in seen if self.effects[index].runs}
        while waiting:
            cause = self.effects[waiting.pop()]
            for name in cause.now.binds - self._silent:
                for index in self._mentioned_later.get(name, ()):
                    if index not in seen:
                        seen.add(index)
                        waiting.append(index)
                for index in self._mentioned_now.get(name, ()):
                    if index in seen:
                        continue
                    if self.effects[index].runs:
                        callers.add(index)
                    else:  # another name for it
                        seen.add(index)
                        waiting.append(index)
        return callers

    def bound(self, name: str) -> bool:
        """Whether anything in the notebook binds the name at module level."""
        return any(kind is not Event.UNBIND for _, kind in self._givers_of(name))

    def _givers_of(self, name: str) -> list[tuple[int, Event]]:
        """Events of a name but those that only change its value."""
        if name not in self._givers:
            events = self.events(name)
            self._givers[name] = [event for event in events if event[1] is not Event.CHANGE]
        return self._givers[name]

    def bindings(self, name: str, before: int, most: int = 8) -> list[int]:
        """Units that may have given `name` the value it has before unit `before`, latest first."""
        givers = self._givers_of(name)
        found: list[int] = []
        for place in range(bisect_left(givers, (before,)) - 1, -1, -1):
            index, kind = givers[place]
            if kind is Event.UNBIND or len(found) == most:
                break
            found.append(index)
            if kind is Event.BIND:
                break
        return found


def _imports(node: ast.stmt) -> tuple[object, ...] | None:
    """What an import of one name imports, None for any other statement."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return None
    names = tuple((alias.name, alias.asname) for alias in node.names)
    return (*names, node.module, node.level) if isinstance(node, ast.ImportFrom) else names


def _functions(units: tuple[Unit, ...]) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    return {
        unit.node.name: unit.node
        for unit in units
        if isinstance(unit.node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _methods(units: tuple[Unit, ...]) -> Iterator[str]:
    """Names of the methods of the notebook's classes."""
    for unit in units:
        for node in unit.node.body if isinstance(unit.node, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name


def _instances(units: tuple[Unit, ...]) -> Iterator[str]:
    """Names bound to what by its name is an instance: `ArgumentParser()`, no `Tensor(...)`."""
    for unit in units:
        for binding in unit.bound:
            if isinstance(binding.value, ast.Call):
                called = binding.value.func
                last = called.attr if isinstance(called, ast.Attribute) else root_name(called) or ""
                if last[:1].isupper() and not last.endswith("Tensor"):
                    yield binding.name


def _set_attributes(node: ast.stmt) -> Iterator[tuple[ast.expr, str]]:
    """(owner, attribute) of what a statement stores while it runs, `setattr` included."""
    for part in calls_now(node, ast.Attribute, blocks=True):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
            yield part.value, part.attr
    for call in calls_now(node, blocks=True):
        if isinstance(call, ast.Call) and len(call.args) == 3:
            name = call.args[1]
            if root_name(call.func) == "setattr" and isinstance(name, ast.Constant):
                yield call.args[0], str(name.value)


def _mutating_methods(units: tuple[Unit, ...]) -> frozenset[str]:
    """Methods of the notebook's classes that store on `self`, apart from those any use calls."""
    found: set[str] = set()
    for unit in units:
        if isinstance(unit.node, ast.ClassDef):
            for method in unit.node.body:
                if isinstance(method, ast.FunctionDef) and 0 in _changed_parameters(method):
                    found.add(method.name)
    return frozenset(found - _CALLED_BY_USE)


def _changed_parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[int | str]:
    """Positions and names of the parameters whose value a function changes in place."""
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    changed: set[str] = set()
    rebound: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            changed.add(root_name(node) or "")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func.attr
            if method in MUTATORS or _IN_PLACE.fullmatch(method):
                changed.add(root_name(node.func.value) or "")
        elif isinstance(node, ast.AugAssign):
            changed.add(root_name(node.target) or "")
        elif isinstance(node, ast.Assign):
            rebound |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    local, _ = local_names(function)
    changed = (changed & local) - rebound
    places: set[int | str] = {place for place, name in enumerate(names) if name in changed}
    return places | {name for name in changed if name in local}
