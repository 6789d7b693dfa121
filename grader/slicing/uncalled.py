"""Whether a notebook calls a class's method `backward` by hand, or leaves all to autograd."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from grader.slicing.bindings import calls_now
from grader.slicing.classes import Classes
from grader.slicing.library import Library
from grader.slicing.names import root_name
from grader.slicing.target import Definitions, Standing
from grader.slicing.words import words

__all__ = ["Backwards"]

_DEPTH: Final = 20
_RUNS_AUTOGRAD: Final = re.compile(r"torch\.autograd\.(?:grad\w*|backward|functional\.\w+)")
_GIVE_THEMSELVES: Final = words(
    "to eval train cpu cuda float double half bfloat16 type requires_grad_ apply share_memory"
)


class Backwards:
    """Every mention of a `.backward` in the notebook.

    What cannot be told counts as the method: nobody is to hear that they never called what they
    may have called.
    """

    def __init__(self, definitions: Definitions, library: Library, classes: Classes) -> None:
        self._definitions = definitions
        self._library = library
        self._classes = classes
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
        kin = {each for each, _ in self._classes.kin(node, unit)}
        runs = False
        for index, mention, call, at_top in self._mentions():
            if self._runs_autograd(mention):
                runs = True
            elif call is not None and len(call.args) + len(call.keywords) < required:
                runs = True  # `loss.backward()`: too few arguments for the method
            elif isinstance(mention, ast.Attribute) and self._may_be(
                mention.value, index, kin, node, 0, at_top=at_top
            ):
                return False
            else:
                runs = runs or call is not None
        return runs

    def _runs_autograd(self, called: ast.expr) -> bool:
        return any(map(_RUNS_AUTOGRAD.fullmatch, self._library.dotted(called)))

    def _mentions(self) -> Iterator[tuple[int, ast.Attribute | ast.Name, ast.Call | None, bool]]:
        """Unit, what is mentioned, its call if there is one, and whether no function is around."""
        for unit in self._definitions.timeline.units:
            parts = list(ast.walk(unit.node))
            calls = {id(part.func): part for part in parts if isinstance(part, ast.Call)}
            outside = {id(part) for part in calls_now(unit.node, ast.Attribute, blocks=True)}
            for part in parts:
                if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
                    if part.attr == "backward" or (id(part) in calls and self._runs_autograd(part)):
                        yield unit.index, part, calls.get(id(part)), id(part) in outside
                elif isinstance(part, ast.Name) and id(part) in calls and self._runs_autograd(part):
                    yield unit.index, part, calls[id(part)], True

    def _may_be(
        self,
        owner: ast.AST | None,
        unit: int,
        kin: set[ast.ClassDef],
        node: ast.ClassDef,
        depth: int,
        *,
        at_top: bool,
    ) -> bool:
        """Whether `owner` may be an instance of the class, or the class itself."""
        if owner is None or depth > _DEPTH:
            return True
        if isinstance(owner, ast.ClassDef):
            return owner in kin or any(each is node for each, _ in self._classes.kin(owner, unit))
        if isinstance(owner, ast.Name):
            own = self._definitions.timeline.units[unit].bound
            origins = list(self._definitions.origins(owner.id, unit))
            if not at_top or not origins or any(each.name == owner.id for each in own):
                return True  # a parameter, a loop's target, what nothing binds
            return any(
                self._may_be(value, index, kin, node, depth + 1, at_top=True)
                for value, index in origins
            )
        if isinstance(owner, ast.Call):
            return self._may_give(owner, unit, kin, node, depth, at_top=at_top)
        return isinstance(owner, ast.Attribute | ast.Subscript | ast.IfExp | ast.NamedExpr)

    def _may_give(
        self,
        call: ast.Call,
        unit: int,
        kin: set[ast.ClassDef],
        node: ast.ClassDef,
        depth: int,
        *,
        at_top: bool,
    ) -> bool:
        """Whether the call's result may be an instance of the class."""
        called = call.func
        if isinstance(called, ast.Attribute):
            if called.attr in _GIVE_THEMSELVES and not self._library.dotted(called):
                return self._may_be(called.value, unit, kin, node, depth + 1, at_top=at_top)
            return called.attr in self._methods and root_name(called) != "torch"
        if not isinstance(called, ast.Name):
            return not isinstance(called, ast.Call)  # `Layer()(x)` is what its forward gives
        if called.id == "super":
            return True
        origins = list(self._definitions.origins(called.id, unit if at_top else _END))
        for value, index in origins:
            found, at = self._classes.resolve(value, index)
            if isinstance(found, ast.ClassDef):
                if self._may_be(found, at, kin, node, depth + 1, at_top=at_top):
                    return True
            elif isinstance(found, ast.FunctionDef | ast.Lambda):
                if self._definitions.standing(call, unit, "") is not Standing.NO:
                    return True
            elif not isinstance(found, ast.Call | ast.alias):
                return True
        return False


_END: Final = 1 << 60
"""A function is called when all of the notebook has run."""
