"""`pytest submission.ipynb --grader-rubric NAME`: a notebook's criteria as tests.

Loaded by pytest wherever grader is installed, so nothing of grader is imported before the option is
given. Notebooks only: a Python file that is named to pytest is imported by pytest itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from grader.batch.desk import Desk
    from grader.batch.plan import Plan
    from grader.core.report import CriterionResult, Report

__all__ = ["pytest_addoption", "pytest_collect_file", "pytest_unconfigure"]

_BENCH: Final = pytest.StashKey["_Bench"]()
_SUFFIX: Final = ".ipynb"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--grader-rubric` and `--grader-isolation`."""
    group = parser.getgroup("grader", "numerical-code notebooks")
    group.addoption(
        "--grader-rubric",
        metavar="NAME|FILE",
        help="Grade notebooks by this rubric, in a process of their own: a test a criterion.",
    )
    group.addoption(
        "--grader-isolation",
        choices=("strict", "best-effort", "none"),
        default="strict",
        help="How notebooks are confined (strict).",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A notebook, where a rubric is given; every other file is somebody else's."""
    rubric = parent.config.getoption("--grader-rubric", None)
    if rubric is None or file_path.suffix.lower() != _SUFFIX:
        return None
    if _BENCH not in parent.config.stash:
        parent.config.stash[_BENCH] = _Bench(
            str(rubric), str(parent.config.getoption("--grader-isolation"))
        )
    made: pytest.Collector = _Notebook.from_parent(parent, path=file_path)
    return made


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the sandbox."""
    bench = config.stash.get(_BENCH, None)
    if bench is not None:
        bench.open.close()


@dataclass
class _Bench:
    """The sandbox of this pytest process, and what was graded in it."""

    rubric: str
    isolation: str
    open: ExitStack = field(default_factory=ExitStack)
    reports: dict[Path, Report] = field(default_factory=dict)
    desk: Desk | None = None
    plan: Plan | None = None

    def report(self, path: Path) -> Report:
        """The report of a notebook, graded once."""
        if path not in self.reports:
            self.reports[path] = self._grade(path)
        return self.reports[path]

    def _grade(self, path: Path) -> Report:
        from grader.batch.desk import open_desk  # noqa: PLC0415 - see above
        from grader.batch.find import find  # noqa: PLC0415
        from grader.batch.plan import ExamSpec, Plan  # noqa: PLC0415
        from grader.batch.run import grade_one  # noqa: PLC0415

        if self.desk is None or self.plan is None:
            isolation: Any = self.isolation
            self.plan = Plan(ExamSpec(self.rubric), isolation=isolation)
            self.desk = self.open.enter_context(open_desk(self.plan))
        [found] = find([path]).found
        return grade_one(found, self.plan, self.desk.exam, self.desk).report


class _Notebook(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        """A test a criterion, in the order of the rubric; nothing is graded yet."""
        from grader import rubric  # noqa: PLC0415 - see above
        from grader.core.errors import GraderError  # noqa: PLC0415

        try:
            loaded = rubric.load(self.config.stash[_BENCH].rubric, folder=Path())
        except GraderError as error:
            raise self.CollectError(str(error)) from error
        for criterion in loaded.rubric.criteria:
            item: pytest.Item = _Criterion.from_parent(self, name=criterion.id)
            yield item


class _Lost(Exception):
    """A criterion that does not hold; the words to show."""


class _Criterion(pytest.Item):
    def runtest(self) -> None:
        """Fail, skip or pass as the verdict says."""
        from grader.core.errors import GraderError  # noqa: PLC0415 - see above

        try:
            report = self.config.stash[_BENCH].report(self.path)
        except GraderError as error:
            raise _Lost(str(error)) from error
        row = next((one for one in report.criteria if one.id == self.name), None)
        if row is None:
            raise _Lost(f"cannot be graded: {report.reason}")
        self.user_properties += [("points", row.points), ("max_points", row.max_points)]
        if row.status in ("skipped", "pending"):
            pytest.skip(row.feedback or row.status)
        if row.status in ("failed", "partial", "error"):
            raise _Lost("\n".join(_words(report, row)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report's own words: no traceback of ours helps a student."""
        if isinstance(excinfo.value, _Lost):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it stands, and what it is called."""
        return self.path, None, self.name


def _words(report: Report, row: CriterionResult) -> Iterator[str]:
    from grader.core.text import plain  # noqa: PLC0415 - see above

    yield plain(f"{row.title}: {row.points:g} of {row.max_points:g}. {row.feedback}")
    for each in report.diagnoses:
        if row.id in each.criteria:
            at = f" (cell {each.location.cell}, line {each.location.line})" if each.location else ""
            yield plain(f"cause: {each.message} [{each.id}]{at}")
    bad = [one for one in row.evidence if one.scored and one.outcome != "ok"]
    for one in bad[:3]:
        worst = one.worst
        told = f": {one.text}" if one.text else ""
        if worst is not None:
            told = f": got {worst.got:g}, expected {worst.expected:g} at {list(worst.index)}"
        yield plain(f"{one.fixture}: {one.outcome}{told}")
    if len(bad) > 3:
        yield f"and {len(bad) - 3} more inputs"
