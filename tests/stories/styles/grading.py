"""Grading a story's text in process, in a real sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from grader import assignments, fixtures, rubric
from grader.core.record import Exam, Graded, Submission
from grader.pipeline import grade
from grader.resources import shipped
from grader.sandbox.parent import Sandbox

__all__ = ["Desk", "open_desk"]

HEAD = "import torch\nfrom torch import Tensor\n"


class Desk:
    """A rubric and a sandbox, and stories graded with both."""

    def __init__(self, sandbox: Sandbox, *, seed: int = fixtures.DEFAULT_SEED) -> None:
        folder = shipped("rubrics")
        loaded = rubric.load("softmax", folder=folder)
        assignment = assignments.load("softmax", folder)
        where = assignments.fixture_folder("softmax", folder)
        expanded = fixtures.load(where, assignment.tasks[0], seed)
        self.exam = Exam(loaded.rubric, loaded.sha256, assignment, expanded, seed)
        self.sandbox = sandbox

    def grade(self, name: str, code: str) -> Graded:
        """A story is the notebook's only cell but for the imports; the run is its last."""
        data = f"# %%\n{HEAD}\n# %%\n{code.strip()}\n".encode()
        submission = Submission(name, f"{name}.py", data)
        graded = grade(submission, self.exam, self.sandbox)
        if any(exchange.run.stopped for exchange in _exchanges(graded)):
            with self.sandbox.alone():
                graded = grade(submission, self.exam, self.sandbox, alone=True)
        return graded


def _exchanges(graded: Graded) -> Iterator:
    for exchanges in graded.record.exchanges.values():
        yield from exchanges.values()


@contextmanager
def open_desk() -> Iterator[Desk]:
    with Sandbox("best-effort") as sandbox:
        yield Desk(sandbox)
