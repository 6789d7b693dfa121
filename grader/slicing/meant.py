"""Which definitions of a notebook may be meant where the handout gives no name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from grader.core.slice import Kind, Wanted
from grader.slicing.bindings import Binding
from grader.slicing.classes import Classes, Function, Member
from grader.slicing.library import Library
from grader.slicing.otherwork import does_other_work, trains_itself
from grader.slicing.stubs import is_stub
from grader.slicing.target import Candidate, Definitions, Found, Standing, choose
from grader.slicing.timeline import Timeline
from grader.slicing.units import Parsed

__all__ = ["BACKWARD", "Meant", "Search", "is_unlike", "rank"]

BACKWARD: Final = "backward"
"""The one method that autograd knows by name."""

_MOST_LOOKED_AT: Final = 300  # names of definitions; a notebook has some twenty
_LONGEST_NAME: Final = 200
_MOST_INSTANCES: Final = 5
_ENTRIES: Final = ("__call__", "forward")
_GIVE_VALUES: Final = ("torch.autograd.", "scipy.")
"""Libraries of functions that are handed a function and do not give one back."""


@dataclass(frozen=True, slots=True, eq=False)
class Meant:
    """A definition that may be meant.

    order    by the pattern its name matches, then later ones first
    found    the symbol that is to be run: a function, a class, or an instance of one
    binding  of the function or method itself
    unit     where that stands
    node     the function or method, None where it does not show
    dropped  how many of its parameters are not the caller's: self, cls, a context
    owner    the class it is a method of, and where that stands
    """

    order: tuple[int, int, int]
    found: Found
    binding: Binding
    unit: int
    node: Function | None = None
    kind: Kind = "function"
    method: str = ""
    dropped: int = 0
    owner: tuple[ast.ClassDef, int] | None = None


def rank(name: str, wanted: Wanted) -> int | None:
    """Which pattern a name is like; None if it is like none, or like something else."""
    if name.startswith("__") or is_unlike(name, wanted):
        return None
    lower = name.lower()
    return next((at for at, each in enumerate(wanted.like) if re.search(each, lower)), None)


def is_unlike(name: str, wanted: Wanted) -> bool:
    """Whether the name says that something else is done; or is too long to be looked at."""
    return len(name) > _LONGEST_NAME or _matches(name, wanted.unlike)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(re.search(each, name.lower()) for each in patterns)


class Search:
    """One question put to one notebook.

    name   exactly that function, class or `Class.method`, whatever it is called
    apart  names of other targets: a function of such a name is none of this one's
    """

    def __init__(
        self, parsed: Parsed, wanted: Wanted, name: str | None, apart: frozenset[str]
    ) -> None:
        self.parsed = parsed
        self.wanted = wanted
        self.name, _, self._method = (name or "").partition(".")
        self.apart = apart
        self.library = Library(parsed.units)
        # as for a target that is named: what is to be run may fill a cache where it is called
        silent = {binding.name for unit in parsed.units for binding in unit.bound}
        silent = {each for each in silent if self._rank(each) is not None}
        self.timeline = Timeline(parsed.units, silent=apart | silent | {self.name})
        self.definitions = Definitions(self.timeline, self.library)
        self.classes = Classes(self.definitions, self.library)

    def _rank(self, name: str) -> int | None:
        return rank(name, self.wanted)

    def is_stub(self, meant: Meant) -> bool:
        """Whether there is no work in it."""
        return is_stub(meant.binding, meant.unit, self.definitions, self.wanted)

    def meant(self) -> tuple[Meant, ...]:
        """Everything that may be meant, unfinished ones too, likeliest first."""
        several = [meant for name in self._names() for meant in self._of_name(name)]
        once: dict[object, Meant] = {}
        for meant in sorted(several, key=lambda each: each.order):
            once.setdefault((meant.node or meant.binding, meant.owner, meant.kind), meant)
        return tuple(once.values())

    def _names(self) -> list[str]:
        """Names that may be symbols, the latest first: those that matter are few."""
        if self.name:
            return [self.name]
        last: dict[str, int] = {}
        for unit in self.parsed.units:
            for binding in unit.bound:
                if isinstance(binding.value, ast.ClassDef) or self._rank(binding.name) is not None:
                    last[binding.name] = unit.index
        return sorted(last, key=lambda name: -last[name])[:_MOST_LOOKED_AT]

    def _of_name(self, name: str) -> Iterator[Meant]:
        """Of its last definition with work in it, else of the last that may be meant at all."""
        found = choose(self.definitions, name)
        if found is None or (found.taken.standing is not Standing.YES and not self.name):
            return
        unfinished: list[Meant] = []
        for each in (found.taken, *reversed(found.others)):
            several = list(self._of_definition(found.instead(each), each, name))
            if not all(self.is_stub(one) for one in several):
                yield from several
                return
            unfinished = unfinished or several
        yield from unfinished

    def _of_definition(self, found: Found, taken: Candidate, name: str) -> Iterator[Meant]:
        if isinstance(taken.binding.value, ast.ClassDef):
            methods = list(self._of_class(found, taken.binding.value, taken.unit))
            if methods or self._method:
                yield from methods
                return
        order = 0 if self.name else self._rank(name)
        if order is not None and (self.name or name not in self.apart):
            one = self._of_function(found, taken, order)
            if one and one.method == (self._method or one.method):
                yield one

    def _of_function(self, found: Found, taken: Candidate, place: int) -> Meant | None:
        """A function, an alias of one, or an instance that is called; None for what is none."""
        value, unit = self.classes.resolve(taken.binding.value, taken.unit)
        order = (place, -taken.unit, -taken.binding.line)
        if isinstance(value, Function):
            if not self.name and does_other_work(value, self.library):
                return None
            return Meant(order, found, taken.binding, taken.unit, value)
        made = (
            (value, unit) if isinstance(value, ast.ClassDef) else self.classes.class_of(value, unit)
        )
        if made:
            return self._of_called(found, taken, made, order)
        if value is None or isinstance(value, ast.alias) or self._is_value(value, unit):
            return None
        return Meant(order, found, taken.binding, taken.unit)

    def _of_called(
        self,
        found: Found,
        taken: Candidate,
        made: tuple[ast.ClassDef, int],
        order: tuple[int, int, int],
    ) -> Meant | None:
        """An instance of the notebook's own class, or the class, that is called: `Grad()(g, x)`."""
        if self.name and isinstance(taken.binding.value, ast.Call | ast.Name):
            methods = list(self._of_class(found, *made))
            if methods:
                return methods[0]
        members = self.classes.members(*made)
        entry = next((members[name] for name in _ENTRIES if name in members), None)
        if entry is None or self.classes.is_autograd_function(*made):
            return None
        if not self.name and (is_unlike(made[0].name, self.wanted) or any(self._liked(members))):
            return None  # the class is a candidate by itself, or none
        if isinstance(taken.binding.value, ast.ClassDef) and self.classes.needs_arguments(*made):
            found = self._instance(made[0]) or found
        binding = Binding(entry.name, entry.function, entry.function.lineno)
        dropped = 0 if entry.bound == "nothing" else 1
        return Meant(order, found, binding, entry.unit, entry.function, dropped=dropped)

    def _is_value(self, value: ast.AST, unit: int) -> bool:
        """A library's own function under another name, a gradient that was computed, a field."""
        if isinstance(value, ast.Attribute):
            return value.attr == "apply" or not self._is_own_method(value, unit)
        if isinstance(value, ast.Call):
            return any(name.startswith(_GIVE_VALUES) for name in self.library.dotted(value.func))
        return False

    def _is_own_method(self, value: ast.Attribute, unit: int) -> bool:
        owner, at = self.classes.resolve(value.value, unit)
        made = (owner, at) if isinstance(owner, ast.ClassDef) else self.classes.class_of(owner, at)
        return made is not None and value.attr in self.classes.members(*made)

    # methods

    def _liked(self, members: Mapping[str, Member]) -> Iterator[tuple[int, Member]]:
        """Methods whose names are like the wanted, or the one that was asked for, with ranks."""
        for name, member in members.items():
            place = self._rank(name)
            if self._method:
                place = 0 if name == self._method else None
            elif place is None and self.name and name == BACKWARD:
                place = len(self.wanted.like)
            if place is not None:
                yield place, member

    def _of_class(self, found: Found, node: ast.ClassDef, unit: int) -> Iterator[Meant]:
        """One for each method that is like the wanted; of an autograd function its `backward`."""
        if not self.name and _matches(node.name, self.wanted.others):
            return
        members = self.classes.members(node, unit)
        applied = self.classes.is_autograd_function(node, unit)
        several: list[Meant] = []
        for place, member in self._liked(members):
            with_context = applied or _takes_context(member, members.get("forward"))
            if with_context and member.name != BACKWARD:
                continue
            sure = self.name or _matches(member.name, self.wanted.surely)
            if not sure and trains_itself(member, members.values(), self.library):
                continue
            several.append(self._of_method(found, node, unit, member, place, applied=applied))
        if self.name:  # the best one only
            several = sorted(several, key=lambda each: (self.is_stub(each), each.order))[:1]
        yield from several

    def _of_method(
        self,
        found: Found,
        node: ast.ClassDef,
        unit: int,
        member: Member,
        place: int,
        *,
        applied: bool,
    ) -> Meant:
        forward = self.classes.members(node, unit).get("forward")
        with_context = applied or _takes_context(member, forward)
        dropped = _dropped(member, with_context=with_context)
        if found.symbol == node.name and not applied:
            needs = self.classes.needs_arguments(node, unit) or (with_context and dropped == 2)
            found = (needs and self._instance(node)) or found
        line = member.function.lineno
        # a name alone does not tell what a class is meant for, so these come after all others
        late = len(self.wanted.like) + 1 if is_unlike(node.name, self.wanted) else 0
        return Meant(
            order=(place + late, -unit, -line),
            found=found,
            binding=Binding(member.name, member.function, line),
            unit=member.unit,
            node=member.function,
            kind="autograd_function" if with_context else "class",
            method=member.name,
            dropped=dropped,
            owner=(node, unit),
        )

    def _instance(self, node: ast.ClassDef) -> Found | None:
        """The last instance of the class that the notebook binds to a name of its own."""
        for binding in self._instances.get(node, ()):
            found = choose(self.definitions, binding.name)
            for each in (found.taken, *found.others) if found else ():
                if found and each.binding is binding:
                    return found.instead(each)
        return None

    @cached_property
    def _instances(self) -> dict[ast.ClassDef, list[Binding]]:
        """By class the bindings of its instances, the last first, a few of each."""
        made: dict[ast.ClassDef, list[Binding]] = defaultdict(list)
        for unit in reversed(self.parsed.units):
            for binding in reversed(unit.bound):
                found = self.classes.class_of(binding.value, unit.index)
                if found and len(made[found[0]]) < _MOST_INSTANCES:
                    made[found[0]].append(binding)
        return made


def _takes_context(member: Member, forward: Member | None) -> bool:
    """Whether a method of a class that autograd does not know takes a context all the same."""
    if member.name != BACKWARD:
        return False
    if member.takes_context:
        return True
    pair = (member, forward) if forward else ()
    static = bool(pair) and all(each and each.bound == "nothing" for each in pair)
    return static and len(member.names) >= 2 and forward is not None and forward.takes_context


def _dropped(member: Member, *, with_context: bool) -> int:
    """How many parameters are not the caller's: self, cls, a context."""
    if not with_context:
        return 0 if member.bound == "nothing" else 1
    return 2 if member.names[:1] in (("self",), ("cls",)) and member.takes_context else 1
