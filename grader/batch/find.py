"""Paths on the command line -> the submissions in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Final

from grader.batch.archive import Broken, member_bytes, members
from grader.batch.clones import file_bytes
from grader.batch.contents import contents
from grader.batch.printable import printable
from grader.batch.suffixes import is_archive
from grader.core.errors import Ungradable, UsageError
from grader.core.record import Submission
from grader.store.names import submission_id

__all__ = ["Found", "Listing", "find", "read"]

_SUFFIXES: Final = frozenset({".ipynb", ".py", ".txt"})
_SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "__MACOSX"})
_ITSELF: Final = -1


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A submission to grade; in order of the files, and in an archive of its members.

    source  what reports call it: printable, and no two of a listing are equal
    path    where it lies: the file, or the archive that holds it
    member  its place in the archive, -1 where it is no archive's
    name    its path below the folder or archive that was named, as it is there
    refuse  why it is not graded, though it was handed in
    blob    its object in the clone at `path`, empty where that has none; None: it is in no clone
    """

    source: str = field(compare=False)
    path: Path
    member: int = _ITSELF
    name: str = field(default="", compare=False)
    refuse: str = field(default="", compare=False)
    blob: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Submissions in the order to grade them, and what was passed over.

    ignored  sources of files that are not called as submissions are
    refused  source and reason of what may be a submission and cannot have a report
    """

    found: tuple[Found, ...]
    ignored: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def find(paths: Sequence[Path], *, leave: Path | None = None, every: bool = False) -> Listing:
    """Every submission in `paths`, each once; the folder `leave` is not looked into.

    every  take files of any name but hidden ones: in a download all were handed in by somebody

    A file that is named is taken whatever it is called, and a ZIP or tar archive that is named is
    looked into as if it were a folder. In folders, and in archives, what is called as notebooks,
    scripts and text exports are is taken, whatever it is: what cannot be read gets a report that
    says so. Hidden files, caches, READMEs and archives are passed over.

    A symbolic link is followed where nothing else is named, for then it was meant; beside others a
    shell may have found it (`*`) and a student put it there. In folders none is followed.

    Sources are relative to the folder that all of `paths` have in common. UsageError names a path
    that is not there, or an archive named alone that cannot be read; beside others it gets a
    report.
    """
    tops = [_top(path, alone=len(paths) == 1) for path in paths]
    folders = [str(top if _is_folder(top) else top.parent) for top in tops]
    search = _Search(
        Path(os.path.commonpath(folders)) if folders else Path(),
        leave.resolve() if leave is not None else None,
        every=every,
    )
    for path, top in zip(paths, tops, strict=True):
        if _is_folder(top):
            search.folder(top)
        elif is_archive(top) and not top.is_symlink() and top.is_file():
            search.archive(top, given=path if len(paths) == 1 else None)
        else:
            search.take(top)
    return search.listing()


def read(found: Found) -> Submission:
    """A submission's bytes. OSError where they cannot be read, Ungradable where they must not be.

    The id is made of the source and the content, so that a changed file is another submission.
    """
    if found.blob is not None:
        data = file_bytes(found.path, found.blob) if found.blob else b""
    elif found.member != _ITSELF:
        data = member_bytes(found.path, found.member)
    elif is_archive(found.path):
        raise Ungradable(_why_no_archive(found.path))
    else:
        data = contents(found.path)
    return Submission(submission_id(found.source, data), found.source, data, found.refuse)


class _Search:
    """Collects what is found below one folder."""

    def __init__(self, base: Path, hole: Path | None, *, every: bool = False) -> None:
        self._base = base
        self._wanted = _is_visible if every else _is_submission
        self._hole = hole
        self._found: dict[tuple[Path, int], Found] = {}
        self._ignored: dict[Path, str] = {}
        self._in_archives: list[str] = []
        self._refused: list[tuple[str, str]] = []

    def listing(self) -> Listing:
        """All of it."""
        taken = {path for path, _ in self._found}
        ignored = [source for path, source in self._ignored.items() if path not in taken]
        return Listing(
            tuple(sorted(self._found.values())),
            tuple(sorted([*ignored, *self._in_archives])),
            tuple(self._refused),
        )

    def take(self, path: Path, top: Path | None = None) -> None:
        """A submission, whatever kind of file it turns out to be; `top` is what was named."""
        name = path.name if top is None else path.relative_to(top).as_posix()
        found = Found(self._source(path), path, name=name)
        self._found[found.path, found.member] = found

    def folder(self, top: Path) -> None:
        """What is in a folder and below.

        A folder that cannot be opened is taken, for its report to say so; so is one that is called
        as a submission is and holds none.
        """
        called_so: list[Path] = []
        for path, kind in _walk(top, self._hole):
            if kind is _Kind.LOCKED:
                self.take(path, top)
            elif kind is _Kind.FOLDER:
                called_so += [path] if _is_submission(path.name) else []
            elif self._wanted(path.name):
                self.take(path, top)
            else:
                self._ignored[path] = self._source(path)
        filled = {folder for path, _ in self._found for folder in path.parents}
        for path in called_so:
            if path not in filled:
                self.take(path, top)

    def archive(self, path: Path, *, given: Path | None) -> None:
        """What is in an archive; UsageError where it is broken and was `given` alone."""
        try:
            listed = members(path)
        except Broken as error:
            if given is not None:
                raise UsageError(f"{given}: {error}") from None
            self.take(path)
            return
        used: dict[str, int] = {}
        for member in listed:
            source = f"{self._source(path)}/{printable(member.name)}"
            if member.unsafe:
                self._refused.append((source, member.unsafe))
            elif not self._is_wanted(member.name):
                self._in_archives.append(source)
            else:
                source = _unused(source, used)
                found = Found(source, path, member.place, member.name)
                self._found[path, member.place] = found

    def _is_wanted(self, name: str) -> bool:
        """Whether a member of an archive is called as wanted, and no folder of it hidden."""
        *folders, last = name.split("/")
        return self._wanted(last) and not any(map(_is_skipped, folders))

    def _source(self, path: Path) -> str:
        return printable(path.relative_to(self._base).as_posix())


def _top(path: Path, *, alone: bool) -> Path:
    """A path that was named, without links in it; the last part is looked through if `alone`."""
    if not os.path.lexists(path):
        raise UsageError(f"{path} does not exist")
    try:
        if alone or not path.is_symlink():
            return path.resolve(strict=True)
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError):  # a loop of links, or one that leads nowhere
        return path.parent.resolve() / path.name


def _is_folder(path: Path) -> bool:
    return not path.is_symlink() and path.is_dir()


class _Kind(Enum):
    FILE = auto()
    FOLDER = auto()
    LOCKED = auto()


def _walk(top: Path, hole: Path | None) -> Iterator[tuple[Path, _Kind]]:
    """All that is below `top`; links are files."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                inside = list(entries)
        except OSError:
            yield folder, _Kind.LOCKED
            continue
        for entry in inside:
            path = folder / entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield path, _Kind.FILE
            elif path != hole and not _is_skipped(entry.name):
                yield path, _Kind.FOLDER
                waiting.append(path)


def _why_no_archive(path: Path) -> str:
    try:
        members(path)
    except Broken as error:
        return str(error)
    return "the archive has changed since it was looked at"


def _is_skipped(folder: str) -> bool:
    return (folder.startswith(".") and folder not in {".", ".."}) or folder in _SKIPPED_FOLDERS


def _is_visible(name: str) -> bool:
    return not name.startswith(".")


def _is_submission(name: str) -> bool:
    if name.startswith(".") or name.upper().startswith("README"):
        return False
    return PurePosixPath(name).suffix.lower() in _SUFFIXES


def _unused(source: str, used: dict[str, int]) -> str:
    """`source`, or with a number before its suffix where an archive has the name twice."""
    told, path = source, PurePosixPath(source)
    while told in used:
        used[source] += 1
        told = f"{path.with_suffix('')} ({used[source]}){path.suffix}"
    used[told] = 1
    return told
