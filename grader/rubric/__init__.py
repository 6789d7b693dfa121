"""Rubrics: loading with line numbers, lint, schemas, listing, verification.

Light: no numpy, so that `grader rubric lint` answers at once.
"""

from __future__ import annotations

from grader.rubric.facts import FixtureFacts, FixtureNames, facts
from grader.rubric.findings import Finding
from grader.rubric.linting import lint
from grader.rubric.loading import LoadedRubric, load

__all__ = ["Finding", "FixtureFacts", "FixtureNames", "LoadedRubric", "facts", "lint", "load"]
