"""What an assignment declares; the engine knows assignments only through these values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.core.fixture import Inputs
from grader.core.slice import Wanted
from grader.core.tensor import DType, Float64

__all__ = ["Assignment", "Bug", "Kind", "Task"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of fixtures that share one tolerance analysis.

    bound    (inputs, dtype, expected) -> largest absolute error allowed, of expected's shape
    refuse   (inputs, dtype, expected) -> why a fixture does not belong to this kind, or None
    """

    bound: Callable[[Inputs, DType, Float64], Float64]
    refuse: Callable[[Inputs, DType, Float64], str | None]


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
                    (`pure` -> the id of writing into the argument)
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

    @property
    def role(self) -> str:
        return self.wanted.role


@dataclass(frozen=True, slots=True)
class Bug:
    """A diagnosis id with its words for the student; neither gives the answer away."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment as loaded from its folder.

    name      what rubrics call it
    folder    holds `references/`, and whatever else the assignment ships
    tasks     by role; the first is the main one
    bugs      diagnosis ids this assignment can name, beyond the engine's own
    """

    name: str
    title: str
    folder: Path
    tasks: tuple[Task, ...]
    bugs: Mapping[str, Bug]

    def task(self, role: str) -> Task:
        """The task of `role`; KeyError if the assignment has none of that name."""
        for task in self.tasks:
            if task.role == role:
                return task
        raise KeyError(role)
