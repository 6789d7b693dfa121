"""Commands that builds run on their own: options and help only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from grader.cli.options import ISOLATION, RUBRIC, SEED
from grader.cli.request import Request

__all__ = ["COMMANDS"]


@click.command("ci", short_help="Grade the notebook of a student's repository, in a build.")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@RUBRIC
@click.option("--threshold", metavar="POINTS|SHARE%", help="Below it the exit status is 4 (100%).")
@click.option(
    "--junit",
    "report",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write JUnit XML there: a test case a criterion.",
)
@SEED
@ISOLATION
def _ci(path: Path, threshold: str | None, report: Path | None, **options: Any) -> int:
    r"""Grade the one notebook of PATH and tell its author what they may know.

    Hidden criteria and inputs stay hidden, and what a person marks does not count. On GitHub there
    are annotations, a summary of the step, and the points that GitHub Classroom reads.

    A grader.toml in the working directory can hold `rubric`, `threshold` (as "15" or "80%") and
    `notebook` (a pattern for its path). A score from a repository that its author can write is
    practice: docs/ci.md says how a course grades for marks.

    \b
    For example:
      grader ci --rubric NAME
      grader ci answer.ipynb --rubric NAME --threshold 80% --junit build/grader.xml

    The exit status is 4 below the threshold, and 1 where the grader could not judge.
    """
    request = Request(paths=(path,), **options)
    request.check()
    from grader.cli.ci import run

    return run(request, path, threshold, report)


COMMANDS: Final[Sequence[click.Command]] = (_ci,)
