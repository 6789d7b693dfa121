"""`mutants.yaml` as it is written, and what can be wrong with it; `mutants` says what it means."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from grader.core.documents import Document, nearest
from grader.core.plaindata import Loc
from grader.core.report import Slug
from grader.diagnosis.observed import OWN
from grader.judging.plan import roles

if TYPE_CHECKING:
    from grader.core.record import Exam

__all__ = ["BaseEntry", "MutantFile", "PairEntry", "Single", "mistaken"]

_SLOT: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")

_Reason = Annotated[str, Field(min_length=1)]
_Marks = tuple[Annotated[float, Field(ge=0)], Annotated[float, Field(ge=0)]]
_Some = Annotated[tuple[str, ...], Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Single(_Frozen):
    """A mutant of one bug, or of one change that is several."""

    id: Slug
    bugs: _Some
    change: Annotated[dict[str, str], Field(min_length=1)]
    killed_by: _Some
    marks: _Marks
    also: tuple[str, ...] = ()
    alone: bool = False


class PairEntry(_Frozen):
    """What is said of one pair; None is derived from its two."""

    of: tuple[str, str]
    bugs: _Some | None = None
    killed_by: _Some | None = None
    marks: _Marks | None = None
    also: tuple[str, ...] | None = None


class BaseEntry(_Frozen):
    """A right program with slots, and its mutants."""

    role: Annotated[str, Field(min_length=1)]
    id: Slug | None = None
    source: Annotated[str, Field(min_length=1)]
    slots: Annotated[dict[str, str], Field(min_length=1)]
    mutants: Annotated[tuple[Single, ...], Field(min_length=1)]
    apart: tuple[tuple[str, str], ...] = ()
    pairs: Literal[False] | tuple[PairEntry, ...] = ()

    @property
    def name(self) -> str:
        return self.id or self.role

    @property
    def in_source(self) -> frozenset[str]:
        """What stands in braces; not all of it need be a slot."""
        return frozenset(_SLOT.findall(self.source))

    def program(self, change: Mapping[str, str]) -> str:
        """The source with every slot filled: by `change`, or by the right text."""
        texts = {name: text.strip("\n") for name, text in {**self.slots, **change}.items()}
        filled = (_filled(line, texts) for line in self.source.splitlines())
        return "\n".join(line for line in filled if line is not None) + "\n"

    def joins(self, one: Single, other: Single) -> bool:
        """Whether a pair is made of these two."""
        return (
            self.pairs is not False
            and not (one.alone or other.alone)
            and not one.change.keys() & other.change.keys()
            and {one.id, other.id} not in [set(each) for each in self.apart]
        )

    def declared(self, one: Single, other: Single) -> PairEntry | None:
        """What the file says of this pair."""
        names = {one.id, other.id}
        return next((each for each in self.pairs or () if set(each.of) == names), None)


class AlikeEntry(_Frozen):
    criteria: Annotated[tuple[str, ...], Field(min_length=2)]
    reason: _Reason


class MutantFile(_Frozen):
    """The whole file."""

    rubric: str | None = None
    bases: Annotated[tuple[BaseEntry, ...], Field(min_length=1)]
    alike: tuple[AlikeEntry, ...] = ()
    idle: dict[str, _Reason] = {}
    kills_nothing: dict[str, _Reason] = {}
    without_mutant: dict[str, _Reason] = {}

    def has(self, bug: str, bugs: Collection[str]) -> bool:
        """Whether a mutant has the bug, a key of `bugs`: an id, or `role/id` of one role alone."""
        role, _, identifier = bug.rpartition("/")
        return any(
            identifier in mutant.bugs
            for base in self.bases
            if (base.role == role if role else f"{base.role}/{bug}" not in bugs)
            for mutant in base.mutants
        )

    def is_about(self, rubric: str) -> bool:
        """Whether what it says of criteria, marks and fixtures is about the rubric of that id."""
        return self.rubric in (None, rubric)


def mistaken(document: Document, listed: MutantFile, exam: Exam) -> Iterator[str]:
    """What a model cannot say: lines for `RubricError`."""
    names = [each.name for each in listed.bases]
    for at, base in enumerate(listed.bases):
        loc: Loc = ("bases", at)
        if base.name in names[:at]:
            yield document.finding(
                loc, f"expected each base once, `{base.name}` is here again: give it an `id`"
            )
        known = [task.role for task in exam.assignment.tasks]
        if base.role not in known:
            told = f"no role `{base.role}`{nearest(base.role, known)}"
            yield document.finding((*loc, "role"), told)
        yield from _wrong_slots(document, loc, base)
        yield from _wrong_mutants(document, loc, base, exam)
        yield from _wrong_pairs(document, loc, base, exam)
    yield from _unknown(document, ("without_mutant",), listed.without_mutant, exam.assignment.bugs)
    if listed.is_about(exam.rubric.id):
        yield from _about_the_rubric(document, listed, exam)


def _filled(line: str, texts: Mapping[str, str]) -> str | None:
    """The line with its slots filled; None where it held slots only, and all are empty."""
    indent = line[: len(line) - len(line.lstrip())]

    def text(found: re.Match[str]) -> str:
        return texts.get(found[1], found[0]).replace("\n", f"\n{indent}")

    made = _SLOT.sub(text, line)
    return None if line.strip() and not made.strip() else made


def _wrong_slots(document: Document, loc: Loc, base: BaseEntry) -> Iterator[str]:
    for name in base.slots:
        if name not in base.in_source:
            told = f"no `{{{name}}}` in the source{nearest(name, base.in_source)}"
            yield document.finding((*loc, "slots", name), told, key=True)
    if wrong := _syntax(base.program({})):
        yield document.finding((*loc, "source"), f"expected Python in the base: {wrong}")


def _wrong_mutants(document: Document, loc: Loc, base: BaseEntry, exam: Exam) -> Iterator[str]:
    ids = [each.id for each in base.mutants]
    right = base.program({})
    for at, mutant in enumerate(base.mutants):
        here = (*loc, "mutants", at)
        if mutant.id in ids[:at]:
            told = f"expected each mutant once, `{mutant.id}` is here again"
            yield document.finding((*here, "id"), told)
        yield from _unknown(document, (*here, "change"), mutant.change, base.slots)
        program = base.program(mutant.change)
        if program == right:
            yield document.finding((*here, "change"), "expected a change, this is the base")
        elif wrong := _syntax(program):
            yield document.finding((*here, "change"), f"expected Python in the mutant: {wrong}")
        yield from _wrong_facts(document, here, base, mutant, exam)


def _wrong_pairs(document: Document, loc: Loc, base: BaseEntry, exam: Exam) -> Iterator[str]:
    by_id = {each.id: each for each in base.mutants}
    for at, names in enumerate(base.apart):
        yield from _unknown(document, (*loc, "apart", at), names, by_id)
    for at, pair in enumerate(base.pairs or ()):
        here = (*loc, "pairs", at)
        unknown = tuple(_unknown(document, (*here, "of"), pair.of, by_id))
        yield from unknown
        if not unknown and not base.joins(*(by_id[name] for name in pair.of)):
            told = f"`{'` and `'.join(pair.of)}` are no pair: alone, apart, or of one slot"
            yield document.finding((*here, "of"), told)
        yield from _wrong_facts(document, here, base, pair, exam)
    for one, other in combinations(base.mutants, 2):
        if base.joins(one, other):
            wrong = _syntax(base.program({**one.change, **other.change}))
            if wrong and not any(_syntax(base.program(each.change)) for each in (one, other)):
                told = f"`{one.id}` and `{other.id}` together are no Python: put them `apart`"
                yield document.finding(loc, told)


def _wrong_facts(
    document: Document, here: Loc, base: BaseEntry, entry: Single | PairEntry, exam: Exam
) -> Iterator[str]:
    known = _ids(exam, base.role)
    yield from _unknown(document, (*here, "bugs"), entry.bugs or (), known)
    yield from _unknown(document, (*here, "also"), entry.also or (), known)
    if entry.marks is not None and entry.marks[0] > entry.marks[1]:
        yield document.finding((*here, "marks"), "expected the smaller mark first")


def _about_the_rubric(document: Document, listed: MutantFile, exam: Exam) -> Iterator[str]:
    criteria = [criterion.id for criterion in exam.rubric.criteria]
    for at, base in enumerate(listed.bases):
        if base.role not in roles(exam):
            yield document.finding(("bases", at, "role"), "no criterion is about this role")
        for number, mutant in enumerate(base.mutants):
            here = ("bases", at, "mutants", number, "killed_by")
            yield from _unknown(document, here, mutant.killed_by, criteria)
        for number, pair in enumerate(base.pairs or ()):
            here = ("bases", at, "pairs", number, "killed_by")
            yield from _unknown(document, here, pair.killed_by or (), criteria)
    for at, each in enumerate(listed.alike):
        yield from _unknown(document, ("alike", at, "criteria"), each.criteria, criteria)
    yield from _unknown(document, ("kills_nothing",), listed.kills_nothing, criteria)
    fixtures = [fixture.name for fixture in exam.fixtures if fixture.scored]
    yield from _unknown(document, ("idle",), listed.idle, fixtures)


def _unknown(
    document: Document,
    loc: Loc,
    found: Collection[str],
    known: Collection[str],
) -> Iterator[str]:
    for at, name in enumerate(found):
        if name not in known:
            step = name if isinstance(found, Mapping) else at
            told = f"no `{name}` is known here{nearest(name, known)}"
            yield document.finding((*loc, step), told, key=isinstance(found, Mapping))


def _ids(exam: Exam, role: str) -> frozenset[str]:
    """Diagnosis ids that a report can name for the role."""
    split = (key.rpartition("/") for key in exam.assignment.bugs)
    return frozenset(OWN) | {bug for of, _, bug in split if of in ("", role)}


def _syntax(program: str) -> str:
    """Why a program is no Python; empty where it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(program)
    except SyntaxError as error:
        return f"{error.msg} in line {error.lineno}"
    return ""
