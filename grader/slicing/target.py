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
from grader.slicing.makers import Made, made_by
from grader.slicing.timeline import Event, Timeline
from grader.slicing.words import words

__all__ = ["GIVE_THEMSELVES", "Candidate", "Found", "Standing", "choose", "near_misses"]

_NEAR: Final = 0.85  # one swapped or missing letter in a name of ten; `bad_` for `good_` is not
_DEPTH: Final = 20
_MOST_STEPS: Final = 50_000  # through names and calls; a notebook takes some hundred
_MOST_NEAR: Final = 5
_WRAPPERS: Final = words(
    "partial partialmethod script compile trace vectorize vmap jit lru_cache cache wraps"
    " methodcaller attrgetter itemgetter reduce_op custom_op allow_in_graph checkpoint"
    " no_grad enable_grad inference_mode singledispatch"
)
_BUILTIN_WRAPPERS: Final = words("staticmethod classmethod getattr")
_MAKE_FUNCTIONS: Final = words("functools operator contextlib types copy")
GIVE_THEMSELVES: Final = words(
    "to eval train cpu cuda float double half bfloat16 type requires_grad_ share_memory apply"
)
"""Methods of a module that return the module."""
_GIVE_ITEMS: Final = words("get pop setdefault")
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
    others  definitions of the same name not taken, in notebook order
    """

    symbol: str
    taken: Candidate
    until: int
    others: tuple[Candidate, ...]

    def instead(self, other: Candidate) -> Found:
        """With `other`, one of `others` or the one taken, as the definition taken."""
        every = (*self.others, self.taken)
        rest = tuple(candidate for candidate in every if candidate is not other)
        below = [candidate.unit for candidate in rest if candidate.unit > other.unit]
        return Found(self.symbol, other, min([self.until, *below]), rest)


class Definitions:
    """Answers whether a name, at a place in the notebook, stands for something callable."""

    def __init__(self, timeline: Timeline, library: Library) -> None:
        self.timeline = timeline
        self._library = library
        self._left = _MOST_STEPS
        self._made: dict[ast.FunctionDef | ast.Lambda, Made] = {}

    def candidates(self, name: str) -> list[Candidate]:
        """Every binding of `name` in notebook order; within a unit in source order."""
        units = dict.fromkeys(index for index, _ in self.timeline.events(name))
        return [
            Candidate(index, binding, self._of_binding(binding, index))
            for index in units
            for binding in self.timeline.units[index].bound
            if binding.name == name
        ]

    def _of_binding(self, binding: Binding, unit: int) -> Standing:
        if binding.value is None:
            return self._of_unpacked(unit, binding.name)
        return self.standing(binding.value, unit, binding.name)

    def standing(self, value: ast.AST | None, unit: int, name: str, depth: int = 0) -> Standing:
        """Of a value bound in `unit`."""
        if isinstance(value, ast.FunctionDef | ast.ClassDef | ast.Lambda):
            return Standing.YES
        if isinstance(value, ast.alias):  # the file of a course may not be here
            certain = depth or any(map(_is_library, self._library.dotted(ast.Name(name))))
            return Standing.YES if certain else Standing.MAYBE
        if depth > _DEPTH or value is None or self._exhausted():
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

    def _exhausted(self) -> bool:
        """Whether a notebook made for it has asked so much that the rest stays open."""
        self._left -= 1
        return self._left < 0

    def _made_by(self, function: ast.FunctionDef | ast.Lambda) -> Made:
        if function not in self._made:
            self._made[function] = made_by(function)
        return self._made[function]

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
        own = self._of_own_call(call, unit, depth)
        if own is not None:
            return own
        if last in _WRAPPERS:
            return Standing.YES
        if self._only_calls(called):
            return Standing.NO
        if takes_function:
            return Standing.YES
        if isinstance(called, ast.Call):  # lru_cache(None)(f), a factory's factory
            return self._of_call(called, unit, name, depth + 1) if depth < _DEPTH else Standing.NO
        is_class = last[:1].isupper() and last not in _VALUES and not last.endswith("Tensor")
        if self._library.dotted(called):
            return Standing.YES if is_class else Standing.NO
        return Standing.MAYBE if isinstance(called, ast.Name) else Standing.NO

    def _only_calls(self, called: ast.expr) -> bool:
        """`sorted(n, key=f)`, `timeit.timeit(f)`: Python's own, and the result is no function."""
        if isinstance(called, ast.Name) and called.id in ALWAYS_THERE:
            return not self.timeline.bound(called.id) and called.id not in _BUILTIN_WRAPPERS
        roots = {name.split(".", 1)[0] for name in self._library.dotted(called)}
        return bool(roots) and roots <= sys.stdlib_module_names - _MAKE_FUNCTIONS

    def _of_own_call(self, call: ast.Call, unit: int, depth: int) -> Standing | None:
        """Where the notebook itself holds what is called; None where it does not."""
        if depth > _DEPTH:
            return Standing.NO
        called = call.func
        if isinstance(called, ast.Attribute):
            return self._of_method(called, call, unit, depth)
        if not isinstance(called, ast.Name):
            return None
        for origin, index in self.origins(called.id, unit):
            if isinstance(origin, ast.ClassDef):
                return Standing.YES
            if isinstance(origin, ast.FunctionDef | ast.Lambda):
                handed = self._functions_handed(call, origin, unit, depth)
                return self._of_made(self._made_by(origin), index, depth, handed)
        return None

    def _of_method(
        self, called: ast.Attribute, call: ast.Call, unit: int, depth: int
    ) -> Standing | None:
        """`Layer.of(1)`, `Maker().make()`, `Layer().to(device)`, `table.get("stable")`."""
        owner = called.value
        for name in self._class_names(owner, unit):
            method = self._method(name, called.attr, unit)
            if method is not None:
                arguments = [*method.args.posonlyargs, *method.args.args]
                handed = self._functions_handed(call, method, unit, depth)
                handed |= {argument.arg for argument in arguments[:1]}
                return self._of_made(self._made_by(method), unit, depth, handed)
        if called.attr in GIVE_THEMSELVES and isinstance(owner, ast.Name | ast.Call):
            return self.standing(owner, unit, "", depth + 1)
        kept = self.origins(owner.id, unit) if isinstance(owner, ast.Name) else ()
        if called.attr in _GIVE_ITEMS and any(isinstance(one, ast.Dict) for one, _ in kept):
            return Standing.MAYBE
        return None

    def _class_names(self, owner: ast.expr, unit: int) -> Iterator[str]:
        """Names of the notebook's classes that `owner` may be, or be an instance of."""
        owners: list[ast.AST | None] = [owner]
        if isinstance(owner, ast.Name):
            owners += [origin for origin, _ in self.origins(owner.id, unit)]
        for one in owners:
            named = one.func if isinstance(one, ast.Call) else one
            if isinstance(named, ast.ClassDef):
                yield named.name
            elif isinstance(named, ast.Name):
                yield named.id

    def _method(self, name: str, attribute: str, unit: int) -> ast.FunctionDef | None:
        """A method of the class `name`, or of one of the notebook's classes it is made from."""
        waiting = [name]
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            for origin, _ in self.origins(name, unit) if name not in seen else ():
                if isinstance(origin, ast.ClassDef):
                    for node in origin.body:
                        if isinstance(node, ast.FunctionDef) and node.name == attribute:
                            return node
                    waiting += [base.id for base in origin.bases if isinstance(base, ast.Name)]
            seen.add(name)
        return None

    def _of_unpacked(self, unit: int, name: str) -> Standing:
        """`bad, good = build()`: what a function of the notebook returns in that place."""
        node = self.timeline.units[unit].node
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            return Standing.NO
        called = node.value.func
        for target in node.targets:
            names = [getattr(part, "id", "") for part in getattr(target, "elts", ())]
            if isinstance(called, ast.Name) and name in names:
                for origin, index in self.origins(called.id, unit):
                    if isinstance(origin, ast.FunctionDef):
                        handed = self._functions_handed(node.value, origin, unit, 0)
                        made = self._made_by(origin)
                        return self._of_made(made, index, 0, handed, names.index(name))
        return Standing.NO

    def _of_made(
        self, made: Made, unit: int, depth: int, handed: set[str], place: int | None = None
    ) -> Standing:
        """Of what a function returns; `handed` are its parameters that are given functions."""
        return max(
            (self._of_returned(value, made, unit, depth, handed) for value in made.values(place)),
            default=Standing.NO,
        )

    def _of_returned(
        self, value: ast.AST, made: Made, unit: int, depth: int, handed: set[str]
    ) -> Standing:
        if isinstance(value, ast.arg):
            return Standing.YES if value.arg in handed else Standing.NO
        if self._exhausted():
            return Standing.MAYBE
        if not isinstance(value, ast.Call):
            return self.standing(value, unit, "", depth + 1)
        called = value.func
        if _last_name(called) in _WRAPPERS:
            return Standing.YES
        if isinstance(called, ast.Name) and called.id in made.local:
            for origin in made.local[called.id]:
                if isinstance(origin, ast.ClassDef):
                    return Standing.YES
                if isinstance(origin, ast.arg) and origin.arg == "cls" and "cls" in handed:
                    return Standing.YES
                if isinstance(origin, ast.FunctionDef | ast.Lambda) and depth < _DEPTH:
                    return self._of_made(self._made_by(origin), unit, depth + 1, handed)
            return Standing.NO
        return self.standing(value, unit, "", depth + 1)

    def _functions_handed(
        self, call: ast.Call, function: ast.FunctionDef | ast.Lambda, unit: int, depth: int
    ) -> set[str]:
        """The parameters of `function` that `call` gives functions."""
        arguments = function.args
        names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
        given = [*zip(names, call.args, strict=False)]
        given += [(keyword.arg or "", keyword.value) for keyword in call.keywords]
        return {name for name, value in given if self._is_function(value, unit, depth)}

    def _is_function(self, value: ast.AST, unit: int, depth: int) -> bool:
        if isinstance(value, ast.Lambda):
            return True
        if isinstance(value, ast.Name) and depth < _DEPTH and not self._exhausted():
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
    return tuple(sorted(scores, key=lambda name: (-scores[name], name))[:_MOST_NEAR])


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _alike(name: str, wanted: str) -> float:
    if abs(len(name) - len(wanted)) > len(wanted) // 3:
        return 0.0
    matcher = difflib.SequenceMatcher(None, name, wanted, autojunk=False)
    if matcher.real_quick_ratio() < _NEAR or matcher.quick_ratio() < _NEAR:
        return 0.0
    return matcher.ratio()
