"""Whether a notebook calls a class's method `backward` by hand, or leaves all to autograd."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from grader.core.notebook import Cell
from grader.slicing.bindings import calls_now
from grader.slicing.classes import Classes
from grader.slicing.library import Library
from grader.slicing.names import root_name
from grader.slicing.target import GIVE_THEMSELVES, Definitions, Standing
from grader.slicing.words import words

__all__ = ["Backwards"]

_METHOD: Final = "backward"
_DEPTH: Final = 20
_MOST_STEPS: Final = 5_000  # through names and calls, for one class; a notebook takes some ten
_RUNS_AUTOGRAD: Final = re.compile(
    r"torch\.autograd\.(?:grad\w*|backward|functional\.\w+)"
    r"|(?:torch\.func|functorch)\.(?:grad\w*|vjp|jac\w+)"
)
_ONLY_AUTOGRADS: Final = words("gradient retain_graph create_graph inputs")
"""Keywords of `Tensor.backward`."""
_HAND_ON: Final = words("copy deepcopy script compile trace")
"""Functions of libraries that give back what they are handed, or one like it."""
_IN_TEXT: Final = re.compile(r"""\.\s*backward\s*\(\s*[^)\s]|^backward$""")
_IN_BROKEN: Final = re.compile(r"""\.\s*backward\b(?!\s*\(\s*\))|["']backward["']""")
_ANY_IN_BROKEN: Final = re.compile(r"""\.\s*backward\b|["']backward["']""")


@dataclass(frozen=True, slots=True)
class _Layer:
    """The class asked about, and the classes it is made from, itself among them."""

    node: ast.ClassDef
    kin: frozenset[ast.ClassDef]


class Backwards:
    """Every mention of a `.backward` in the notebook.

    What cannot be told counts as the method: nobody is to hear that they never called what they
    may have called.
    """

    def __init__(
        self,
        definitions: Definitions,
        library: Library,
        classes: Classes,
        *,
        broken: Sequence[Cell] = (),
    ) -> None:
        self._definitions = definitions
        self._library = library
        self._classes = classes
        self._broken = broken
        self._left = _MOST_STEPS
        self._methods = {
            method.name
            for unit in definitions.timeline.units
            if isinstance(unit.node, ast.ClassDef)
            for method in unit.node.body
            if isinstance(method, ast.FunctionDef)
        }

    def uncalled(self, node: ast.ClassDef, unit: int, required: int) -> bool:
        """Whether autograd is run, and the `backward` of class `node` is called nowhere by hand.

        `required` is how many arguments that method cannot do without.
        """
        self._left = _MOST_STEPS
        kin = frozenset(each for each, _ in self._classes.kin(node, unit))
        layer = _Layer(node, kin)
        foreign = _ONLY_AUTOGRADS - self._keywords(node, unit)
        runs = False
        for index, mention, call, at_top in self._mentions:
            if self._runs_autograd(mention):
                runs = True
            elif call is not None and _is_autograds(call, required, foreign):
                runs = True  # `loss.backward()`: not with the arguments of the method
            elif isinstance(mention, ast.Attribute) and self._may_be(
                mention.value, index, layer, 0, at_top=at_top
            ):
                return False
            else:
                runs = runs or call is not None
        return runs and not self._in_text(required)

    def _keywords(self, node: ast.ClassDef, unit: int) -> frozenset[str]:
        """Those of `Tensor.backward` that the method takes too."""
        member = self._classes.members(node, unit).get(_METHOD)
        if member is None or member.function.args.kwarg:
            return _ONLY_AUTOGRADS
        further = (each.arg for each in member.function.args.kwonlyargs)
        return frozenset({*member.names, *further})

    def _in_text(self, required: int) -> bool:
        """Whether it may be called in a way that only text shows: `exec`, `getattr`, a slip."""
        broken = _IN_BROKEN if required else _ANY_IN_BROKEN
        return any(map(_IN_TEXT.search, self._texts)) or any(
            broken.search(cell.source) for cell in self._broken
        )

    @cached_property
    def _texts(self) -> list[str]:
        """Strings of the notebook's code, but for those that are only printed."""
        found: list[str] = []
        for unit in self._definitions.timeline.units:
            parts = list(ast.walk(unit.node))
            printed = {
                id(argument)
                for part in parts
                if isinstance(part, ast.Call) and root_name(part.func) == "print"
                for argument in part.args
            }
            found += [
                part.value
                for part in parts
                if isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and id(part) not in printed
            ]
        return found

    def _runs_autograd(self, called: ast.expr) -> bool:
        return any(map(_RUNS_AUTOGRAD.fullmatch, self._library.dotted(called)))

    @cached_property
    def _mentions(self) -> list[tuple[int, ast.Attribute | ast.Name, ast.Call | None, bool]]:
        """Unit, what is mentioned, its call if there is one, and whether no function is around."""
        return list(self._mentioned())

    def _mentioned(self) -> Iterator[tuple[int, ast.Attribute | ast.Name, ast.Call | None, bool]]:
        for unit in self._definitions.timeline.units:
            parts = list(ast.walk(unit.node))
            calls = {id(part.func): part for part in parts if isinstance(part, ast.Call)}
            outside = {id(part) for part in calls_now(unit.node, ast.Attribute, blocks=True)}
            for part in parts:
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
                    if part.attr == _METHOD or (id(part) in calls and self._runs_autograd(part)):
                        yield unit.index, part, calls.get(id(part)), id(part) in outside
                elif isinstance(part, ast.Name) and id(part) in calls and self._runs_autograd(part):
                    yield unit.index, part, calls[id(part)], True

    def _may_be(
        self,
        owner: ast.AST | None,
        unit: int,
        layer: _Layer,
        depth: int,
        *,
        at_top: bool,
    ) -> bool:
        """Whether `owner` may be an instance of the class, or the class itself."""
        self._left -= 1
        if owner is None or depth > _DEPTH or self._left < 0:
            return True
        if isinstance(owner, ast.ClassDef):
            kin = self._classes.kin(owner, unit)
            return owner in layer.kin or any(each is layer.node for each, _ in kin)
        if isinstance(owner, ast.Name):
            own = self._definitions.timeline.units[unit].bound
            origins = list(self._definitions.origins(owner.id, unit))
            if not at_top or not origins or any(each.name == owner.id for each in own):
                return True  # a parameter, a loop's target, what nothing binds
            return any(
                self._may_be(value, index, layer, depth + 1, at_top=True)
                for value, index in origins
            )
        if isinstance(owner, ast.Call):
            return self._may_give(owner, unit, layer, depth, at_top=at_top)
        return isinstance(owner, ast.Attribute | ast.Subscript | ast.IfExp | ast.NamedExpr)

    def _may_give(
        self,
        call: ast.Call,
        unit: int,
        layer: _Layer,
        depth: int,
        *,
        at_top: bool,
    ) -> bool:
        """Whether the call's result may be an instance of the class."""
        called = call.func
        handed = any(
            self._may_be(each, unit, layer, depth + 1, at_top=at_top)
            for each in (call.args if _hands_on(called) else ())
            if isinstance(each, ast.Name | ast.Call)
        )
        if isinstance(called, ast.Attribute):
            known = bool(self._library.dotted(called)) or root_name(called) == "torch"
            if called.attr in GIVE_THEMSELVES and not known:
                return self._may_be(called.value, unit, layer, depth + 1, at_top=at_top)
            if known or called.attr == "forward":
                return handed
            return handed or called.attr in self._methods
        if not isinstance(called, ast.Name):
            return not isinstance(called, ast.Call)  # `Layer()(x)` is what its forward gives
        if called.id == "super":
            return True
        origins = self._definitions.origins(called.id, unit if at_top else _END)
        for value, index in origins:
            found, at = self._classes.resolve(value, index)
            if isinstance(found, ast.ClassDef):
                gives = self._may_be(found, at, layer, depth + 1, at_top=at_top)
            elif isinstance(found, ast.FunctionDef | ast.Lambda):
                gives = self._definitions.standing(call, unit, "") is not Standing.NO
            elif isinstance(found, ast.alias):
                gives = handed
            else:
                gives = not isinstance(found, ast.Call)
            if gives:
                return True
        return False


def _is_autograds(call: ast.Call, required: int, foreign: frozenset[str]) -> bool:
    """Whether a call of some `backward` has arguments that the method cannot be called with."""
    too_few = len(call.args) + len(call.keywords) < required
    return too_few or any(keyword.arg in foreign for keyword in call.keywords)


def _hands_on(called: ast.expr) -> bool:
    """`copy.deepcopy(layer)`, `nn.Sequential(layer)`."""
    last = called.attr if isinstance(called, ast.Attribute) else root_name(called) or ""
    return last in _HAND_ON or last[:1].isupper()


_END: Final = 1 << 60
"""A function is called when all of the notebook has run."""
