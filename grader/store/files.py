"""Reading and writing single files: whole or not at all, private, disk errors in one sentence."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from grader.core.errors import StorageError

__all__ = ["TEMPORARY", "make_folder", "pretty", "read", "read_json", "told", "write"]

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


def write(path: Path, data: bytes) -> None:
    """Write a file atomically (mode 0600): a reader sees the old content or the new one."""
    with told("write", path):
        handle, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def read(path: Path) -> bytes:
    """The bytes of a file; StorageError where it cannot be read."""
    with told("read", path):
        return path.read_bytes()


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
