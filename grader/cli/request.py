"""The options of a command as given, and the checks that need nothing heavy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from grader.batch.suffixes import is_archive
from grader.cli.settings import settings
from grader.core.errors import UsageError
from grader.core.spelling import nearest
from grader.resources import shipped

__all__ = [
    "DEFAULT_ISOLATION",
    "INTERRUPTED",
    "Isolation",
    "Policy",
    "Request",
    "System",
    "check_output",
    "check_reference",
    "folder_of",
    "is_there_and_no_folder",
    "reference_of",
    "shipped_names",
    "targets_of",
]

Isolation = Literal["strict", "best-effort", "none"]
# as in grader.core.handin, which needs pydantic: these options are looked at before it is loaded
System = Literal["folder", "tree", "canvas", "moodle", "gradescope", "nbgrader", "classroom"]
Policy = Literal["latest", "best"]

DEFAULT_ISOLATION: Final[Isolation] = "strict"

INTERRUPTED: Final = 128 + 2
"""What a shell says of a command that SIGINT ended."""

_DEFAULT_OUT: Final = Path("graded")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `grade` and `explain`."""

    paths: tuple[Path, ...] = ()
    rubric: str | None = None
    out: Path | None = None
    jobs: int | None = None
    seed: int | None = None
    isolation: Isolation = DEFAULT_ISOLATION
    targets: tuple[str, ...] = ()
    fresh: bool = False
    changed: bool = False
    students: tuple[str, ...] = ()
    as_json: bool = False
    origin: System | None = None
    roster: Path | None = None
    due: str | None = None
    attempts: Policy = "latest"
    pseudonyms: bool = False

    @property
    def explains(self) -> bool:
        """One file and no output folder: explained on the terminal, nothing is written."""
        if self.out is not None or len(self.paths) != 1:
            return False
        path = self.paths[0]
        return is_there_and_no_folder(path) and not is_archive(path)

    def check(self) -> None:
        """UsageError where a path is missing, no rubric is named, or a `--target` is malformed."""
        for path in self.paths:
            if not os.path.lexists(path):
                raise UsageError(f"{path} does not exist")
        if (self.fresh, self.changed, bool(self.students)).count(True) > 1:
            raise UsageError("one at a time: --changed, --fresh or --student")
        targets_of(self)
        reference_of(self)


def is_there_and_no_folder(path: Path) -> bool:
    """Whether a path is a file of any kind: a pipe, a device or a broken link is explained too."""
    try:
        return os.path.lexists(path) and not path.is_dir()
    except OSError:  # a link into a folder that may not be looked into
        return True


def reference_of(request: Request) -> str:
    """The rubric to use: `--rubric`, then grader.toml; UsageError where there is none."""
    reference = request.rubric or settings(Path()).rubric
    if reference is None:
        known = ", ".join(shipped_names())
        raise UsageError(
            'which rubric? name it with --rubric NAME, or in grader.toml: rubric = "NAME" '
            f"(`grader rubric list` shows what there is: {known})"
        )
    check_reference(reference)
    return reference


def check_reference(reference: str) -> None:
    """UsageError where `reference` names no rubric; what it says is not looked at."""
    if "/" in reference or reference.endswith((".yaml", ".yml")):
        path = Path(reference).expanduser()
        if not path.is_file():
            raise UsageError(f"no rubric file {path}; `grader rubric list` names the shipped ones")
        return
    names = shipped_names()
    if reference not in names:
        raise UsageError(
            f"no rubric `{reference}`{nearest(reference, names)}; `grader rubric list` names the "
            "shipped ones, a file of your own is given by its path (./name.yaml)"
        )


def folder_of(request: Request) -> Path:
    """The output folder: `--out`, then grader.toml, then ./graded."""
    return request.out or settings(Path()).out or _DEFAULT_OUT


def check_output(folder: Path, *, instead_of: str = "") -> None:
    """UsageError where `folder` is no output folder; `instead_of` is a name that is no file."""
    if not (folder / "run.json").is_file():
        first = f"`{instead_of}` is no file, and " if instead_of else ""
        raise UsageError(
            f"{first}{folder} is no output folder of grader's: it has no run.json; name one that "
            "`grader grade` wrote" + (", with --out" if instead_of else "")
        )


def targets_of(request: Request) -> dict[str, str]:
    """Role -> name of every `--target`; whether the assignment has the role is not known yet."""
    names = {}
    for one in request.targets:
        role, _, name = one.partition("=")
        if not role or not name.isidentifier():
            raise UsageError(f"--target {one}: expected ROLE=NAME, a role and a Python name")
        names[role] = name
    return names


def shipped_names() -> list[str]:
    """Names of the rubrics that come with the grader."""
    return sorted(path.stem for path in shipped("rubrics").glob("*.yaml"))
