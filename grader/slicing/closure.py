"""Which units the target needs, by following names from its definition."""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_left
from collections import deque
from typing import Final

from grader.slicing.blocks import BLOCKS, LOOPS, children
from grader.slicing.timeline import Event, Timeline
from grader.slicing.units import Unit

__all__ = ["ALWAYS_THERE", "Closure", "Start"]

ALWAYS_THERE: Final = frozenset(dir(builtins)) | {
    "__name__",
    "__file__",
    "__builtins__",
    "__annotations__",
    "__class__",
}

SETTINGS: Final = {
    "set_default_dtype": "torch",
    "set_default_tensor_type": "torch",
    "set_default_device": "torch",
}
"""Library calls that change what later calls compute, and the library they belong to.

Seeds, printing, threads and whether gradients are recorded belong to the session, not to the
function, and stay out.
"""

_CALLS_FOLLOWED_MOST: Final = 200_000


class Start:
    """Where following begins: `symbol` as it is just before unit `until`."""

    def __init__(self, symbol: str, until: int) -> None:
        self.symbol = symbol
        self.until = until


class Closure:
    """The needed units, found on construction.

    needed   indices of units to run
    early    indices of imports that only stand below the first statement that cannot do without
    loose    names read that nothing before binds, and that are no builtins
    """

    def __init__(self, timeline: Timeline, start: Start) -> None:
        self._timeline = timeline
        self._start = start
        self._end = len(timeline.units)
        self._waiting: deque[int] = deque()
        self._followed: dict[tuple[str, int], bool] = {}
        self._added: set[tuple[str, int]] = set()
        self._imports: dict[str, list[int]] = {}
        self._calls_left = _CALLS_FOLLOWED_MOST
        self._carries = self._units_with_functions()
        self.needed: set[int] = set()
        self.early: set[int] = set()
        self.loose: set[str] = set()
        self._need(start.symbol, start.until)
        for unit in timeline.units:
            if unit.star or _is_future(unit):
                self._include(unit.index)
        self._drain()
        self._add_settings()
        self._add_patches()

    def _units_with_functions(self) -> list[bool]:
        """By unit: does its value lead to a function body that reads module-level names?"""
        carries: list[bool] = []
        for index, found in enumerate(self._timeline.effects):
            carries.append(
                bool(found.later.reads)
                or any(
                    carries[binding]
                    for name in found.now.reads
                    for binding in self._timeline.bindings(name, index)
                )
            )
        return carries

    def _need(self, name: str, position: int, *, perhaps: bool = False) -> None:
        """Include what gives `name` its value before `position`, and what changed it since.

        `perhaps`: it is read only if a function is called there, so its absence says nothing.
        """
        if name == self._start.symbol and position == self._end:
            position = self._start.until
        events = self._timeline.events(name)
        place = bisect_left(events, (position,))
        walked: list[tuple[int, Event]] = []
        is_bound = False
        while place > 0:
            place -= 1
            index, kind = events[place]
            if (name, index) in self._followed:  # and so is all that led to it
                is_bound = self._followed[name, index]
                break
            walked.append((index, kind))
            self._include(index)
            if kind in (Event.BIND, Event.UNBIND):
                break
        for index, kind in reversed(walked):
            is_bound |= kind in (Event.BIND, Event.MAYBE)
            self._followed[name, index] = is_bound
        if not is_bound and name not in ALWAYS_THERE:
            self._not_yet_bound(name, position, perhaps=perhaps)

    def _not_yet_bound(self, name: str, position: int, *, perhaps: bool) -> None:
        """Cells ran out of order: an import further down was made before this statement."""
        imports = self._imports_of(name)
        below = bisect_left(imports, position)
        if below < len(imports):
            self.early.add(imports[below])
        elif not perhaps:
            self.loose.add(name)

    def _imports_of(self, name: str) -> list[int]:
        """Units that import `name`, in order."""
        if name not in self._imports:
            units = self._timeline.units
            self._imports[name] = [
                index
                for index, _ in self._timeline.events(name)
                if isinstance(units[index].node, ast.Import | ast.ImportFrom)
            ]
        return self._imports[name]

    def _need_what_is_added(self, name: str, position: int) -> None:
        """A class or function handed on at `position` is the very one that is added to later."""
        definitions = (ast.ClassDef, ast.FunctionDef)
        units = self._timeline.units
        bound = self._timeline.bindings(name, position, most=1)
        if not any(isinstance(units[index].node, definitions) for index in bound):
            return
        events = self._timeline.events(name)
        for place in range(bisect_left(events, (position + 1,)), len(events)):
            index, kind = events[place]
            if kind is not Event.CHANGE or isinstance(units[index].node, LOOPS):
                break
            if (name, index) in self._added:  # and so is all behind it
                break
            self._added.add((name, index))
            self._include(index)

    def _include(self, index: int) -> None:
        if index not in self.needed:
            self.needed.add(index)
            self._waiting.append(index)

    def _drain(self) -> None:
        while self._waiting:
            index = self._waiting.popleft()
            found = self._timeline.effects[index]
            for name in sorted(found.now.reads):
                self._need(name, index)
                self._need_what_is_added(name, index)
            for name in sorted(found.later.reads):
                self._need(name, self._end)
            if found.runs:
                self._follow_calls(index)

    def _follow_calls(self, index: int) -> None:
        """A statement that runs may call what it mentions: bodies read names there and then."""
        found = self._timeline.effects[index]
        node = self._timeline.units[index].node
        # a body is not called by its own definition, unless a decorator does it
        defines = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list
        later = [] if defines else sorted(found.later.reads)
        for name in later:
            self._need(name, index, perhaps=True)
        waiting = [(name, index) for name in (*sorted(found.now.reads), *later)]
        seen: set[int] = set()
        while waiting and self._calls_left > 0:
            name, before = waiting.pop()
            self._calls_left -= 1
            for binding in self._timeline.bindings(name, before):
                if binding in seen or not self._carries[binding]:
                    continue
                seen.add(binding)
                inner = self._timeline.effects[binding]
                waiting += [(read, binding) for read in sorted(inner.now.reads)]
                for read in sorted(inner.later.reads):
                    self._need(read, index, perhaps=True)
                    waiting.append((read, index))

    def _add_settings(self) -> None:
        """Settings of a library count where the slice uses that library."""
        used = {root for index in self.needed if (root := _imported_root(self._timeline, index))}
        for unit in self._timeline.units:
            if unit.index not in self.needed and not isinstance(unit.node, LOOPS):
                libraries = {SETTINGS[name] for name in _settings_called(unit.node)}
                if libraries & used:
                    self._include(unit.index)
        self._drain()

    def _add_patches(self) -> None:
        """An attribute that the notebook gave to a library counts where the slice mentions it."""
        patches = dict(self._timeline.patches)
        looked_at: set[int] = set()
        while patches and (new := self.needed - looked_at):
            looked_at |= new
            for index in sorted(new):
                for node in ast.walk(self._timeline.units[index].node):
                    if isinstance(node, ast.Attribute):
                        for patch in patches.pop(node.attr, ()):
                            self._include(patch)
            self._drain()


def _is_future(unit: Unit) -> bool:
    return isinstance(unit.node, ast.ImportFrom) and unit.node.module == "__future__"


def _imported_root(timeline: Timeline, index: int) -> str:
    node = timeline.units[index].node
    if isinstance(node, ast.Import):
        return node.names[0].name.split(".", 1)[0]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return node.module.split(".", 1)[0]
    return ""


def _settings_called(node: ast.stmt) -> set[str]:
    """Settings that a bare call makes, at top level or in an `if`, `try` or `with`."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, BLOCKS) and not isinstance(statement, LOOPS):
            waiting += children(statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            called = statement.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            found |= {name} & set(SETTINGS)
    return found
