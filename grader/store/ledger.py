"""`ledger.jsonl`: every human decision, one line each; lines are only ever added.

`grader forget` is the one exception, and leaves a line that says so.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from grader.core.decision import Entry
from grader.core.errors import StorageError, UsageError
from grader.core.text import inline
from grader.deciding.ledger import Damaged, appended, line_of, mistake, parse, without
from grader.store import files

__all__ = ["append", "forget", "read_ledger", "repair"]


def read_ledger(path: Path) -> tuple[Entry, ...]:
    """Every entry; StorageError where a line is damaged, which it names."""
    data = _bytes(path)
    try:
        return parse(data)
    except Damaged as error:
        way = (
            "nobody was told that this decision was kept, so it may be cut off"
            if error.torn
            else "put back a copy of it, nothing is decided without it"
        )
        raise StorageError(f"{path} is damaged: {error}; {way}") from error


def repair(path: Path) -> bytes:
    """Cut off a last line that was only begun; returns it, empty where there was none.

    The caller holds the folder's lock. StorageError where any whole line is damaged: nothing
    mends that but a copy.
    """
    data = _bytes(path)
    whole = data[: data.rfind(b"\n") + 1]
    try:
        parse(whole)
    except Damaged as error:
        raise StorageError(f"{path} is damaged: {error}; put back a copy of it") from error
    if whole != data:
        files.write(path, whole, durable=True)
    return data[len(whole) :]


def _bytes(path: Path) -> bytes:
    with files.told("read", path):
        there = path.is_symlink() or path.exists()
    return files.read(path) if there else b""


def append(path: Path, new: Iterable[Entry]) -> tuple[Entry, ...]:
    """Add entries, each on a line of its own, and wait until the disk has them.

    The caller holds the folder's lock. Returns them with their ids. StorageError where the ledger
    is damaged or the disk refuses, UsageError where an entry makes no sense; then nothing is added.
    """
    known = list(read_ledger(path))
    added: list[Entry] = []
    for entry in new:
        why = mistake(entry)
        if why:
            raise UsageError(f"not kept, {entry.kind} about {inline(entry.submission)}: {why}")
        made = appended(known, entry)
        known.append(made)
        added.append(made)
    if not added:
        return ()
    data = b"".join(map(line_of, added))
    with files.told("write", path):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(path, flags, 0o600)
        try:
            size = os.fstat(handle).st_size
            try:
                _write_all(handle, data)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, size)  # no line is left half-written
                raise
        finally:
            os.close(handle)
        if not size:
            files.sync_folder(path.parent)  # the file itself may be new
    return tuple(added)


def forget(path: Path, submissions: Collection[str], *, by: str, at: str) -> int:
    """Write the ledger without all lines about those submissions; returns how many were removed."""
    known = read_ledger(path)
    removed = sum(entry.submission in submissions for entry in known)
    if removed:
        kept = without(known, submissions, by=by, at=at)
        files.write(path, b"".join(map(line_of, kept)), durable=True)
    return removed


def _write_all(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]
