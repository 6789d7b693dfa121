"""Grading a story as the command line would: the real pipeline, the real sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from grader import assignments, fixtures, rubric
from grader.core.record import Exam, Graded, Submission
from grader.pipeline import grade
from grader.resources import shipped
from grader.sandbox.parent import Sandbox

Grade = Callable[[str, bytes], Graded]


@pytest.fixture(scope="module")
def graded() -> Iterator[Grade]:
    """Grades a file of a name and bytes; a second time alone where a limit cut it short."""
    loaded = rubric.load("softmax", folder=shipped("rubrics"))
    assignment = assignments.load("softmax", shipped("rubrics"))
    folder = assignments.fixture_folder("softmax", shipped("rubrics"))
    exam = Exam(
        loaded.rubric, loaded.sha256, assignment, fixtures.load(folder, assignment.tasks[0]), 1
    )
    with Sandbox("best-effort") as sandbox, sandbox.alone() as alone:
        yield lambda name, data: _graded(Submission(name, name, data), exam, sandbox, alone)
