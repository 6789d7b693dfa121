"""How to grade: small values that a worker is sent, and the steps it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from grader import assignments, fixtures, pipeline, rubric
from grader.core.observation import Limits
from grader.core.record import Exam, Graded, Record, Runner, Submission
from grader.sandbox.parent import Sandbox

__all__ = ["Engine", "ExamSpec", "IsolationMode", "Plan", "fixtures_of", "load_exam"]

IsolationMode = Literal["strict", "best-effort", "none"]


@dataclass(frozen=True, slots=True)
class ExamSpec:
    """What a worker loads its exam from; small enough to be sent. `seed` None: the default."""

    reference: str
    seed: int | None = None


def load_exam(spec: ExamSpec) -> Exam:
    """Load rubric, assignment and fixtures. RubricError or UsageError say what is wrong."""
    loaded = rubric.load(spec.reference, folder=Path())
    base = loaded.path.parent
    assignment = assignments.load(loaded.rubric.assignment, base)
    pipeline.template_of(assignment)  # one that cannot be read is told now, not of every submission
    folder = assignments.fixture_folder(loaded.rubric.assignment, base)
    seed = fixtures.DEFAULT_SEED if spec.seed is None else spec.seed
    expanded = fixtures.load_all(folder, assignment.tasks, seed)
    return Exam(loaded.rubric, loaded.sha256, assignment, expanded, seed)


def fixtures_of(exam: Exam) -> dict[str, str]:
    """Name -> digest of every fixture: what observations are good for."""
    return {fixture.name: fixture.digest for fixture in exam.fixtures}


def _open_sandbox(isolation: IsolationMode, limits: Limits) -> AbstractContextManager[Runner]:
    return Sandbox(isolation=isolation, limits=limits)


class _Grade(Protocol):
    def __call__(
        self,
        submission: Submission,
        exam: Exam,
        runner: Runner,
        *,
        names: Mapping[str, str] | None = None,
        alone: bool = False,
    ) -> Graded: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """The steps a desk is built on; module-level functions, so that a worker can be sent them."""

    load: Callable[[ExamSpec], Exam] = load_exam
    open: Callable[[IsolationMode, Limits], AbstractContextManager[Runner]] = _open_sandbox
    grade: _Grade = pipeline.grade
    rejudge: Callable[[Record, Exam], Graded] = pipeline.rejudge


@dataclass(frozen=True, slots=True)
class Plan:
    """How to grade.

    names   names that replace the assignment's, by role
    folder  where reports go, None: nowhere
    alone   the second run of what a limit stopped: twice the limits, and its outcome counts
    last    the second run of what a fault of the infrastructure stopped: one more is reported
    """

    exam: ExamSpec
    isolation: IsolationMode = "strict"
    names: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    limits: Limits = field(default_factory=Limits)
    alone: bool = False
    last: bool = False
    engine: Engine = field(default_factory=Engine)

    def second(self) -> Plan:
        """The plan of the run, alone, that counts."""
        return replace(self, limits=self.limits.doubled(), alone=True)
