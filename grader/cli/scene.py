"""A report beside what came back and what should have: for whoever shows numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from grader.batch.plan import ExamSpec, fixtures_of, load_exam
from grader.cli.paste import call_lines, convention_lines
from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.errors import GraderError
from grader.core.fixture import Fixture, Truth
from grader.core.observation import Exchange, Observation
from grader.core.record import Exam, Record
from grader.core.report import Report
from grader.core.tensor import RawTensor
from grader.judging.calling import answers, call_for, convention_of, truths_for
from grader.judging.compare import fits
from grader.judging.judge import decided_on
from grader.store import RunInfo

__all__ = ["Scene", "exam_of"]

_COMPARED: Final = frozenset({"values", "dtype", "gradient"})


def exam_of(facts: RunInfo, reference: str) -> Exam | None:
    """The exam of a run; None where its fixtures are others now, or it cannot be loaded."""
    with suppress(GraderError):
        exam = load_exam(ExamSpec(reference, facts.seed))
        if fixtures_of(exam) == dict(facts.fixtures):
            return exam
    return None


@dataclass(frozen=True, slots=True)
class Scene:
    """Record and exam may be gone: then nothing is known beside the report."""

    report: Report
    record: Record | None
    exam: Exam | None

    def fixture(self, name: str) -> Fixture | None:
        found = self.exam.fixtures if self.exam else ()
        return next((fixture for fixture in found if fixture.name == name), None)

    def check(self, criterion: str) -> tuple[str, str]:
        """The check that decides a criterion, and the role it is about."""
        if self.exam is None:
            return "", ""
        try:
            row = self.exam.rubric.criterion(criterion)
        except KeyError:
            return "", ""
        return row.check, row.role or self.exam.assignment.tasks[0].role

    def convention(self, criterion: str) -> Convention | None:
        """How the criterion's target was called, where that was the student's choice."""
        exchange, task = self._exchange(criterion), self._task(criterion)
        if exchange is None or task is None:
            return None
        return convention_of(task, exchange.program.convention)

    def observation(self, criterion: str, fixture: str) -> Observation | None:
        """What came back from the call that decided the criterion on that fixture."""
        exchange = self._exchange(criterion)
        if exchange is None:
            return None
        key = f"{fixture}#gradient" if self.check(criterion)[0] == "gradient" else fixture
        return answers(exchange.run, self.convention(criterion)).calls.get(key)

    def got(self, criterion: str, fixture: str) -> RawTensor | None:
        """The numbers of it that the criterion is about; None where there are none."""
        seen = self.observation(criterion, fixture)
        if seen is None:
            return None
        return seen.gradient if self.check(criterion)[0] == "gradient" else seen.value

    def truth(self, criterion: str, name: str) -> Truth | None:
        """What should have come back: of several right forms the one that has the answer's shape.

        None where the criterion compares no numbers.
        """
        check, fixture = self.check(criterion)[0], self.fixture(name)
        if check not in _COMPARED or fixture is None:
            return None
        if check == "gradient":
            return fixture.gradient
        truths = truths_for(fixture, self.convention(criterion))
        value = self.got(criterion, name)
        fitting = [truth for truth in truths if value is not None and fits(value, truth)]
        return next(iter((*fitting, *truths)), None)

    def lines(self, criterion: str, fixture: Fixture, *, gradient: bool) -> list[str]:
        """What to paste below the notebook to see it."""
        task, convention = self._task(criterion), self.convention(criterion)
        role = self.check(criterion)[1]
        if convention is None or task is None or self.record is None:
            return call_lines(self.symbol(role), fixture, gradient=gradient)
        return convention_lines(self.record.slices[role], call_for(task, fixture, convention))

    def _task(self, criterion: str) -> Task | None:
        role = self.check(criterion)[1]
        return self.exam.assignment.task(role) if self.exam and role else None

    def _exchange(self, criterion: str) -> Exchange | None:
        if self.record is None or self.exam is None or not self.check(criterion)[1]:
            return None
        return decided_on(self.record, self.exam, self.exam.rubric.criterion(criterion))

    def symbol(self, role: str) -> str:
        for target in self.report.targets:
            if target.role == role and target.symbol:
                return target.symbol
        wanted = [task.wanted for task in self.exam.assignment.tasks] if self.exam else []
        return next((one.names[0] for one in wanted if one.role == role and one.names), "f")
