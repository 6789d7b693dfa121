"""Everything that is wrong with a rubric file, at once."""

from __future__ import annotations

from pathlib import Path

from grader.core.documents import read, validate
from grader.core.errors import RubricError, UsageError
from grader.core.rubric import Rubric
from grader.rubric import coverage, structure
from grader.rubric.facts import FixtureNames
from grader.rubric.findings import Finding, Mistake, placed, taken

__all__ = ["lint"]


def lint(path: Path, fixture_names: FixtureNames) -> tuple[Finding, ...]:
    """All findings of the rubric file, in file order; empty where it is right.

    A file that does not read as a rubric has those findings only. Never raises for a wrong file.
    """
    try:
        document = read(path)
        rubric = validate(document, Rubric)
    except RubricError as error:
        return tuple(taken(path, line) for line in error.findings)
    found = [placed(document, mistake) for mistake in structure.mistakes(rubric)]
    if any(structure.too_many(rubric)):
        return tuple(found)
    elsewhere: list[Finding] = []
    try:
        groups = fixture_names(rubric.assignment, path.parent)
    except RubricError as error:
        elsewhere = [taken(path, line) for line in error.findings]
    except UsageError as error:
        found.append(placed(document, Mistake(("assignment",), str(error))))
    else:
        found.extend(placed(document, mistake) for mistake in coverage.mistakes(rubric, groups))
    found.sort(key=lambda finding: (finding.line, finding.column, finding.message))
    return (*found, *elsewhere)
