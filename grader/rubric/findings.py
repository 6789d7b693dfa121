"""What is wrong with a rubric, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from grader.core.documents import Document
from grader.core.text import inline

__all__ = ["Finding", "Mistake", "Severity", "placed", "taken"]

Severity = Literal["error", "warning"]

_LONGEST: Final = 600
"""Characters of a message: names in it are the file's own, of whatever length."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong at `loc`, a path in the document; what to do about it is in the message."""

    loc: tuple[int | str, ...]
    message: str
    severity: Severity = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake with its place; line and column are 1-based, 0 where the file has none."""

    path: Path
    line: int
    column: int
    severity: Severity
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}:{self.column}" if self.line else str(self.path)
        kind = "warning: " if self.severity == "warning" else ""
        return f"{where}: {kind}{self.message}"


def placed(document: Document, mistake: Mistake) -> Finding:
    """The mistake as a finding of the file it is in."""
    place = document.place(mistake.loc)
    message = inline(mistake.message)
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 3] + "..."
    return Finding(document.path, place.line, place.column, mistake.severity, message)


def taken(path: Path, line: str) -> Finding:
    """A line of a `RubricError` as a finding; one about another file keeps that file's place."""
    told = re.fullmatch(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?P<text>.*)", line, re.S)
    if told is None:
        return Finding(path, 0, 0, "error", line.removeprefix(f"{path}: "))
    return Finding(
        Path(told["file"]), int(told["line"]), int(told["column"]), "error", told["text"]
    )
