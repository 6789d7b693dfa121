"""Repositories of GitHub Classroom: whose they are, and which commit was there in time.

The date in a commit is written by the student's own machine and may say anything. When a fetch saw
a commit is written by the course's. So a commit is in time by the fetch wherever one was made
before the deadline, and by its own date only where none was.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Final, Literal

from grader.core.handin import Student

__all__ = ["Choice", "Commit", "Seen", "choose", "dues", "owners", "wanted"]

_SUBMISSIONS: Final = "-submissions"
_KINDS: Final = (".ipynb", ".py", ".txt")

DatedBy = Literal["fetch", "itself", "nobody"]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and the date it gives itself."""

    id: str
    committed: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A fetch, and the commit at which it found the branch."""

    at: datetime
    commit: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The commit to grade.

    newer     how many commits of the branch came after it
    dated_by  what says that it was there in time: a fetch, its own date, or nobody, where there is
              no deadline to be in time for
    seen_at   the first fetch that found the branch there; None where only its own date is known
    late      True where every commit says itself that it came after the deadline; None: not known
    """

    commit: str
    newer: int = 0
    dated_by: DatedBy = "nobody"
    seen_at: datetime | None = None
    late: bool | None = None


def choose(history: Sequence[Commit], fetches: Iterable[Seen], due: datetime | None) -> Choice:
    """The last commit before the deadline.

    history  the branch as the last fetch found it, the newest first, along first parents; not empty
    fetches  in any order; a branch may have been rewritten between two of them
    """
    tip = history[0].id
    first: dict[str, datetime] = {}
    for fetch in sorted(fetches, key=lambda one: one.at):
        first.setdefault(fetch.commit, fetch.at)
    if due is None:
        return Choice(tip, seen_at=first.get(tip))
    in_time = {commit: at for commit, at in first.items() if at <= due}
    for newer, commit in enumerate(history):
        if commit.id in in_time:
            return _by_fetch(commit.id, in_time[commit.id], newer)
        if commit.committed <= due:
            return Choice(commit.id, newer, "itself")
    if in_time:  # all of the branch was rewritten since; what the fetch found is still there
        last = max(in_time, key=in_time.__getitem__)
        return _by_fetch(last, in_time[last], len(history))
    return Choice(tip, dated_by="itself", late=True)


def _by_fetch(commit: str, at: datetime, newer: int) -> Choice:
    return Choice(commit, newer, "fetch", at, late=False)


def owners(
    folders: Collection[str], parent: str, roster: Sequence[Student]
) -> dict[str, tuple[str, ...]]:
    """Handles of whoever a repository is from, by the name of its folder.

    Repositories are called `assignment-login`, or `assignment-team`, and put into a folder
    `assignment-submissions`. What the roster knows goes first, then that folder's name, then what
    all of them begin with.
    """
    logins = {
        one.ids["github"].casefold(): (f"github:{one.ids['github']}",)
        for one in roster
        if "github" in one.ids
    }
    teams: dict[str, tuple[str, ...]] = {}
    for one in roster:
        if one.group and one.handles:
            teams[_slug(one.group)] = (*teams.get(_slug(one.group), ()), one.handles[0])
    prefix = _prefix(folders, parent)
    found = {}
    for folder in folders:
        flat = folder.casefold()
        known = _ending(flat, logins) or _ending(flat, teams)
        found[folder] = known or (f"github:{folder.removeprefix(prefix)}",)
    return found


def dues(
    handles: Mapping[str, tuple[str, ...]], roster: Sequence[Student], due: str | None
) -> dict[str, datetime | None]:
    """When each was due, by folder: the latest of its students' own dates, else everybody's."""
    own = {handle: one.due for one in roster for handle in one.handles if one.due}
    found: dict[str, datetime | None] = {}
    for folder, theirs in handles.items():
        dates = [datetime.fromisoformat(own[each]) for each in theirs if each in own]
        common = datetime.fromisoformat(due) if due else None
        found[folder] = max(dates) if dates else common
    return found


def wanted(names: Iterable[str]) -> tuple[str, ...]:
    """What of a repository is handed in: its notebooks, else scripts, else text exports.

    Tests and helpers stand beside a notebook there. Hidden files and folders are never it, and
    neither is a README.
    """
    visible = [name for name in names if not _is_aside(PurePosixPath(name))]
    for kind in _KINDS:
        found = [name for name in visible if PurePosixPath(name).suffix.lower() == kind]
        if found:
            return tuple(sorted(found))
    return ()


def _is_aside(path: PurePosixPath) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return hidden or path.name.upper().startswith("README")


def _ending(folder: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Of the longest name that the folder ends with, behind a hyphen."""
    for at, letter in enumerate(folder):
        if letter == "-" and folder[at + 1 :] in known:
            return known[folder[at + 1 :]]
    return ()


def _prefix(folders: Collection[str], parent: str) -> str:
    named = f"{parent.removesuffix(_SUBMISSIONS)}-"
    if parent.endswith(_SUBMISSIONS) and all(one.startswith(named) for one in folders):
        return named
    shortest, longest = min(folders, default=""), max(folders, default="")
    if shortest == longest:
        return ""
    same = 0
    while same < len(shortest) and shortest[same] == longest[same]:
        same += 1
    return shortest[: shortest.rfind("-", 0, same) + 1]


def _slug(team: str) -> str:
    """A team's name as its repository has it."""
    return re.sub(r"[^a-z0-9]+", "-", team.casefold()).strip("-")
