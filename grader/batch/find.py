"""Paths on the command line -> the submissions in them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grader.core.errors import Ungradable, UsageError
from grader.core.record import Submission
from grader.store.names import submission_id

__all__ = ["LARGEST", "Found", "Listing", "find", "read"]

LARGEST: Final = 64 * 2**20
"""Bytes of the largest file that is read at all."""

_SUFFIXES: Final = frozenset({".ipynb", ".py", ".txt"})
_SKIPPED_FOLDERS: Final = frozenset({"__pycache__"})


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A file to grade: `source` is what reports call it, `path` where it lies."""

    source: str
    path: Path


@dataclass(frozen=True, slots=True)
class Listing:
    """Files to grade in order of their source, and sources of the files passed over."""

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()


def find(paths: Sequence[Path], *, leave: Path | None = None) -> Listing:
    """Every submission in `paths`, each file once; the folder `leave` is not looked into.

    A file that is named is taken whatever it is called. In folders only notebooks, scripts and
    text exports are; hidden ones, caches, READMEs and symbolic links are passed over. Sources are
    relative to the folder that all of `paths` have in common, so that no two are equal.
    UsageError names a path that is not there.
    """
    resolved = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist")
        resolved.append(path.resolve())
    tops = [str(path if path.is_dir() else path.parent) for path in resolved]
    base = Path(os.path.commonpath(tops)) if tops else Path()
    hole = leave.resolve() if leave is not None else None

    found: dict[Path, Found] = {}
    ignored: dict[Path, str] = {}
    for top in resolved:
        for path, wanted in _walk(top, hole) if top.is_dir() else [(top, True)]:
            source = _spell(path.relative_to(base))
            if wanted:
                found[path] = Found(source, path)
            else:
                ignored[path] = source
    left = sorted(source for path, source in ignored.items() if path not in found)
    return Listing(tuple(sorted(found.values())), tuple(left))


def read(found: Found) -> Submission:
    """The submission of a file. OSError where it cannot be read, Ungradable where it is too big.

    The id is made of the path and the content, so that a changed file is another submission.
    """
    with found.path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Ungradable(f"the file is larger than {LARGEST // 2**20} MiB")
    return Submission(submission_id(found.source, data), found.source, data)


def _walk(top: Path, hole: Path | None) -> Iterator[tuple[Path, bool]]:
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _SKIPPED_FOLDERS and here / name != hole
        )
        for name in names:
            yield here / name, _is_submission(here / name)


def _is_submission(path: Path) -> bool:
    if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
        return False
    if path.name.upper().startswith("README"):
        return False
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _spell(path: Path) -> str:
    # A name need not be UTF-8; the report has to be.
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
