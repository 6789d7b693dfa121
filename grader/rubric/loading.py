"""A rubric by its name or path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.core.documents import nearest, read, validate
from grader.core.errors import RubricError, UsageError
from grader.core.rubric import Rubric
from grader.resources import shipped
from grader.rubric.findings import placed
from grader.rubric.structure import mistakes

__all__ = ["LoadedRubric", "find", "load", "shipped_names"]


@dataclass(frozen=True, slots=True)
class LoadedRubric:
    """A rubric that holds together, the file it came from, and the sha256 of its bytes."""

    rubric: Rubric
    path: Path
    sha256: str


def load(reference: str, *, folder: Path) -> LoadedRubric:
    """The rubric that `reference` names: a shipped one, or a file (relative to `folder`).

    UsageError where there is none; RubricError where it is not a rubric, or one that could not be
    scored (unknown ids, cycles, a list that is missing). Fixture names are left to `lint`.
    """
    document = read(find(reference, folder=folder))
    rubric = validate(document, Rubric)
    errors = tuple(
        str(placed(document, mistake))
        for mistake in mistakes(rubric)
        if mistake.severity == "error"
    )
    if errors:
        raise RubricError(errors)
    return LoadedRubric(rubric, document.path, document.sha256)


def find(reference: str, *, folder: Path) -> Path:
    """The file that `reference` names; UsageError where there is none.

    Whatever has a `/` or ends in `.yaml` or `.yml` is a path, anything else a shipped name.
    """
    if "/" in reference or reference.endswith((".yaml", ".yml")):
        path = folder / _at_home(reference)
        if not path.is_file():
            raise UsageError(f"no rubric file {path}; `grader rubric list` names the shipped ones")
        return path
    names = shipped_names()
    if reference not in names:
        raise UsageError(
            f"no rubric `{reference}`{nearest(reference, names)}; `grader rubric list` names the "
            "shipped ones, a file of your own is given by its path (./name.yaml)"
        )
    return shipped("rubrics") / f"{reference}.yaml"


def _at_home(reference: str) -> Path:
    """With `~` as the home folder; as it stands where no user is called so."""
    try:
        return Path(reference).expanduser()
    except (RuntimeError, ValueError):
        return Path(reference)


def shipped_names() -> tuple[str, ...]:
    """Names of the rubrics that come with the grader, sorted."""
    return tuple(sorted(path.stem for path in shipped("rubrics").glob("*.yaml")))
