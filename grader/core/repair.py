"""A verified repair: small edits of the student's own source that make a target right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from grader.core.fixture import Inputs
from grader.core.slice import Location
from grader.core.tensor import Float64

__all__ = ["Change", "Edit", "Fix", "Patch", "Repair", "RepairSet", "Rule"]


@dataclass(frozen=True, slots=True)
class Patch:
    """Text in place of a span of one statement's source, in characters from 0."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """One place mended: patches of one statement, each as small as it can be.

    statement  index among the statements that were searched
    at         the span of what is replaced; of insertions at one offset the one about the inner
               span comes first
    variant    fixes of one rule that differ in it exclude each other (two ways to say the same)
    """

    statement: int
    at: tuple[int, int]
    patches: tuple[Patch, ...]
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern of a known bug, and the small edit that undoes it.

    name  unique in a task
    bug   the diagnosis id: of the pattern that is replaced, never of what is put there
    find  every place in the code to which it applies; the code is `grader.editing.Code`
    seen  (inputs, answer) -> whether a wrong answer shows such a bug: where none does, the rule is
          not tried; None: whatever the answers are

    No rule puts a whole reference in place of an expression, calls a library's own answer, or
    does more than one step of the mathematics.
    """

    name: str
    bug: str
    find: Callable[[Any], Iterable[Fix]]
    seen: Callable[[Inputs, Float64], bool] | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One rule at some of the places it applies to."""

    rule: str
    bug: str
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An edit as it is told: which rule, which bug, and where."""

    rule: str
    bug: str
    places: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class RepairSet:
    """Changes that together make the target right; `diff` shows them as a unified diff."""

    changes: tuple[Change, ...]
    diff: str

    @property
    def bugs(self) -> tuple[str, ...]:
        return tuple(sorted({change.bug for change in self.changes}))


@dataclass(frozen=True, slots=True)
class Repair:
    """What a search for repairs found.

    sets   every set of the smallest size that held in the search, the one confirmed first
    tried  how many candidates were run
    unread rules that failed on this source: a fault of theirs, which costs nothing but them
    complete  whether every set of that size was tried: else nothing is proved by being the only one
    """

    sets: tuple[RepairSet, ...] = ()
    tried: int = 0
    unread: tuple[str, ...] = ()
    complete: bool = True
