"""Behaviours that can be told without a cause: relations a right target keeps, and symptoms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.core.fixture import Inputs
from grader.core.tensor import Float64

__all__ = ["Answer", "Relation", "Symptom"]


@dataclass(frozen=True, slots=True)
class Relation:
    """What holds between a target's own answers, whatever they are: a metamorphic relation.

    bug      diagnosis id of the behaviour where it does not hold
    changed  inputs -> the inputs of further calls; empty where they say nothing
    kept     (inputs, answers to the further calls) -> what the answer to `inputs` must be then
    finite   answers that are not finite say nothing of it
    """

    bug: str
    changed: Callable[[Inputs], tuple[Inputs, ...]]
    kept: Callable[[Inputs, tuple[Float64, ...]], Float64]
    finite: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on one fixture.

    raised  whether it was an exception
    value   None where no numbers came back
    right   whether it is what should have come back
    """

    inputs: Inputs
    expected: Float64
    raised: bool
    value: Float64 | None
    right: bool


@dataclass(frozen=True, slots=True)
class Symptom:
    """A behaviour read off all answers together.

    seen  the answers on fixtures that decide values and that no trivial answer passes -> whether
          this is what they show
    last  it says little: told only where every relation holds
    """

    bug: str
    seen: Callable[[Sequence[Answer]], bool]
    last: bool = False
