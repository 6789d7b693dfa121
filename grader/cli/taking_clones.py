"""What `grader grade` makes of a folder of clones: one commit of each, and whose it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from grader.batch.clones import branch, file_bytes, files, is_clone
from grader.batch.find import Found, Listing
from grader.batch.printable import printable
from grader.cli.office import listed, tell
from grader.core.errors import Ungradable, UsageError
from grader.core.handin import Student
from grader.intake import Claim
from grader.intake.classroom import Choice, choose, dues, owners, wanted

__all__ = ["are_clones", "find_again", "take_clones"]


@dataclass(frozen=True, slots=True)
class _Taken:
    found: tuple[Found, ...]
    ignored: tuple[str, ...]
    choice: Choice | None


def are_clones(paths: Sequence[Path], leave: Path) -> bool:
    """Whether this is one folder that holds clones and, but for `leave`, no other folder."""
    if len(paths) != 1 or not paths[0].is_dir():
        return False
    folders = _folders(paths[0], leave)
    return bool(folders) and all(map(is_clone, folders))


def take_clones(
    paths: Sequence[Path],
    leave: Path,
    roster: Sequence[Student],
    due: str | None,
    notebook: str | None,
) -> tuple[Listing, dict[str, Claim]]:
    """Of every clone what is handed in at its last commit before the deadline.

    leave     the output folder, which is none of them
    notebook  a pattern for the path in the repository; None: its notebooks, else its scripts

    UsageError where `paths` is not one folder of clones.
    """
    if len(paths) != 1 or not paths[0].is_dir():
        raise UsageError("--from classroom: name the one folder that the clones are in")
    top = paths[0].resolve()
    folders = _folders(top, leave)
    if not folders:
        raise UsageError(f"no clone in {paths[0]}: expected a folder a repository")
    whose = owners([path.name for path in folders], top.name, roster)
    until = dues(whose, roster, due)
    taken = {path.name: _take(path, until[path.name], notebook) for path in folders}
    _tell(taken)
    found = [one for each in taken.values() for one in each.found]
    claims = {
        one.name: _claim(folder, whose[folder], each.choice)
        for folder, each in taken.items()
        for one in each.found
    }
    ignored = sorted(name for each in taken.values() for name in each.ignored)
    return Listing(tuple(sorted(found)), tuple(ignored)), claims


def find_again(clone: Path, sha256: str) -> Found | None:
    """The file of that content in any commit of a clone's branch, the newest first."""
    tried = set()
    try:
        history = branch(clone).history
    except Ungradable:
        return None
    for commit in history:
        for place, entry in enumerate(files(clone, commit.id)):
            if entry.blob in tried or entry.why or not wanted([entry.name]):
                continue
            tried.add(entry.blob)
            if hashlib.sha256(file_bytes(clone, entry.blob)).hexdigest() == sha256:
                return Found(printable(entry.name), clone, place, blob=entry.blob)
    return None


def _folders(top: Path, leave: Path) -> list[Path]:
    hole = leave.resolve()
    return [
        path
        for path in sorted(top.resolve().iterdir())
        if path.is_dir() and not path.name.startswith(".") and path != hole
    ]


def _take(clone: Path, due: datetime | None, notebook: str | None) -> _Taken:
    source = printable(clone.name)
    try:
        known = branch(clone)
        choice = choose(known.history, known.fetches, due)
        entries = files(clone, choice.commit)
    except Ungradable as error:
        return _Taken(
            (Found(source, clone, name=clone.name, refuse=str(error), blob=""),), (), None
        )
    names = [entry.name for entry in entries]
    chosen = (
        wanted(names)
        if notebook is None
        else tuple(name for name in names if fnmatchcase(name, notebook))
    )
    found = tuple(
        Found(
            f"{source}/{printable(entry.name)}",
            clone,
            place,
            name=f"{clone.name}/{entry.name}",
            refuse=entry.why,
            blob="" if entry.why else entry.blob,
        )
        for place, entry in enumerate(entries)
        if entry.name in chosen
    )
    if not found:
        what = "notebook" if notebook is None else f"file {notebook}"
        why = f"there is no {what} in the repository at commit {choice.commit[:10]}"
        return _Taken((Found(source, clone, name=clone.name, refuse=why, blob=""),), (), choice)
    ignored = tuple(f"{source}/{printable(name)}" for name in names if name not in chosen)
    return _Taken(found, ignored, choice)


def _claim(folder: str, handles: tuple[str, ...], choice: Choice | None) -> Claim:
    seen = choice.seen_at if choice else None
    return Claim(
        handles,
        folder,
        late=choice.late if choice else None,
        submitted_at=seen.isoformat() if seen else None,
    )


def _tell(taken: Mapping[str, _Taken]) -> None:
    """What a person has to know of the choice of commits."""
    chosen = [(folder, one.choice) for folder, one in taken.items() if one.choice is not None]
    later = [folder for folder, one in chosen if one.newer]
    if later:
        tell(f"{len(later)} have commits after the deadline, not graded: {listed(later)}")
    late = [folder for folder, one in chosen if one.late]
    if late:
        tell(f"{len(late)} have no commit before the deadline, graded as late: {listed(late)}")
    own = [folder for folder, one in chosen if one.dated_by == "itself" and not one.late]
    if own:
        tell(
            f"{len(own)} were not fetched between their last commit and the deadline, and are in "
            f"time by the date of that commit alone, which its author can write: {listed(own)}"
        )
