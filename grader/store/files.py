"""Reading and writing single files: whole or not at all, private, disk errors in one sentence.

A power cut may still leave a file that was just renamed empty. What can be made again (reports,
observations) is therefore checked when it is read; what cannot is written with `durable`.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from grader.core.errors import StorageError

__all__ = [
    "TEMPORARY",
    "clear",
    "holds",
    "make_folder",
    "open_lock",
    "pending",
    "pretty",
    "read",
    "read_json",
    "sync_folder",
    "told",
    "write",
]

TEMPORARY: Final = ".partial-"
"""How names of files begin that are still being written."""


@contextlib.contextmanager
def told(act: str, path: Path) -> Iterator[None]:
    """Turn an OSError into `cannot <act> <path>: <reason>`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"cannot {act} {path}: {reason}") from error


def make_folder(path: Path) -> None:
    """Create a folder (mode 0700) and its parents; a folder that is there stays as it is."""
    with told("create", path):
        if not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)


def clear(folder: Path, names: str = f"{TEMPORARY}*") -> None:
    """Remove files that a killed run left; nothing is removed behind a symbolic link."""
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            return
        for path in folder.glob(names):
            path.unlink()


def open_lock(path: Path) -> int:
    """A descriptor of a file to lock, made where there is none; OSError where that fails.

    A symbolic link is not followed and a FIFO is not waited for.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def write(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Write a file atomically (mode 0600): a reader sees the old content or the new one.

    durable  a power cut after the call does not lose it: dear, so only where a file cannot be
             made again
    """
    with pending(path, data, durable=durable):
        pass


@contextlib.contextmanager
def pending(path: Path, data: bytes, *, durable: bool = False) -> Iterator[None]:
    """As `write`, but the file takes its place when the block ends well, else not at all.

    Space and permission are found to be there before the block begins.
    """
    with told("write", path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            yield
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
        if durable:
            sync_folder(path.parent)


def holds(path: Path, data: bytes) -> bool:
    """Whether the file is there with this very content."""
    try:
        return read(path) == data
    except StorageError:
        return False


def read(path: Path) -> bytes:
    """The bytes of a plain file; StorageError where it is none or cannot be read."""
    with told("read", path):
        if path.is_symlink():
            raise StorageError(f"cannot read {path}: it is a symbolic link")
        # A FIFO would be waited for, a device may have no end.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StorageError(f"cannot read {path}: it is no plain file")
            return file.read()


def read_json(path: Path) -> Any:
    """A JSON document; StorageError where the file cannot be read or is not JSON."""
    try:
        return json.loads(read(path))
    except (ValueError, RecursionError) as error:
        raise StorageError(f"{path} is damaged (not valid JSON): {error}") from error


def pretty(document: object) -> bytes:
    """JSON for files a person may open: sorted keys, two spaces, no numbers outside JSON."""
    text = json.dumps(document, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "backslashreplace")


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder; OSError where it refuses."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
