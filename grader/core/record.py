"""A submission on its way: what comes in, what is stored, what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grader.core.assignment import Assignment
from grader.core.fixture import Fixture
from grader.core.notebook import Format, Note
from grader.core.observation import Call, Exchange, Limits, Observation, Program, Run, Setup
from grader.core.repair import Repair
from grader.core.report import Report
from grader.core.rubric import Rubric
from grader.core.slice import Location, Passage, Slice

__all__ = [
    "Answered",
    "Bench",
    "Exam",
    "Graded",
    "Record",
    "Runner",
    "Submission",
    "key_of",
    "role_of",
]


def key_of(role: str, at: int) -> str:
    """The key in a record of the `at`-th definition (from 0) that may fill the role."""
    return role if at == 0 else f"{role}:{at + 1}"


def role_of(key: str) -> str:
    """The role that a key of a record is about."""
    return key.partition(":")[0]


@dataclass(frozen=True, eq=False)
class Exam:
    """What a class is graded against; loaded once a process, so compared by identity.

    rubric_sha256  of the rubric file's bytes
    fixtures       every fixture of the assignment, in file order
    """

    rubric: Rubric
    rubric_sha256: str
    assignment: Assignment
    fixtures: tuple[Fixture, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A file as it was handed in.

    id      slug of the relative path plus a short hash of path and content
    source  relative path, `/` between parts
    refuse  why it is not graded, though it was handed in: the reason of its report
    """

    id: str
    source: str
    data: bytes
    refuse: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a submission adds to the template behind one of its texts.

    prompt  that text as the template has it; empty: above the first one, or without a template
    asked   it has the form of a question
    text    typed in text cells, Markdown as it stands; empty where nothing was
    beside  prose in code cells: comments, texts, what is printed
    """

    prompt: str
    asked: bool = False
    text: str = ""
    beside: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """All that judging needs and that is stored: everything up to and including `run`.

    ungradable  why the file could not be read; then there are no slices
    slices      by role; where several definitions may be meant the second is `role:2`, and so on
    exchanges   by the keys of `slices`, then by name: `main`, and the experiments
    written     by role: texts of the student's about the target
    answers     what was added to the template, in its order; None in a record from before these
                were kept
    repairs     by the keys of `slices`: edits that made a wrong target right in a search
    retried     the runs were made alone with twice the limits
    fault       how the infrastructure failed, where it did: then a person is needed
    """

    submission_id: str
    source: str
    sha256: str
    format: Format | None
    ungradable: str = ""
    fault: str = ""
    notes: tuple[Note, ...] = ()
    slices: Mapping[str, Slice] = field(default_factory=dict)
    exchanges: Mapping[str, Mapping[str, Exchange]] = field(default_factory=dict)
    written: Mapping[str, tuple[Passage, ...]] = field(default_factory=dict)
    answers: tuple[Answered, ...] | None = None
    repairs: Mapping[str, Repair] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    isolation: str = ""
    torch: str = ""
    retried: bool = False

    @property
    def cut_short(self) -> bool:
        """Whether a limit stopped one of the runs."""
        return any(
            exchange.run.stopped for named in self.exchanges.values() for exchange in named.values()
        )

    @property
    def stopped(self) -> bool:
        """Whether a limit cut a run short that has not been made again alone: it must be."""
        return self.cut_short and not self.retried


@dataclass(frozen=True, slots=True)
class Graded:
    """A report, and the record it was judged from."""

    report: Report
    record: Record


class Bench(Protocol):
    """One child in which programs are tried one after another; closed by leaving its `with`."""

    def __enter__(self) -> Bench: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def spent(self) -> bool: ...

    def start(self, program: Program) -> Setup: ...

    def ask(self, call: Call) -> Observation: ...


class Runner(Protocol):
    """Runs programs in confined children; `grader.sandbox.parent.Sandbox` is one."""

    @property
    def isolation(self) -> str: ...

    @property
    def torch(self) -> str: ...

    @property
    def limits(self) -> Limits: ...

    def run(self, program: Program, calls: Sequence[Call]) -> Run: ...

    def bench(self) -> Bench: ...
