"""What a check is handed, and the parts all checks share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.fixture import Fixture
from grader.core.observation import Call, Fault, Observation, Program, Run
from grader.core.report import Evidence
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.core.tensor import RawTensor
from grader.core.verdict import Verdict
from grader.judging.calling import call_for, truths_for
from grader.judging.compare import Comparison, closest, compare

__all__ = [
    "AGAIN",
    "Asked",
    "Check",
    "Experiment",
    "by_fixture",
    "evidence",
    "fault_text",
    "no_experiments",
    "unanswered",
    "value_calls",
]

AGAIN: Final = "#again"
"""Suffix of the key of the first value call, asked once more after all others."""

EvidenceOutcome = Literal["ok", "wrong", "raised", "timed_out", "killed", "not_run"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion's question, with the answers known so far.

    fixtures     those the criterion is decided on, in the rubric's order
    run          the main run of the target
    experiments  runs of what `Check.experiments` asked for, by its names
    again        fixtures that were asked once more at the end, whichever criterion they are for
    convention   how the target is called, where the task leaves that to the student
    needed       fixtures that some of these need, by name
    """

    criterion: Criterion
    task: Task
    fixtures: tuple[Fixture, ...]
    slice: Slice
    run: Run
    experiments: Mapping[str, Run] = field(default_factory=dict)
    again: tuple[Fixture, ...] = ()
    convention: Convention | None = None
    needed: Mapping[str, Fixture] = field(default_factory=dict)

    def call(self, fixture: Fixture) -> Call:
        """The plain call on a fixture; its key is the fixture's name."""
        return call_for(self.task, fixture, self.convention)

    def compare(self, fixture: Fixture, value: RawTensor) -> Comparison:
        """The value against what the fixture must give."""
        if self.convention is None:
            return compare(value, fixture.truth)
        return closest(value, truths_for(fixture, self.convention))

    @property
    def wanted(self) -> str:
        """The target as a sentence names it."""
        names = self.task.wanted.names
        return self.slice.symbol or (names[0] if names else f"the {self.task.role} function")

    @property
    def scored(self) -> tuple[Fixture, ...]:
        return tuple(fixture for fixture in self.fixtures if fixture.scored)

    def verdict(
        self,
        status: Literal["passed", "partial", "failed", "skipped", "not_applicable", "error"],
        share: float,
        feedback: str,
        evidence: Iterable[Evidence] = (),
        diagnoses: Iterable[str] = (),
    ) -> Verdict:
        return Verdict(
            self.criterion.id, status, share, feedback, tuple(evidence), tuple(diagnoses)
        )

    def proved(self) -> tuple[str, ...]:
        """The diagnosis that failing this check proves by itself, if the assignment names one."""
        known = self.task.proves.get(self.criterion.check)
        return () if known is None else (known,)


@dataclass(frozen=True, slots=True)
class Experiment:
    """A program to run in a fresh child, and what to ask it."""

    program: Program
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check as three functions; see the package's docstring.

    experiments  (what is asked, the main program) -> further programs by name
    watch        operator patterns the main run must watch for it
    """

    calls: Callable[[Criterion, Task, tuple[Fixture, ...], Convention | None], tuple[Call, ...]]
    experiments: Callable[[Asked, Program], Mapping[str, Experiment]]
    verdict: Callable[[Asked], Verdict]
    watch: Callable[[Criterion], tuple[str, ...]] = lambda _: ()


def no_experiments(_: Asked, __: Program) -> Mapping[str, Experiment]:
    """For a check that the main run decides."""
    return {}


def value_calls(
    _: Criterion, task: Task, fixtures: tuple[Fixture, ...], convention: Convention | None
) -> tuple[Call, ...]:
    """One plain call a fixture."""
    return tuple(call_for(task, fixture, convention) for fixture in fixtures)


def evidence(fixture: Fixture, outcome: EvidenceOutcome, text: str = "") -> Evidence:
    """Evidence on a fixture, without numbers."""
    return Evidence(
        fixture=fixture.name,
        outcome=outcome,
        text=text,
        visibility=fixture.visibility,
        scored=fixture.scored,
    )


def fault_text(fault: Fault | None) -> str:
    """`ValueError: bad shape (cell 6, line 3)`."""
    if fault is None:
        return "raised an exception"
    where = ""
    if fault.filename is not None and fault.line is not None:
        where = f" ({fault.filename.strip('<>')}, line {fault.line})"
    return f"{fault.type}: {fault.message}{where}" if fault.message else f"{fault.type}{where}"


def unanswered(fixture: Fixture, observation: Observation) -> Evidence | None:
    """Evidence for a call that gave no value to judge; None where it gave one."""
    match observation.outcome:
        case "raised":
            return evidence(fixture, "raised", fault_text(observation.fault))
        case "timed_out":
            return evidence(fixture, "timed_out", "did not end within its time")
        case "killed":
            return evidence(fixture, "killed", "the process died")
        case "not_run":
            return evidence(fixture, "not_run", "not run: earlier calls used up the limits")
        case "ok" if observation.value is None:
            return evidence(fixture, "wrong", f"returned {observation.returned}, not numbers")
    return None


def by_fixture(asked: Asked, suffix: str = "") -> dict[str, Observation]:
    """The main run's observations of the criterion's fixtures; those never made are absent."""
    found = {fixture.name: asked.run.calls.get(fixture.name + suffix) for fixture in asked.fixtures}
    return {name: observation for name, observation in found.items() if observation is not None}
