"""Which of the notebook's bindings fills the target."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from grader.slicing.bindings import Binding
from grader.slicing.closure import ALWAYS_THERE
from grader.slicing.library import Library
from grader.slicing.timeline import Event, Timeline
from grader.slicing.words import words

__all__ = ["Candidate", "Found", "Standing", "choose", "near_misses"]

_NEAR: Final = 0.85  # one swapped or missing letter in a name of ten; `bad_` for `good_` is not
_DEPTH: Final = 20
_WRAPPERS: Final = words(
    "partial partialmethod script compile trace vectorize vmap jit lru_cache cache wraps"
    " methodcaller attrgetter itemgetter reduce_op custom_op allow_in_graph checkpoint"
    " no_grad enable_grad inference_mode singledispatch"
)
_LIBRARIES: Final = frozenset({"torch", "numpy", "scipy"})
_VALUES: Final = frozenset({"Tensor", "Parameter", "Variable", "Generator", "Size"})

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Standing(IntEnum):
    """How sure it is that a bound value can be called to do the job."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A binding of the wanted name, with the unit it stands in."""

    unit: int
    binding: Binding
    standing: Standing


@dataclass(frozen=True, slots=True)
class Found:
    """The definition taken.

    until   first unit after it that gives the name another value which is no definition
    others  definitions of the same name not taken
    """

    symbol: str
    taken: Candidate
    until: int
    others: tuple[Candidate, ...]


class Definitions:
    """Answers whether a name, at a place in the notebook, stands for something callable."""

    def __init__(self, timeline: Timeline, library: Library) -> None:
        self.timeline = timeline
        self._library = library

    def candidates(self, name: str) -> list[Candidate]:
        """Every binding of `name` in notebook order; within a unit in source order."""
        units = dict.fromkeys(index for index, _ in self.timeline.events(name))
        return [
            Candidate(index, binding, self.standing(binding.value, index, name))
            for index in units
            for binding in self.timeline.units[index].bound
            if binding.name == name
        ]

    def standing(self, value: ast.AST | None, unit: int, name: str, depth: int = 0) -> Standing:
        """Of a value bound in `unit`."""
        if isinstance(value, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            return Standing.YES
        if isinstance(value, ast.alias):  # the file of a course may not be here
            certain = depth or any(map(_is_library, self._library.dotted(ast.Name(name))))
            return Standing.YES if certain else Standing.MAYBE
        if depth > _DEPTH or value is None:
            return Standing.MAYBE if depth else Standing.NO
        if isinstance(value, ast.Name):
            return self._of_name(value.id, unit, depth)
        if isinstance(value, ast.IfExp):
            arms = (value.body, value.orelse)
            return max(self.standing(arm, unit, name, depth + 1) for arm in arms)
        if isinstance(value, ast.NamedExpr):
            return self.standing(value.value, unit, name, depth + 1)
        if isinstance(value, ast.Attribute):
            return self._of_attribute(value, unit, depth)
        if isinstance(value, ast.Call):
            return self._of_call(value, unit, name, depth)
        return Standing.MAYBE if isinstance(value, ast.Subscript) else Standing.NO

    def known(self, name: str) -> bool:
        """Whether the name means anything at module level: bound somewhere, or a builtin."""
        return name in ALWAYS_THERE or self.timeline.bound(name)

    def origins(self, name: str, unit: int) -> Iterator[tuple[ast.AST | None, int]]:
        """What `name` may stand for just before `unit`."""
        for index in self.timeline.bindings(name, unit):
            for binding in self.timeline.units[index].bound:
                if binding.name == name:
                    yield binding.value, index

    def _of_name(self, name: str, unit: int, depth: int) -> Standing:
        found = [
            self.standing(value, index, name, depth + 1)
            for value, index in self.origins(name, unit)
        ]
        return max(found, default=Standing.MAYBE)

    def _of_attribute(self, value: ast.Attribute, unit: int, depth: int) -> Standing:
        if self._library.dotted(value):
            return Standing.YES
        owner = self.standing(value.value, unit, "", depth + 1)
        return Standing.YES if owner is Standing.YES else Standing.MAYBE

    def _of_call(self, call: ast.Call, unit: int, name: str, depth: int) -> Standing:
        """A call's result is a definition where what is called makes functions or instances."""
        takes_function = any(
            self._is_function(argument, unit, depth)
            for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        )
        called = call.func
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if last == name and not takes_function:
            return Standing.NO
        if self._library.dotted(call):  # getattr(torch, "relu")
            return Standing.YES
        if isinstance(called, ast.Name):
            for origin, _ in self.origins(called.id, unit):
                if isinstance(origin, ast.ClassDef):
                    return Standing.YES
                if isinstance(origin, ast.FunctionDef | ast.Lambda):
                    makes = takes_function or _makes_functions(origin)
                    return Standing.YES if makes else Standing.NO
        if takes_function or last in _WRAPPERS:
            return Standing.YES
        if isinstance(called, ast.Call):  # lru_cache(None)(f), a factory's factory
            return self._of_call(called, unit, name, depth + 1) if depth < _DEPTH else Standing.NO
        is_class = last[:1].isupper() and last not in _VALUES and not last.endswith("Tensor")
        if self._library.dotted(called):
            return Standing.YES if is_class else Standing.NO
        return Standing.MAYBE if isinstance(called, ast.Name) else Standing.NO

    def _is_function(self, value: ast.AST, unit: int, depth: int) -> bool:
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, ast.Name) and depth < _DEPTH:
            origins = list(self.origins(value.id, unit))
            return any(
                isinstance(origin, ast.FunctionDef | ast.ClassDef | ast.Lambda)
                or (
                    isinstance(origin, ast.Name | ast.Call)
                    and self.standing(origin, index, value.id, depth + 1) is Standing.YES
                )
                for origin, index in origins
            )
        return False


def _is_library(name: str) -> bool:
    root = name.split(".", 1)[0]
    return root in _LIBRARIES or root in sys.stdlib_module_names


def _makes_functions(function: ast.FunctionDef | ast.Lambda) -> bool:
    """Whether it returns a function it defines, a lambda, or something partly applied."""
    if isinstance(function, ast.Lambda):
        return isinstance(function.body, ast.Lambda)
    made: set[str] = set()
    returned: list[ast.expr] = []
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node is not function:
            made.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            made |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.Return) and node.value:
            returned.append(node.value)
    return any(
        isinstance(value, ast.Lambda)
        or (isinstance(value, ast.Name) and value.id in made)
        or (isinstance(value, ast.Call) and _last_name(value.func) in made | _WRAPPERS)
        for value in returned
    )


def _last_name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else str(getattr(node, "id", ""))


def choose(definitions: Definitions, name: str) -> Found | None:
    """The last definition of `name`; one that only may be callable counts where no other is."""
    candidates = definitions.candidates(name)
    for least in (Standing.YES, Standing.MAYBE):
        able = [candidate for candidate in candidates if candidate.standing >= least]
        if able:
            taken = able[-1]
            after = [other.unit for other in candidates if other.unit > taken.unit]
            after += [
                index
                for index, kind in definitions.timeline.events(name)
                if kind is Event.UNBIND and index > taken.unit
            ]
            until = min(after, default=len(definitions.timeline.units))
            return Found(name, taken, until, tuple(able[:-1]))
    return None


def near_misses(definitions: Definitions, names: tuple[str, ...]) -> tuple[str, ...]:
    """Top-level callables whose name is nearly an accepted one, best first."""
    scores: dict[str, float] = {}
    plain = [_plain(name) for name in names]
    for unit in definitions.timeline.units:
        for binding in unit.bound:
            if binding.name in names or binding.name in scores:
                continue
            score = max((_alike(_plain(binding.name), wanted) for wanted in plain), default=0.0)
            if score >= _NEAR:
                standing = definitions.standing(binding.value, unit.index, binding.name)
                if standing is Standing.YES or isinstance(binding.value, ast.AsyncFunctionDef):
                    scores[binding.name] = score
    return tuple(sorted(scores, key=lambda name: (-scores[name], name)))


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _alike(name: str, wanted: str) -> float:
    if abs(len(name) - len(wanted)) > len(wanted) // 3:
        return 0.0
    return difflib.SequenceMatcher(None, name, wanted, autojunk=False).ratio()
