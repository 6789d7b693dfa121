"""One submission from file to report: read -> slice -> run -> judge -> report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from grader.core.assignment import Assignment
from grader.core.fixture import Fixture
from grader.core.notebook import Format, Note
from grader.core.observation import Call, Exchange, Limits, Program, Run
from grader.core.report import Report
from grader.core.rubric import Rubric
from grader.core.slice import Slice

__all__ = ["Exam", "Graded", "Record", "Runner", "Submission", "grade", "rejudge"]


@dataclass(frozen=True, slots=True)
class Exam:
    """What a class is graded against; loaded once a process.

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
    """

    id: str
    source: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """All that judging needs and that is stored: everything up to and including `run`.

    ungradable  why the file could not be read; then there are no slices
    exchanges   by role, then by name: `main`, and the experiments that checks asked for
    retried     the runs were made alone with twice the limits
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
    limits: Limits = field(default_factory=Limits)
    isolation: str = ""
    torch: str = ""
    retried: bool = False


@dataclass(frozen=True, slots=True)
class Graded:
    """A report, and the record it was judged from."""

    report: Report
    record: Record


class Runner(Protocol):
    """Runs programs in confined children; `grader.sandbox.Sandbox` is one."""

    isolation: str
    torch: str
    limits: Limits

    def run(self, program: Program, calls: Sequence[Call]) -> Run: ...


def grade(
    submission: Submission, exam: Exam, runner: Runner, *, names: Mapping[str, str] | None = None
) -> Graded:
    """Grade one submission. `names` overrides the wanted name by role (`--target`)."""
    raise NotImplementedError


def rejudge(record: Record, exam: Exam) -> Graded:
    """Judge stored observations again; nothing is run."""
    raise NotImplementedError
