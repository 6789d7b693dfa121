"""Assignments: what was asked, and the mathematics that decides it; one folder each.

A folder holds `assignment.py` with `ASSIGNMENT`, and `references/`. A course's own folder looks
the same, with its `fixtures/` inside. Its Python is trusted: it is imported only from the path
that the rubric names, never from a submission.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from grader.core.errors import RubricError
from grader.resources import shipped

if TYPE_CHECKING:
    from grader.core.assignment import Assignment

__all__ = ["fixture_folder", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of the shipped assignments; a folder listing, nothing is imported."""
    here = Path(__file__).resolve().parent
    return tuple(sorted(found.parent.name for found in here.glob("*/assignment.py")))


def fixture_folder(reference: str, base: Path) -> Path:
    """Where the fixtures of that assignment lie; nothing is imported.

    RubricError where `reference` is neither a shipped name nor a folder with `assignment.py`.
    """
    folder = _own(reference, base)
    return folder / "fixtures" if folder else shipped("fixtures") / reference


def load(reference: str, base: Path) -> Assignment:
    """The assignment that a rubric names.

    reference  a shipped name, or the path of a course's own folder relative to `base`

    RubricError where there is none, where its Python fails, or where it defines no `ASSIGNMENT`.
    """
    from grader.core.assignment import Assignment  # noqa: PLC0415 - numpy only where used

    folder = _own(reference, base)
    module = _imported(folder) if folder else _shipped(reference)
    found = getattr(module, "ASSIGNMENT", None)
    if not isinstance(found, Assignment):
        raise RubricError((f"{module.__file__}: expected `ASSIGNMENT`, an Assignment",))
    return found


def _own(reference: str, base: Path) -> Path | None:
    """A course's own folder, None for a shipped name."""
    known = names()
    if reference in known:
        return None
    folder = (base / reference).resolve()
    if reference and (folder / "assignment.py").is_file():
        return folder
    from grader.core.documents import nearest  # noqa: PLC0415 - pydantic only where needed

    raise RubricError(
        (
            f"assignment `{reference}`: expected one of {', '.join(known)}, or a folder with "
            f"assignment.py beside the rubric{nearest(reference, known)}",
        )
    )


def _shipped(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}.assignment")


def _imported(folder: Path) -> ModuleType:
    """`assignment.py` of the folder, as a package of its own so that it can import its siblings."""
    package = f"grader_assignment_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    if package not in sys.modules:
        parent = ModuleType(package)
        parent.__path__ = [str(folder)]
        sys.modules[package] = parent
    try:
        return importlib.import_module(f"{package}.assignment")
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise RubricError((f"{folder / 'assignment.py'}: cannot be imported: {reason}",)) from error
