"""What an assignment declares; the engine knows assignments only through these values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.core.convention import Convention, StandIn
from grader.core.fixture import Inputs, Truth
from grader.core.relation import Relation, Symptom
from grader.core.repair import Rule
from grader.core.slice import Wanted
from grader.core.tensor import DType, Float64

__all__ = ["Assignment", "Bug", "Kind", "Mistake", "Results", "Task"]

Results = Mapping[str, tuple[Float64 | None, ...]]
"""What a target may return by `Convention.gives` (any key where it has no convention).

Of several shapes each, the most frequent first; None stands for an exception.
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of fixtures that share one tolerance analysis.

    bound    (inputs, dtype, expected) -> largest absolute error allowed, of expected's shape
    refuse   (inputs, dtype, expected) -> why a fixture does not belong to this kind, or None
    """

    bound: Callable[[Inputs, DType, Float64], Float64]
    refuse: Callable[[Inputs, DType, Float64], str | None]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One known bug, or several in one function, by what comes back.

    bugs     diagnosis ids, sorted
    results  (inputs, dtype) -> what such a function returns on them, rounded as it would round;
             in each kind of `Results` any of the arrays may be what comes back
    """

    bugs: tuple[str, ...]
    results: Callable[[Inputs, DType], Results]


@dataclass(frozen=True, slots=True)
class Task:
    """One target of an assignment and the mathematics that decides it.

    wanted          what slicing looks for
    arguments       names of the call's positional arguments, in order, as fixtures spell them
    oracle          inputs -> expected float64 values
    kinds           tolerance analyses by name
    differentiable  the argument gradients are taken for, None where there is none
    vjp             (inputs, upstream) -> vector-Jacobian product for that argument
    vjp_bound       (inputs, upstream, dtype) -> largest absolute error allowed
    trivial         answers that need no understanding (zeros, ...): a fixture one of them passes
                    is degenerate
    fills           value for a required further parameter, by its name (`dim` -> -1)
    proves          diagnosis id that a failed check proves by itself, by check name
                    (`pure` -> the id of writing into the argument); `uncalled` for what
                    `Slice.uncalled` says

    Where students choose how their function is called, and what it returns:

    conventions     every way that is understood, in the order in which they are preferred
    derived         values a convention may pass besides the arguments, by name
    accepted        (inputs, dtype) -> right results by `Convention.gives`, of several shapes each;
                    axes of size one are not compared
    spelt           what parameters for each passed value are often called: a regular expression
                    for the whole name, ignoring case
    discovery       the group of fixtures on which the convention is found out
    stand_in        what replaces another role's target that this one calls

    How its bugs are named:

    mistakes        known bugs, alone and together, by their results
    repairs         small edits of source that undo known bugs
    symptoms        behaviours read off all answers; where nothing explains a loss, the first that
                    is seen is told
    relations       what a right target keeps between its own answers; where no symptom is seen, the
                    first that is broken is told
    """

    wanted: Wanted
    arguments: tuple[str, ...]
    oracle: Callable[[Inputs], Float64]
    kinds: Mapping[str, Kind]
    trivial: Mapping[str, Callable[[Inputs], Float64]]
    differentiable: str | None = None
    vjp: Callable[[Inputs, Float64], Float64] | None = None
    vjp_bound: Callable[[Inputs, Float64, DType], Float64] | None = None
    fills: Mapping[str, int] = field(default_factory=dict)
    proves: Mapping[str, str] = field(default_factory=dict)
    conventions: tuple[Convention, ...] = ()
    derived: Mapping[str, Callable[[Inputs], Float64]] = field(default_factory=dict)
    accepted: Callable[[Inputs, DType], Mapping[str, tuple[Truth, ...]]] | None = None
    spelt: Mapping[str, str] = field(default_factory=dict)
    discovery: str = ""
    stand_in: StandIn | None = None
    mistakes: tuple[Mistake, ...] = ()
    repairs: tuple[Rule, ...] = ()
    relations: tuple[Relation, ...] = ()
    symptoms: tuple[Symptom, ...] = ()

    @property
    def role(self) -> str:
        return self.wanted.role

    @property
    def behaviours(self) -> frozenset[str]:
        """Ids that only relations and symptoms tell: of these no cause is known."""
        told = {each.bug for each in self.relations} | {each.bug for each in self.symptoms}
        causes = {bug for each in self.mistakes for bug in each.bugs}
        causes |= {each.bug for each in self.repairs} | set(self.proves.values())
        return frozenset(told - causes)


@dataclass(frozen=True, slots=True)
class Bug:
    """A diagnosis id with its words for the student; neither gives the answer away.

    shows  groups of fixtures on which such a bug can show; empty: on any
    """

    message: str
    hint: str
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment as loaded from its folder.

    name      what rubrics call it
    folder    holds `references/`, and whatever else the assignment ships
    tasks     by role; the first is the main one
    bugs      diagnosis ids this assignment can name, beyond the engine's own; `role/id` where a
              role has words of its own for an id
    template  file name, in the folder, of the notebook that was handed out; empty: none is known
    """

    name: str
    title: str
    folder: Path
    tasks: tuple[Task, ...]
    bugs: Mapping[str, Bug]
    template: str = ""

    def task(self, role: str) -> Task:
        """The task of `role`; KeyError if the assignment has none of that name."""
        for task in self.tasks:
            if task.role == role:
                return task
        raise KeyError(role)

    def words(self, role: str, bug: str) -> Bug:
        """The role's words for a diagnosis; KeyError if the assignment cannot name it."""
        return self.bugs.get(f"{role}/{bug}") or self.bugs[bug]
