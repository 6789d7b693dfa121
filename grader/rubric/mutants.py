"""Mutants: programs with known bugs, which a rubric must take points from.

`mutants.yaml`, in the folder of an assignment, holds programs with slots. A base is right; a
mutant changes the text of some of its slots:

    rubric: made                    # the id of the rubric that `killed_by` and `marks` are about
    bases:
      - role: forward
        source: |
          import numpy as np
          {before}
          def centred(x):
              m = {centre}
              return x - m
        slots: {before: "", centre: "x.mean(-1, keepdims=True)"}
        mutants:
          - {id: one-mean, bugs: [global-mean], change: {centre: x.mean()},
             killed_by: [batch], marks: [4, 7]}
          - {id: shadowed, bugs: [global-data], change: {before: "x = np.ones((1, 3))"},
             killed_by: [values, batch], marks: [0, 0], also: [global-mean], alone: true}
        apart: [[one-mean, shadowed]]
        pairs:
          - {of: [one-mean, other], bugs: [global-mean], killed_by: [batch], marks: [0, 3]}
    alike: [{criteria: [values, batch], reason: why two criteria may kill the same mutants}]
    idle: {values/one-class: why a fixture may find nothing that its neighbours miss}
    kills_nothing: {implemented: why a criterion may kill no mutant}
    without_mutant: {never-called: why a bug has no mutant}

A base
    role     the target its programs are about; they may hold other targets too
    id       begins the names of its mutants (`forward/one-mean`); the role where it is left out.
             One role may have several bases, each with an id of its own
    source   Python; `{name}` stands for the slot of that name, and other braces for themselves.
             Further lines of a slot's text are indented as the line it stands in; a line with
             nothing but slots goes where all of them are empty
    slots    the right text of every slot; with these the program must get full marks and no
             diagnosis
    pairs    further facts about pairs (below), or `false`: none are made of this base
    apart    pairs of mutants that make no sense together

A mutant
    id         unique in its base
    bugs       the diagnosis ids that are true of it, and all of them: what a report should name
    change     slot -> wrong text
    killed_by  criteria that must come out `failed` or `partial`. One that is skipped because of
               another kills nothing; others may kill it too
    marks      the least and the most that the automatic criteria of its role may give it, bonus
               and caps counted in
    also       ids that may be named as well, because they are as true
    alone      true: no pair is made with it

Every two mutants of one base that change different slots make a pair, `one-mean+other`. Its bugs
are the union of theirs. What is in the `killed_by` of either must not hold for it, though it may
be skipped; it may have at most the smaller of their upper marks. An entry of `pairs` says otherwise
of the pair `of`, by any of `bugs`, `killed_by`, `marks` and `also`. A pair that does nothing that
one of its two does not do alone is dropped, and listed.

`without_mutant` has ids as the assignment's `bugs` has them: `role/id` where a role has words of
its own. Whatever is declared and is not so is an error, as what is so and not declared.

Where the rubric at hand has another id than `rubric` says, `killed_by`, `marks` and what is
declared are not looked at: they are about that one. Without the key they are about any rubric.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from grader.core.documents import read, validate
from grader.core.errors import RubricError
from grader.judging.plan import roles
from grader.rubric.mutant_file import BaseEntry, MutantFile, Single, mistaken

if TYPE_CHECKING:
    from grader.core.record import Exam

__all__ = ["Alike", "Base", "Mutant", "Mutants", "load_mutants"]

_FILE: Final = "mutants.yaml"


@dataclass(frozen=True, slots=True)
class Base:
    """A right program that mutants are made of."""

    name: str
    role: str
    program: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong program, and what is true of it.

    name       `base/id`, of a pair `base/one+other`
    base       the name of its base
    bugs       all diagnosis ids that are true of it, sorted
    killed_by  criteria that must be failed or partial; of a pair, these or skipped
    marks      the least and the most its role's criteria may give it
    also       further ids that may be named
    singles    names of the two that a pair is made of; else empty
    """

    name: str
    base: str
    role: str
    program: str
    bugs: tuple[str, ...]
    killed_by: tuple[str, ...]
    marks: tuple[float, float]
    also: tuple[str, ...] = ()
    singles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alike:
    """Criteria that may kill the same mutants, and why."""

    criteria: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Mutants:
    """What `mutants.yaml` says; the singles of a base come before its pairs.

    binding         whether `killed_by`, `marks` and the next three are about the rubric at hand
    alike           criteria that may kill the same
    idle            fixtures that may find nothing of their own, and why
    kills_nothing   criteria that may kill nothing, and why
    without_mutant  known bugs that have no mutant, and why
    with_mutant     known bugs that have one
    whole           false: pairs are left out, so that nothing is said of idle fixtures
    """

    bases: tuple[Base, ...]
    mutants: tuple[Mutant, ...]
    binding: bool = True
    alike: tuple[Alike, ...] = ()
    idle: Mapping[str, str] = field(default_factory=dict)
    kills_nothing: Mapping[str, str] = field(default_factory=dict)
    without_mutant: Mapping[str, str] = field(default_factory=dict)
    with_mutant: frozenset[str] = frozenset()
    whole: bool = True


def load_mutants(exam: Exam) -> Mutants | None:
    """The mutants of the exam's assignment; None where its folder has no `mutants.yaml`.

    RubricError where the file is wrong, or names a role, bug, criterion or fixture there is not.
    """
    path = exam.assignment.folder / _FILE
    if not path.exists():
        return None
    document = read(path)
    listed = validate(document, MutantFile)
    findings = tuple(mistaken(document, listed, exam))
    if findings:
        raise RubricError(findings)
    judged, bugs = roles(exam), exam.assignment.bugs
    bases = [each for each in listed.bases if each.role in judged]
    return Mutants(
        bases=tuple(Base(each.name, each.role, each.program({})) for each in bases),
        mutants=tuple(mutant for each in bases for mutant in _mutants(each)),
        binding=listed.is_about(exam.rubric.id),
        alike=tuple(Alike(frozenset(each.criteria), each.reason) for each in listed.alike),
        idle=listed.idle,
        kills_nothing=listed.kills_nothing,
        without_mutant=listed.without_mutant,
        with_mutant=frozenset(bug for bug in bugs if listed.has(bug, bugs)),
    )


def _mutants(base: BaseEntry) -> Iterator[Mutant]:
    singles = {each.id: _single(base, each) for each in base.mutants}
    yield from singles.values()
    for one, other in combinations(base.mutants, 2):
        if base.joins(one, other):
            yield _pair(base, one, other, singles)


def _single(base: BaseEntry, one: Single) -> Mutant:
    return Mutant(
        name=f"{base.name}/{one.id}",
        base=base.name,
        role=base.role,
        program=base.program(one.change),
        bugs=tuple(sorted(set(one.bugs))),
        killed_by=one.killed_by,
        marks=one.marks,
        also=one.also,
    )


def _pair(base: BaseEntry, one: Single, other: Single, singles: Mapping[str, Mutant]) -> Mutant:
    first, second = singles[one.id], singles[other.id]
    made = Mutant(
        name=f"{first.name}+{other.id}",
        base=base.name,
        role=base.role,
        program=base.program({**one.change, **other.change}),
        bugs=tuple(sorted({*first.bugs, *second.bugs})),
        killed_by=tuple(dict.fromkeys((*first.killed_by, *second.killed_by))),
        marks=(0.0, min(first.marks[1], second.marks[1])),
        also=tuple(dict.fromkeys((*first.also, *second.also))),
        singles=(first.name, second.name),
    )
    declared = base.declared(one, other)
    if declared is None:
        return made
    return replace(
        made,
        bugs=made.bugs if declared.bugs is None else tuple(sorted(set(declared.bugs))),
        killed_by=made.killed_by if declared.killed_by is None else declared.killed_by,
        marks=declared.marks or made.marks,
        also=made.also if declared.also is None else declared.also,
    )
