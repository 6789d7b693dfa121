"""Clones that the course fetched: their branch, when fetches saw it, and files of a commit.

Read by git's plumbing alone, from its object store: what is checked out may have been changed, and
filters, hooks and text conversions belong to checking out. The configuration that lies in a clone
is the one thing of it that git must read; whatever in it could start a program is overridden.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from grader.core.errors import Ungradable, UsageError
from grader.core.text import inline
from grader.intake.classroom import Commit, Seen
from grader.notebook.read import LARGEST

__all__ = ["Branch", "Entry", "branch", "file_bytes", "files", "is_clone"]

_SECONDS: Final = 60.0
_MOST_COMMITS: Final = 10_000
_MOST_BYTES: Final = 32 << 20
_ORIGIN: Final = "refs/remotes/origin/"
_CONFIG: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.alternateRefsCommand=false",
    "core.sshCommand=false",
    "core.pager=cat",
    "credential.helper=",
    "gpg.program=false",
    "log.showSignature=false",
    "protocol.allow=never",
)
_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Branch:
    """The branch that is graded: the newest commit first, and every fetch that is on record."""

    history: tuple[Commit, ...]
    fetches: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a commit. `blob` is its object's name, `size` in bytes; `why` it is none."""

    name: str
    blob: str
    size: int
    why: str = ""


def is_clone(folder: Path) -> bool:
    """Whether a folder has a repository in it; a `.git` that leads elsewhere is not followed."""
    inside = folder / ".git"
    return not folder.is_symlink() and not inside.is_symlink() and inside.is_dir()


def branch(clone: Path) -> Branch:
    """The default branch as the server had it at the last fetch, else what is checked out.

    Ungradable says why there is none.
    """
    if not is_clone(clone):
        raise Ungradable("the folder is no clone of a repository")
    name = _default(clone)
    listed = _git(
        clone,
        "rev-list",
        "--first-parent",
        f"--max-count={_MOST_COMMITS}",
        "--timestamp",
        name,
        "--",
    )
    history = tuple(
        Commit(commit, datetime.fromtimestamp(int(when), UTC))
        for when, commit in (line.split() for line in listed.decode("ascii").splitlines())
    )
    fetches = [*_fetches(clone, name)]
    if name.startswith(_ORIGIN):  # cloning is on record at the server's HEAD alone
        fetches += _fetches(clone, f"{_ORIGIN}HEAD")
    return Branch(history, tuple(fetches))


def files(clone: Path, commit: str) -> tuple[Entry, ...]:
    """All files of a commit, in order of their names; Ungradable where they cannot be read."""
    listed = _git(clone, "ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--")
    found = []
    for line in listed.split(b"\0"):
        facts, tab, name = line.partition(b"\t")
        if not tab:
            continue
        mode, _, blob, size = facts.decode("ascii").split()
        if mode == "160000":  # a repository of its own
            continue
        why = ""
        if mode == "120000":
            why = "the file is a symbolic link, which is not followed"
        elif int(size) > LARGEST:
            why = f"the file is larger than {LARGEST >> 20} MB"
        found.append(Entry(name.decode("utf-8", "surrogateescape"), blob, int(size), why))
    return tuple(found)


def file_bytes(clone: Path, blob: str) -> bytes:
    """The bytes of an object; Ungradable where the clone does not have it."""
    return _git(clone, "cat-file", "blob", blob, most=LARGEST)


def _default(clone: Path) -> str:
    told = _git(clone, "for-each-ref", "--format=%(refname) %(symref)", _ORIGIN.rstrip("/")).decode(
        "utf-8", "surrogateescape"
    )
    known = dict(line.partition(" ")[::2] for line in told.splitlines())
    head = known.pop(f"{_ORIGIN}HEAD", "")
    candidates = [head, f"{_ORIGIN}main", f"{_ORIGIN}master", *(known if len(known) == 1 else ())]
    return next((one for one in candidates if one in known), "HEAD")


def _fetches(clone: Path, name: str) -> Iterator[Seen]:
    # rev-list, which is plumbing, does not tell when: `%gd` is empty there
    form = ("--format=%H %gd", "--date=unix", "--no-show-signature", "--no-mailmap")
    try:
        told = _git(clone, "log", "-g", *form, f"--max-count={_MOST_COMMITS}", name, "--")
    except Ungradable:  # no record is kept of it
        return
    for line in told.decode("utf-8", "replace").splitlines():
        commit, _, where = line.partition(" ")
        number = where.rpartition("@{")[2].rstrip("}")
        if number.isdecimal():
            yield Seen(datetime.fromtimestamp(int(number), UTC), commit)


def _git(clone: Path, *command: str, most: int = _MOST_BYTES) -> bytes:
    """What git writes. Ungradable where it fails, UsageError where there is no git.

    Read no further than `most` bytes: trees that hold themselves a thousandfold have no end.
    """
    options = [part for one in _CONFIG for part in ("-c", one)]
    called = ["git", "--no-pager", *options, f"--git-dir={clone.absolute() / '.git'}", *command]
    environment = {**_ENVIRONMENT, "PATH": os.environ.get("PATH", os.defpath)}
    with tempfile.TemporaryFile() as said:
        try:
            git = subprocess.Popen(  # noqa: S603 - a fixed command; what is variable are a path and names of objects
                called,
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise UsageError("clones are read with git, which is not installed here") from None
        clock = threading.Timer(_SECONDS, _kill, (git,))
        clock.start()
        with git:
            written = git.stdout.read(most + 1) if git.stdout else b""
            if len(written) > most:
                _kill(git)
        late = not clock.is_alive()
        clock.cancel()
        said.seek(0)
        words = inline(said.read(500).decode("utf-8", "replace").strip())
    if len(written) > most:
        raise Ungradable("the clone holds more than can be looked through")
    if late:
        raise Ungradable(f"git did not read the clone within {_SECONDS:g} seconds")
    if git.returncode:
        raise Ungradable(f"git cannot read the clone: {words or f'status {git.returncode}'}")
    return written


def _kill(git: subprocess.Popen[bytes]) -> None:
    """With whatever it started, which would keep its output open."""
    with suppress(ProcessLookupError):
        os.killpg(git.pid, signal.SIGKILL)
