"""Finding out how a target wants to be called: by trying, and only then by guessing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.fixture import Fixture
from grader.core.observation import Call, Exchange, Run
from grader.core.record import Exam
from grader.core.slice import Slice
from grader.core.tensor import RawTensor
from grader.judging.calling import answers, call_for, mistaken, possible, truths_for
from grader.judging.compare import closest, fits

__all__ = ["DISCOVERY", "STAND_IN", "Basis", "Choice", "choose", "discovery_calls"]

DISCOVERY: Final = "discovery"
STAND_IN: Final = "stand-in"
"""Names of exchanges; what is tried with the other target replaced is `stand-in/...`."""

Basis = Literal["observed", "guessed"]
_Holds = Callable[[RawTensor, Task, Fixture, Convention], bool]


@dataclass(frozen=True, slots=True)
class Choice:
    """The convention taken.

    basis  observed: right under it on some discovery fixture; guessed: right under none
    """

    convention: Convention
    basis: Basis


def _fixtures(exam: Exam, task: Task) -> tuple[Fixture, ...]:
    """The fixtures on which conventions are tried."""
    return tuple(
        each for each in exam.fixtures if each.group == task.discovery and not each.degenerate
    )


def discovery_calls(exam: Exam, task: Task, cut: Slice) -> tuple[Call, ...]:
    """Every possible convention on every discovery fixture; as one row only where there is one."""
    return tuple(
        call_for(task, fixture, convention, _key(fixture, convention))
        for fixture in _fixtures(exam, task)
        for convention in possible(task, cut)
        if _differs(fixture, convention)
    )


def _differs(fixture: Fixture, convention: Convention) -> bool:
    rows = fixture.arguments[0].tensor.shape[:1]
    return not convention.vector or rows == (1,)


def choose(exam: Exam, task: Task, cut: Slice, exchanges: Mapping[str, Exchange]) -> Choice:
    """The convention under which the target is right on most discovery fixtures.

    As handed in, else with the other target replaced; where that leaves several, parameter names
    decide, then the task's order. Where it is right under none, one is guessed: whose results are
    most often those of a known bug, else have a right one's shape.

    ValueError where no convention is possible.
    """
    fixtures = _fixtures(exam, task)
    tried = possible(task, cut)
    if not tried:
        raise ValueError(f"no convention for a {cut.kind}")
    runs = [
        exchanges[name].run for name in (DISCOVERY, f"{STAND_IN}/{DISCOVERY}") if name in exchanges
    ]
    ways: tuple[tuple[Basis, _Holds], ...] = (
        ("observed", _is_right),
        ("guessed", _is_known),
        ("guessed", _is_shaped),
    )
    for basis, holds in ways:
        for run in runs:
            counts = [_count(task, run, fixtures, each, holds) for each in tried]
            if any(counts):
                return Choice(_best(task, cut, tried, counts), basis)
    return Choice(_best(task, cut, tried, [0] * len(tried)), "guessed")


def _best(task: Task, cut: Slice, tried: Sequence[Convention], counts: Sequence[int]) -> Convention:
    ranks = [
        (count, -_filled(cut, each), _named(task, cut, each))
        for count, each in zip(counts, tried, strict=True)
    ]
    return tried[ranks.index(max(ranks))]


def _filled(cut: Slice, convention: Convention) -> int:
    """How many arguments that have a default are passed all the same."""
    return max(0, len(convention.passes) - (cut.required or len(convention.passes)))


def _key(fixture: Fixture, convention: Convention) -> str:
    return f"{fixture.name}#{convention.name}"


def _count(
    task: Task, run: Run, fixtures: Sequence[Fixture], convention: Convention, holds: _Holds
) -> int:
    calls = answers(run, convention).calls
    found = [(fixture, calls.get(_key(fixture, convention))) for fixture in fixtures]
    return sum(
        each is not None and each.value is not None and holds(each.value, task, fixture, convention)
        for fixture, each in found
    )


def _is_right(value: RawTensor, _: Task, fixture: Fixture, convention: Convention) -> bool:
    truths = truths_for(fixture, convention)
    return bool(truths) and closest(value, truths).ok


def _is_known(value: RawTensor, task: Task, fixture: Fixture, convention: Convention) -> bool:
    given = (*call_for(task, fixture, convention).arguments,)
    if any(value.data == argument.tensor.data for argument in given):
        return False  # whatever is handed back says nothing of what it was taken for
    return any(
        closest(value, (truth,)).ok
        for mistake in task.mistakes
        for truth in mistaken(mistake, fixture, convention)
        if truth is not None
    )


def _is_shaped(value: RawTensor, _: Task, fixture: Fixture, convention: Convention) -> bool:
    return any(fits(value, truth) for truth in truths_for(fixture, convention))


def _named(task: Task, cut: Slice, convention: Convention) -> int:
    """How many parameters are called as what they would be given often is."""
    return sum(
        re.fullmatch(task.spelt.get(passed, ""), parameter, re.IGNORECASE) is not None
        for passed, parameter in zip(convention.passes, cut.parameters or (), strict=False)
    )
