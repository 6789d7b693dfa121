"""A notebook and what is wanted -> the slice: one role, from cells to `Slice`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grader.core.notebook import Note, Notebook
from grader.core.slice import Location, Slice, Statement, TargetState, Wanted
from grader.core.text import plain
from grader.slicing.blocks import LOOPS
from grader.slicing.closure import Closure, Start
from grader.slicing.data import Sampling, collect_uses
from grader.slicing.dynamic import is_dynamic, mentioned_names, mentions_device, wide_units
from grader.slicing.elsewhere import seen_elsewhere
from grader.slicing.library import Library
from grader.slicing.references import references
from grader.slicing.stubs import is_stub, unparsed_definition
from grader.slicing.target import Candidate, Definitions, Found, choose, near_misses
from grader.slicing.timeline import Timeline
from grader.slicing.units import Parsed, Unit, make_unit, parse, parse_source, split

__all__ = ["cut", "slice_of"]

_MOST_NOTES: Final = 20
_LONGEST: Final = 100


def cut(notebook: Notebook, wanted: Wanted, *, name: str | None = None) -> Slice:
    """Find the definition that fills the target, and the statements it needs to run.

    `name` replaces the accepted names. Never raises: a notebook that nothing can be made of gives
    state `missing`.
    """
    if name is not None:
        wanted = replace(wanted, names=(name,))
    try:
        return _cut(notebook, wanted)
    except (RecursionError, MemoryError, ValueError):  # ValueError: a number of too many digits
        note = Note("could not be analysed: nested too deeply or too large")
        return Slice(wanted.role, "missing", notes=(note,))


def _cut(notebook: Notebook, wanted: Wanted) -> Slice:
    parsed = parse(notebook)
    timeline = Timeline(parsed.units, silent=frozenset(wanted.names))
    library = Library(parsed.units)
    definitions = Definitions(timeline, library)
    found, stub = _best(definitions, wanted)
    if found is None:
        return _not_found(notebook, parsed, definitions, wanted)
    if stub:
        location = parsed.units[found.taken.unit].at(found.taken.binding.line)
        notes = (*parsed.notes, *_choice_notes(found, parsed, location))
        return Slice(wanted.role, "stub", found.symbol, location, notes=notes)
    return slice_of(parsed, timeline, library, wanted, found)


def slice_of(
    parsed: Parsed, timeline: Timeline, library: Library, wanted: Wanted, found: Found
) -> Slice:
    """The slice of a definition that has work in it."""
    location = parsed.units[found.taken.unit].at(found.taken.binding.line)
    notes = (*parsed.notes, *_choice_notes(found, parsed, location))
    closure = Closure(timeline, Start(found.symbol, found.until))
    given = _supplied(wanted, closure, timeline)
    early = [parsed.units[index] for index in sorted(closure.early)]
    units = [*given, *early]
    units += [parsed.units[index] for index in sorted(closure.needed - closure.early)]
    maker = _Maker(timeline, found, library, wanted)
    dynamic = is_dynamic(units, timeline)
    devices = mentions_device(units)
    blind = dynamic or bool(closure.loose - {name for unit in given for name in _bound(unit)})
    return Slice(
        wanted.role,
        "found",
        found.symbol,
        location,
        statements=maker.statements(units),
        wide=_wide(closure, timeline, found, maker, units) if blind else (),
        dynamic=dynamic,
        devices=devices,
        references=references(units),
        notes=(*notes, *_content_notes(given, early, devices=devices, dynamic=dynamic)),
    )


def _best(definitions: Definitions, wanted: Wanted) -> tuple[Found | None, bool]:
    """The definition of the best accepted name that has work in it, else of the best that is there.

    The second value says whether it is a stub.
    """
    stubs: list[Found] = []
    for symbol in wanted.names:
        found = choose(definitions, symbol)
        if found is None:
            continue
        worked = next(
            (
                candidate
                for candidate in (found.taken, *reversed(found.others))
                if not is_stub(candidate.binding, candidate.unit, definitions, wanted)
            ),
            None,
        )
        if worked:  # the handout typed again below it, or in another branch, undoes no work
            return found.instead(worked), False
        stubs.append(found)
    return (stubs[0], True) if stubs else (None, False)


def _not_found(
    notebook: Notebook, parsed: Parsed, definitions: Definitions, wanted: Wanted
) -> Slice:
    """Missing, or standing in a cell that is not valid Python."""
    for cell in reversed(parsed.broken):
        seen = unparsed_definition(cell, wanted.names)
        if seen:
            symbol, line, empty = seen
            location = Location(cell.number, line, cell.cell_id, cell.file_line(line))
            state: TargetState = "stub" if empty else "unparsed"
            return Slice(wanted.role, state, symbol, location, notes=parsed.notes)
    near = near_misses(definitions, wanted.names)
    notes = (*parsed.notes, *seen_elsewhere(notebook, parsed.units, wanted.names))
    return Slice(wanted.role, "missing", near=near, notes=notes)


def _choice_notes(found: Found, parsed: Parsed, location: Location) -> list[Note]:
    """Which of several definitions was taken, and any that could not be read."""
    notes: list[Note] = []
    others = [
        f"cell {parsed.units[other.unit].location.cell} line {other.binding.line}"
        for other in found.others
    ]
    if others:
        empty = any(_stands_below(other, found.taken) for other in found.others)
        last = "the last with work in it" if empty else "the last"
        text = f"{found.symbol} is defined more than once; taken is {last}, not "
        notes.append(Note(text + ", ".join(others[-5:]), location.cell, location.line))
    for cell in parsed.broken:
        seen = unparsed_definition(cell, (found.symbol,))
        if seen:
            text = f"{found.symbol} seems to be defined here too, but the cell is not valid Python"
            notes.append(Note(text, cell.number, seen[1]))
    return notes[:5]


def _stands_below(other: Candidate, taken: Candidate) -> bool:
    return (other.unit, other.binding.line) > (taken.unit, taken.binding.line)


def _content_notes(
    given: Sequence[Unit], early: Sequence[Unit], *, devices: bool, dynamic: bool
) -> list[Note]:
    notes = [
        Note(f"the handout's own `{unit.code}` was supplied: the file has lost it")
        for unit in given
    ]
    for unit in early[:_MOST_NOTES]:
        text = f"`{plain(unit.code[:_LONGEST])}` stands below its first use and was run first"
        notes.append(Note(text, unit.location.cell, unit.location.line))
    if devices:
        notes.append(Note("it asks for an accelerator; everything runs on the CPU here"))
    if dynamic:
        notes.append(Note("it looks names up at run time, so more of the notebook is run"))
    return notes


def _supplied(wanted: Wanted, closure: Closure, timeline: Timeline) -> list[Unit]:
    """The handout's imports of names that the slice reads and nothing in the notebook binds."""
    lost = {name for name in closure.loose if not timeline.bound(name)}
    supplied: list[Unit] = []
    for source in wanted.given:
        for node in parse_source(source).body:
            for part, code in split(node, ast.unparse(node)):
                lent = make_unit(-1, part, code, Location(0, 1))
                if lost & _bound(lent):
                    supplied.append(lent)
    return supplied


def _bound(unit: Unit) -> set[str]:
    return {binding.name for binding in unit.bound}


def _wide(
    closure: Closure,
    timeline: Timeline,
    found: Found,
    maker: _Maker,
    units: Sequence[Unit],
) -> tuple[Statement, ...]:
    """More of the notebook, where there is more that may matter."""
    needed = frozenset(closure.needed)
    names = mentioned_names(units, timeline)
    more = wide_units(timeline, needed | closure.early, names, found.symbol, found.until)
    if set(more) <= needed | closure.early:
        return ()
    first = [unit for unit in units if unit.index < 0 or unit.index in closure.early]
    rest = [timeline.units[index] for index in more if index not in closure.early]
    statements = maker.statements([*first, *rest])
    return tuple(replace(statement, tolerant=True) for statement in statements)


class _Maker:
    """Turns units into statements, with the names they bind and why they count as data."""

    def __init__(self, timeline: Timeline, found: Found, library: Library, wanted: Wanted) -> None:
        self._timeline = timeline
        self._found = found
        self._library = library
        own: dict[str, ast.AST] = {**timeline.functions}
        for unit in timeline.units:
            for binding in unit.bound:
                if isinstance(binding.value, ast.Lambda):
                    own[binding.name] = binding.value
        self._own = own
        self._uses = collect_uses(
            (unit.node for unit in timeline.units),
            frozenset({*wanted.names, found.symbol}),
            library,
            frozenset(own),
        )

    def statements(self, units: Sequence[Unit]) -> tuple[Statement, ...]:
        """In the order given; of labels, what earlier units hold tells about later ones."""
        sampling = Sampling(self._library, self._uses, self._own)
        made: list[Statement] = []
        for unit in units:
            data, filled = sampling.label(unit)
            binds = filled or tuple(sorted(_bound(unit)))
            if self._found.symbol in binds:
                data = None
            made.append(replace(unit.statement(binds, tolerant=self._tolerant(unit)), data=data))
        return tuple(made)

    def _tolerant(self, unit: Unit) -> bool:
        """Star imports, loops over what is not there, and a `del` of what was not needed."""
        if unit.index == self._found.taken.unit:
            return False
        return unit.star or isinstance(unit.node, (*LOOPS, ast.Delete))
