"""Every exception the project raises on purpose, and the exit status it ends in.

GraderError
├── UsageError            a path, option or grader.toml is wrong                     exit 2
│   └── RubricError       a rubric or fixture file is wrong (file, line, column)      exit 2
├── IsolationRefused      this machine cannot confine a child as asked                exit 3
├── StorageError          a report or an observation cannot be written or read        exit 5
├── SandboxFault          the sandbox itself failed; never a verdict on a submission  exit 5
└── Ungradable            a submission cannot be read; becomes its report             (no exit)
"""

from __future__ import annotations

__all__ = [
    "GraderError",
    "IsolationRefused",
    "RubricError",
    "SandboxFault",
    "StorageError",
    "Ungradable",
    "UsageError",
]


class GraderError(Exception):
    """Base of all; `str(error)` is one sentence for a person."""

    exit_status = 5


class UsageError(GraderError):
    """A path, an option or `grader.toml` is wrong."""

    exit_status = 2


class RubricError(UsageError):
    """A rubric or fixture file is wrong.

    `findings` are complete lines `file:line:column: what was expected, nearest spelling`.
    """

    def __init__(self, findings: tuple[str, ...]) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings


class IsolationRefused(GraderError):
    """The isolation asked for cannot be had here; the message names the layer and the way out."""

    exit_status = 3


class StorageError(GraderError):
    """A file of the output folder cannot be written or read."""


class SandboxFault(GraderError):
    """The infrastructure failed: zygote gone, protocol broken without the child's doing."""


class Ungradable(GraderError):
    """The submission cannot be read; the message is the reason its report gives."""
