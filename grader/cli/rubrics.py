"""`grader rubric`: list, show, lint, schema. Light: no numpy; `verify` has a module of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grader.core.text import plain

if TYPE_CHECKING:
    from grader.rubric import FixtureFacts

__all__ = ["check", "schema", "show", "show_all"]


def show_all() -> int:
    """Print a line a shipped rubric."""
    from grader.rubric.listing import shipped_rubrics

    for one in shipped_rubrics():
        extras = [f"{one.bonus:g} bonus"] if one.bonus else []
        extras += [f"{one.manual:g} by hand"] if one.manual else []
        points = ", ".join([f"{one.points:g} points", *extras])
        _say(f"{one.name}  {one.version}  {one.title} ({points})")
    return 0


def show(reference: str) -> int:
    """Print a rubric."""
    from grader.rubric import load
    from grader.rubric.listing import describe

    sys.stdout.write(plain(describe(load(reference, folder=Path()).rubric)))
    return 0


def check(references: Sequence[str]) -> int:
    """Print what is wrong with rubrics; 2 where anything is that keeps one from being used."""
    from grader.rubric import lint
    from grader.rubric.loading import find

    broken = False
    for reference in references:
        path = find(reference, folder=Path())
        findings = lint(path, _fixture_names)
        for finding in findings:
            _say(str(finding))
        errors = [one for one in findings if one.severity == "error"]
        broken = broken or bool(errors)
        warnings = len(findings) - len(errors)
        if not errors:
            _say(f"{path}: right" + (f", {warnings} warnings" if warnings else ""))
    return 2 if broken else 0


def schema(*, report: bool) -> int:
    """Print a JSON Schema."""
    from grader.rubric.schema import schema_text

    sys.stdout.write(schema_text("report" if report else "rubric"))
    return 0


def _fixture_names(assignment: str, base: Path) -> dict[str, tuple[FixtureFacts, ...]]:
    from grader.assignments import fixture_folder
    from grader.fixtures.spec import load_specs
    from grader.rubric import facts

    return facts(load_specs(fixture_folder(assignment, base)))


def _say(text: str) -> None:
    sys.stdout.write(plain(text) + "\n")
