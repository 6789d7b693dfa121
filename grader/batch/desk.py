"""One process's means to grade: the exam, a sandbox, and where reports go."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

from grader.batch.find import Found, read
from grader.batch.plan import Plan, fixtures_of
from grader.core.errors import GraderError, IsolationRefused, SandboxFault, Ungradable
from grader.core.record import Exam, Graded, Record, Runner, Submission
from grader.store.names import submission_id
from grader.store.rows import Row
from grader.store.run import digest_of
from grader.store.store import Store

__all__ = ["Again", "Desk", "needs_second_run", "open_desk", "ungraded"]


@dataclass(frozen=True, slots=True)
class Again:
    """The submission has to be graded again, alone, and why.

    fault  the infrastructure failed; otherwise a limit stopped the submission
    """

    reason: str
    fault: bool = False


def needs_second_run(record: Record) -> str:
    """Why a record must not count yet; empty where it does."""
    if record.fault:
        return record.fault
    return "stopped by a limit" if record.cut_short else ""


class Desk:
    """Grades one submission after the other; made by `open_desk`."""

    def __init__(self, plan: Plan, exam: Exam | None = None) -> None:
        self._plan = plan
        self._runner: Runner | None = None
        self._open = contextlib.ExitStack()
        self._start()
        try:
            # The sandbox starts its own process; the exam is expanded meanwhile.
            self.exam = plan.engine.load(plan.exam) if exam is None else exam
            folder = plan.folder
            self._store = Store(folder, digest_of(fixtures_of(self.exam))) if folder else None
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the sandbox."""
        self._open.close()

    def examine(self, found: Found) -> Row | Again:
        """Grade a file and store it; whatever is wrong with the file becomes its report.

        StorageError and IsolationRefused are the two errors that end a batch.
        """
        graded = self.grade(found)
        if isinstance(graded, Again):
            return graded
        if self._store is None:
            raise ValueError("a plan without a folder has nowhere to store a report")
        return self._store.save(graded)

    def grade(self, found: Found) -> Graded | Again:
        """Grade a file; nothing is stored."""
        try:
            submission = read(found)
        except Ungradable as error:
            return ungraded(self._plan, self.exam, found.source, ungradable=str(error))
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror or type(error).__name__}"
            return ungraded(self._plan, self.exam, found.source, fault=reason)
        try:
            graded = self._grade(submission)
        except IsolationRefused:
            raise
        except (GraderError, OSError) as error:
            self._restart()
            return self._failed(submission, str(error))
        except Exception as error:  # noqa: BLE001 - one submission's odd input stops no other
            if os.environ.get("GRADER_DEBUG"):
                traceback.print_exc(file=sys.stderr)
            return self._failed(submission, f"a bug in grader: {type(error).__name__}: {error}")
        record = graded.record
        if record.fault:
            return graded if self._plan.last else Again(record.fault, fault=True)
        reason = "" if self._plan.alone else needs_second_run(record)
        return Again(reason) if reason else graded

    def _grade(self, submission: Submission) -> Graded:
        if self._runner is None:
            raise SandboxFault("the sandbox is not running")
        plan = self._plan
        return plan.engine.grade(
            submission, self.exam, self._runner, names=plan.names, alone=plan.alone
        )

    def _failed(self, submission: Submission, reason: str) -> Graded | Again:
        if not self._plan.last:
            return Again(reason, fault=True)
        source, data = submission.source, submission.data
        return ungraded(self._plan, self.exam, source, data, fault=reason)

    def _start(self) -> None:
        try:
            opened = self._plan.engine.open(self._plan.isolation, self._plan.limits)
            self._runner = self._open.enter_context(opened)
        except OSError as error:  # no room for its own folder, no process to be had
            reason = error.strerror or type(error).__name__
            raise SandboxFault(f"the sandbox cannot start: {reason}") from error

    def _restart(self) -> None:
        with contextlib.suppress(GraderError, OSError):
            self._open.close()
        self._start()


@contextlib.contextmanager
def open_desk(plan: Plan, exam: Exam | None = None) -> Iterator[Desk]:
    """A desk with its sandbox running; `exam` where it is loaded already."""
    desk = Desk(plan, exam)
    try:
        yield desk
    finally:
        desk.close()


def ungraded(
    plan: Plan, exam: Exam, source: str, data: bytes = b"", *, fault: str = "", ungradable: str = ""
) -> Graded:
    """The report of a submission that nothing was run of: `fault` asks for a person."""
    record = Record(
        submission_id=submission_id(source, data),
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        format=None,
        ungradable=ungradable,
        fault=fault,
        limits=plan.limits,
        isolation=plan.isolation,
        retried=plan.alone,
    )
    return plan.engine.rejudge(record, exam)
