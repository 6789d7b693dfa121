"""Grading files in process as the command line would: the real pipeline, any runner."""

from __future__ import annotations

import functools

from grader import assignments, fixtures, rubric
from grader.core.observation import Limits
from grader.core.record import Exam, Graded, Runner, Submission
from grader.core.slice import Wanted
from grader.pipeline import grade
from grader.resources import shipped
from grader.sandbox.parent import Sandbox

__all__ = ["exam", "grade_file", "wanted"]


@functools.cache
def exam() -> Exam:
    """The shipped rubric and its fixtures."""
    folder = shipped("rubrics")
    loaded = rubric.load("softmax", folder=folder)
    assignment = assignments.load("softmax", folder)
    every = fixtures.load_all(assignments.fixture_folder("softmax", folder), assignment.tasks)
    return Exam(loaded.rubric, loaded.sha256, assignment, every, seed=1)


def wanted() -> Wanted:
    """What slicing looks for."""
    return exam().assignment.tasks[0].wanted


def grade_file(name: str, data: bytes, runner: Runner) -> Graded:
    """Grade a file of this name; what a limit stopped is run again alone, and that run counts."""
    submission = Submission(name, name, data)
    first = grade(submission, exam(), runner)
    if not first.record.stopped:
        return first
    with Sandbox("strict", limits=Limits().doubled()) as patient:
        return grade(submission, exam(), patient, alone=True)
