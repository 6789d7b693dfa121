"""Every definition that may be the target, where the handout does not say what it is called."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from grader.core.notebook import Cell, Note, Notebook
from grader.core.slice import Location, Slice, TargetState, Wanted
from grader.slicing.classes import positional
from grader.slicing.cut import slice_of
from grader.slicing.meant import BACKWARD, Meant, Search, is_unlike, rank
from grader.slicing.stubs import unparsed_definition
from grader.slicing.uncalled import Backwards
from grader.slicing.units import Parsed, parse

__all__ = ["candidates", "nothing"]

_MOST: Final = 8
_MOST_HEADS: Final = 50
_NEVER_CALLED: Final = (
    "autograd never calls `nn.Module.backward`: it differentiates what `forward` does by itself,"
    " and this method runs only where it is called by hand"
)
_HEAD: Final = re.compile(r"\s*(?:(?:def|class)\s+([^\W\d]\w*)|([^\W\d]\w*)\s*=\s*lambda\b)")


def candidates(
    notebook: Notebook,
    wanted: Wanted,
    *,
    name: str | None = None,
    apart: frozenset[str] = frozenset(),
) -> tuple[Slice, ...]:
    """The slices of all that may be meant by `wanted.like`, at most eight, likeliest first.

    Those whose name matches an earlier pattern come first, of these the later in the notebook.
    Unfinished ones are left out; empty where nothing is there (see `nothing`). Never raises.

    name   exactly that function, class or `Class.method`, whatever it is called
    apart  names of other targets: no functions of these names; what calls them `leans_on` them
    """
    try:
        search = Search(parse(notebook), wanted, name, apart)
        worked = [each for each in search.meant() if not search.is_stub(each)]
        backwards = Backwards(
            search.definitions, search.library, search.classes, broken=search.parsed.broken
        )
        return tuple(_slice(search, each, backwards) for each in worked[:_MOST])
    except (RecursionError, MemoryError, ValueError):  # ValueError: a number of too many digits
        return ()


def nothing(notebook: Notebook, wanted: Wanted, *, name: str | None = None) -> Slice:
    """The slice of a notebook without candidates.

    State `unparsed` where one with work in it seems to stand in a cell that is not valid Python,
    `stub` where only unfinished ones are there, else `missing`. Never raises.
    """
    try:
        parsed = parse(notebook)
        seen = _unparsed(parsed, wanted, name)
        if seen and seen.state == "unparsed":
            return seen
        unfinished = _unfinished(Search(parsed, wanted, name, frozenset()))
        return unfinished or seen or Slice(wanted.role, "missing", notes=parsed.notes)
    except (RecursionError, MemoryError, ValueError):
        note = Note("could not be analysed: nested too deeply or too large")
        return Slice(wanted.role, "missing", notes=(note,))


def _slice(search: Search, meant: Meant, backwards: Backwards) -> Slice:
    """As `cut` makes it of a target that is named, with what a candidate has besides."""
    named = replace(search.wanted, names=(meant.found.symbol,))
    cut = slice_of(search.parsed, search.timeline, search.library, named, meant.found)
    own = {meant.found.symbol, meant.owner[0].name if meant.owner else ""}
    bound = (name for statement in cut.statements for name in statement.binds)
    location = _location(search, meant)
    parameters, required = _parameters(meant)
    told = replace(
        cut,
        kind=meant.kind,
        method=meant.method,
        location=location,
        parameters=parameters,
        required=required,
        leans_on=next((name for name in bound if name in search.apart - own), ""),
    )
    if (
        meant.owner is None
        or meant.method != BACKWARD
        or not search.classes.is_module(*meant.owner)
    ):
        return told
    note = Note(_NEVER_CALLED, location.cell, location.line)
    surely = search.name or not is_unlike(meant.owner[0].name, search.wanted)
    uncalled = bool(surely) and backwards.uncalled(*meant.owner, required)
    return replace(told, notes=(*told.notes, note), uncalled=uncalled)


def _location(search: Search, meant: Meant) -> Location:
    return search.parsed.units[meant.unit].at(meant.binding.line)


def _parameters(meant: Meant) -> tuple[tuple[str, ...] | None, int]:
    if meant.node is None or meant.node.args.vararg is not None:
        return None, 0
    names = positional(meant.node)
    required = len(names) - len(meant.node.args.defaults) - meant.dropped
    return names[meant.dropped :], max(required, 0)


def _unfinished(search: Search) -> Slice | None:
    """The likeliest of those without work in them."""
    for meant in search.meant():
        if search.is_stub(meant):
            return Slice(
                search.wanted.role,
                "stub",
                meant.found.symbol,
                _location(search, meant),
                notes=search.parsed.notes,
                kind=meant.kind,
                method=meant.method,
            )
    return None


def _unparsed(parsed: Parsed, wanted: Wanted, name: str | None) -> Slice | None:
    """What seems to stand in a cell that is not valid Python."""
    for cell in reversed(parsed.broken):
        symbols = _heads(cell, wanted) if name is None else (name.partition(".")[0],)
        seen = unparsed_definition(cell, symbols)
        if seen:
            symbol, line, empty = seen
            location = Location(cell.number, line, cell.cell_id, cell.file_line(line))
            state: TargetState = "stub" if empty else "unparsed"
            return Slice(wanted.role, state, symbol, location, notes=parsed.notes)
    return None


def _heads(cell: Cell, wanted: Wanted) -> tuple[str, ...]:
    """Names that a cell seems to define, as far as they may be meant; the last ones."""
    found = (match for line in cell.source.split("\n") if (match := _HEAD.match(line)))
    names = dict.fromkeys(match[1] or match[2] for match in found)
    return tuple(name for name in names if rank(name, wanted) is not None)[-_MOST_HEADS:]
