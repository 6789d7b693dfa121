"""Every definition that may be the target, where the handout does not say what it is called."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from grader.core.notebook import Cell, Note, Notebook
from grader.core.slice import Kind, Location, Slice, Wanted
from grader.slicing.classes import (
    instance_of,
    is_autograd_function,
    is_module,
    methods_of,
    needs_arguments,
    takes_context,
)
from grader.slicing.cut import slice_of
from grader.slicing.library import Library
from grader.slicing.stubs import is_empty
from grader.slicing.target import Definitions, Found, Standing, choose
from grader.slicing.timeline import Timeline
from grader.slicing.uncalled import is_uncalled
from grader.slicing.units import Parsed, parse
from grader.slicing.words import words

__all__ = ["candidates", "nothing"]

_MOST: Final = 8
_MOST_LOOKED_AT: Final = 200  # definitions; a notebook has some twenty
_OTHER_WORK: Final = words(
    "model net network optimizer optim loss loss_fn criterion loader dataloader dataset epochs lr"
    " learning_rate f fn func function"
)
"""Parameters of functions that train, or that differentiate whatever they are handed."""
_TRAINS: Final = frozenset({"zero_grad", "step", "savefig", "plot", "scatter"})
_NEVER_CALLED: Final = (
    "autograd never calls `nn.Module.backward`: it follows what `forward` does, and this method "
    "runs only where it is called by hand"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Meant:
    """A definition that may be meant.

    rank    which pattern of the wanted its name matches; lower is better
    symbol  what the notebook calls the function, the class, or an instance of it
    """

    rank: int
    unit: int
    symbol: str
    node: ast.FunctionDef | ast.Lambda | None
    kind: Kind = "function"
    owner: ast.ClassDef | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The notebook as it is asked about, and what is wanted of it."""

    parsed: Parsed
    definitions: Definitions
    library: Library
    wanted: Wanted
    given: str | None
    apart: frozenset[str]


def candidates(
    notebook: Notebook,
    wanted: Wanted,
    *,
    name: str | None = None,
    apart: frozenset[str] = frozenset(),
) -> tuple[Slice, ...]:
    """The slices of all that may be meant by `wanted.like`, at most eight, likeliest first.

    name   exactly that function or class, whatever its name is like
    apart  names of other targets: no functions of these names; what calls them `leans_on` them

    Unfinished ones are left out where another is there. Never raises.
    """
    try:
        return _candidates(notebook, wanted, name, apart)
    except (RecursionError, MemoryError, ValueError):  # ValueError: a number of too many digits
        return ()


def nothing(notebook: Notebook, wanted: Wanted) -> Slice:
    """The slice of a notebook without candidates: missing, or in a cell that is not Python."""
    try:
        parsed = parse(notebook)
    except (RecursionError, MemoryError, ValueError):
        return Slice(wanted.role, "missing")
    for cell in reversed(parsed.broken):
        for line, symbol in _heads(cell):
            if _rank(symbol, wanted) is not None:
                location = Location(cell.number, line, cell.cell_id, cell.file_line(line))
                return Slice(wanted.role, "unparsed", symbol, location, notes=parsed.notes)
    return Slice(wanted.role, "missing", notes=parsed.notes)


def _heads(cell: Cell) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(cell.source.split("\n"), 1):
        if match := re.match(r"\s*def\s+(\w+)", text):
            yield line, match[1]


def _candidates(
    notebook: Notebook, wanted: Wanted, name: str | None, apart: frozenset[str]
) -> tuple[Slice, ...]:
    parsed = parse(notebook)
    library = Library(parsed.units)
    definitions = Definitions(Timeline(parsed.units), library)
    scene = _Scene(parsed, definitions, library, wanted, name, apart)
    meant = sorted(_meant(scene), key=lambda each: (each.rank, -each.unit))
    worked = [each for each in meant if not _is_empty(each, definitions)]
    made = (_slice(scene, each) for each in worked[:_MOST])
    found = tuple(each for each in made if each is not None)
    return found or tuple(_stub(scene, each) for each in meant[:1])


def _meant(scene: _Scene) -> Iterator[_Meant]:
    definitions, given = scene.definitions, scene.given
    bound = dict.fromkeys(binding.name for unit in scene.parsed.units for binding in unit.bound)
    looked = 0
    for symbol in bound if given is None else (given,):
        found = choose(definitions, symbol)
        if found is None or found.taken.standing is not Standing.YES:
            continue
        looked += 1
        if looked > _MOST_LOOKED_AT:
            return
        value, unit = found.taken.binding.value, found.taken.unit
        if isinstance(value, ast.ClassDef):
            yield from _of_class(scene, value, unit)
            continue
        rank = 0 if given is not None else _rank(symbol, scene.wanted)
        node = value if isinstance(value, ast.FunctionDef | ast.Lambda) else None
        if rank is None or (given is None and (symbol in scene.apart or _is_other_work(node))):
            continue
        if isinstance(value, ast.alias) or _is_applied(value):
            continue  # a library's own, or a class that is a candidate by itself
        yield _Meant(rank, unit, symbol, node)


def _is_applied(value: ast.AST | None) -> bool:
    return isinstance(value, ast.Attribute) and value.attr == "apply"


def _of_class(scene: _Scene, node: ast.ClassDef, unit: int) -> Iterator[_Meant]:
    """One for each method whose name is like the wanted; of an autograd function its `backward`."""
    methods = methods_of(node, unit, scene.definitions)
    function = is_autograd_function(node, unit, scene.definitions, scene.library)
    symbol = node.name
    if not function and needs_arguments(methods, known=("dim", "axis")):
        symbol = instance_of(node.name, scene.parsed) or symbol
    for method in methods.values():
        rank = _rank(method.name, scene.wanted)
        if rank is None and scene.given is not None and method.name == "backward":
            rank = 0
        if rank is None or _is_other_work(method) or _is_property(method):
            continue
        context = function or takes_context(method, methods)
        if context and method.name != "backward":
            continue
        kind: Kind = "autograd_function" if context else "class"
        yield _Meant(rank, unit, node.name if context else symbol, method, kind, node)


def _rank(name: str, wanted: Wanted) -> int | None:
    """Which pattern the name is like; None for one that is like none, or like something else."""
    lower = name.lower()
    if lower.startswith("__") or any(re.search(pattern, lower) for pattern in wanted.unlike):
        return None
    return next((at for at, each in enumerate(wanted.like) if re.search(each, lower)), None)


def _is_other_work(node: ast.FunctionDef | ast.Lambda | None) -> bool:
    """Training, plotting, or differentiating what it is handed."""
    if node is None:
        return False
    taken = {argument.arg for argument in _positional(node.args)}
    if taken & _OTHER_WORK:
        return True
    return any(
        isinstance(part, ast.Call)
        and isinstance(part.func, ast.Attribute)
        and (part.func.attr in _TRAINS or _is_loss(part.func))
        for part in ast.walk(node)
    )


def _is_loss(called: ast.Attribute) -> bool:
    owner = called.value
    return called.attr == "backward" and isinstance(owner, ast.Name) and "loss" in owner.id.lower()


def _is_property(method: ast.FunctionDef) -> bool:
    return any(
        "property" in ast.unparse(each) or "setter" in ast.unparse(each)
        for each in method.decorator_list
    )


def _is_empty(meant: _Meant, definitions: Definitions) -> bool:
    return meant.node is not None and is_empty(meant.node, definitions)


def _stub(scene: _Scene, meant: _Meant) -> Slice:
    line = meant.node.lineno if meant.node else 1
    location = scene.parsed.units[meant.unit].at(line)
    return Slice(scene.wanted.role, "stub", meant.symbol, location, notes=scene.parsed.notes)


def _slice(scene: _Scene, meant: _Meant) -> Slice | None:
    """The slice, cut as for a target that is named; None where the name has no definition left."""
    wanted = replace(scene.wanted, names=(meant.symbol,))
    timeline = Timeline(scene.parsed.units, silent=frozenset(wanted.names))
    found = _worked(Definitions(timeline, scene.library), meant)
    if found is None:
        return None
    cut = slice_of(scene.parsed, timeline, scene.library, wanted, found)
    bound = {name for statement in cut.statements for name in statement.binds}
    leans = sorted(bound & scene.apart - {meant.symbol})
    cut = replace(cut, kind=meant.kind, leans_on=leans[0] if leans else "")
    if meant.node is not None:
        cut = _with_parameters(cut, meant.node, meant)
    return _as_method(scene, cut, meant) if meant.owner is not None else cut


def _as_method(scene: _Scene, cut: Slice, meant: _Meant) -> Slice:
    """The slice of a class, told of the method that is meant."""
    if meant.owner is None or not isinstance(meant.node, ast.FunctionDef):
        return cut
    own = meant.node in meant.owner.body
    location = scene.parsed.units[meant.unit].at((meant.node if own else meant.owner).lineno)
    cut = replace(cut, method=meant.node.name, location=location)
    module = is_module(meant.owner, meant.unit, scene.definitions, scene.library)
    if meant.node.name != "backward" or not module:
        return cut
    note = Note(_NEVER_CALLED, location.cell, location.line)
    uncalled = is_uncalled(meant.owner.name, scene.parsed)
    return replace(cut, notes=(*cut.notes, note), uncalled=uncalled)


def _worked(definitions: Definitions, meant: _Meant) -> Found | None:
    """The last definition of the name that has work in it, else the last."""
    found = choose(definitions, meant.symbol)
    if found is None or meant.owner is not None:
        return found
    for each in (found.taken, *reversed(found.others)):
        value = each.binding.value
        if not isinstance(value, ast.FunctionDef) or not is_empty(value, definitions):
            return found.instead(each)
    return found


def _with_parameters(cut: Slice, node: ast.FunctionDef | ast.Lambda, meant: _Meant) -> Slice:
    arguments = node.args
    if arguments.vararg is not None:
        return cut
    names = [argument.arg for argument in _positional(arguments)]
    required = len(names) - len(arguments.defaults)
    bound = _bound_before(node, meant)
    return replace(cut, parameters=tuple(names[bound:]), required=max(required - bound, 0))


def _bound_before(node: ast.FunctionDef | ast.Lambda, meant: _Meant) -> int:
    """How many parameters are not the caller's: self, cls, a context."""
    if meant.owner is None:
        return 0
    if meant.kind == "autograd_function":
        return 1
    static = isinstance(node, ast.FunctionDef) and any(
        isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list
    )
    return 0 if static else 1


def _positional(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args]
