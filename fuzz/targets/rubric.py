"""Rubric files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fuzz.holds import must, scratch, sentence
from fuzz.seeds import yaml_files
from grader.core.errors import RubricError
from grader.rubric import FixtureFacts, lint, load
from grader.rubric.listing import describe

__all__ = ["check", "seeds"]

_FILE: Final = scratch() / "rubric.yaml"
_GROUPS: Final[Mapping[str, tuple[FixtureFacts, ...]]] = {
    "values": (FixtureFacts("values/pair", shown=True), FixtureFacts("values/row", shown=False)),
    "told": (FixtureFacts("told/one", shown=True, scored=False, upstream=True),),
}


def seeds() -> tuple[bytes, ...]:
    """The shipped ones; fixture files are the same YAML in another shape."""
    return (*yaml_files("rubrics"), *yaml_files("fixtures")[:2])


def check(data: bytes) -> None:
    """Lint never raises and its findings stand in the file; loading agrees with it."""
    _FILE.write_bytes(data)
    lines = data.count(b"\n") + data.count(b"\r") + 2
    findings = lint(_FILE, lambda _name, _folder: _GROUPS)
    for finding in findings:
        sentence(finding.message, most=4_000)
        must(finding.path == _FILE, f"about another file: {finding}")
        must(0 <= finding.line <= lines, f"line {finding.line} of {lines}")
        must(finding.column <= len(data) + 1, f"column {finding.column}")
    must(findings == lint(_FILE, lambda _name, _folder: _GROUPS), "linting twice differs")
    try:
        loaded = load(str(_FILE), folder=Path())
    except RubricError as error:
        must(error.findings, "refused without a word")
        must(any(one.severity == "error" for one in findings), f"lint is silent: {error}")
        for line in error.findings:
            sentence(line, most=4_000)
        return
    must(describe(loaded.rubric), "no words")
