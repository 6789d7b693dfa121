"""The bytes of one file that a stranger may have made: never a pipe, a device or a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from grader.core.errors import Ungradable
from grader.notebook.read import LARGEST

__all__ = ["contents", "kind_of"]

_KINDS: Final = (
    (stat.S_ISLNK, "a symbolic link, which is not followed"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def kind_of(mode: int) -> str:
    """What a file is that is no ordinary one, empty for an ordinary one."""
    return next((what for holds, what in _KINDS if holds(mode)), "")


def contents(path: Path) -> bytes:
    """The bytes of an ordinary file. OSError where it cannot be read.

    Ungradable where it is anything else or larger than `LARGEST`. The name is looked at before it
    is opened, for opening alone may act on a device, and the open file again, for the name may have
    been given to another one since. What a file grows by meanwhile is read, up to the limit.
    """
    before = path.lstat()
    if stat.S_ISDIR(before.st_mode):
        os.scandir(path).close()  # one that cannot be opened says why
    _refuse(before)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
        size = _refuse(os.fstat(file.fileno()))
        parts: list[bytes] = []
        left = LARGEST + 1
        ask = size + 1
        while left > 0:
            part = file.read(min(ask, left))
            if part is None:
                raise Ungradable("the file has no end to read to")
            if not part:
                break
            parts.append(part)
            left -= len(part)
            ask = 1 << 16
    if left <= 0:
        raise Ungradable(_TOO_LARGE)
    return parts[0] if len(parts) == 1 else b"".join(parts)


_TOO_LARGE: Final = f"the file is larger than {LARGEST >> 20} MB"


def _refuse(found: os.stat_result) -> int:
    """The size of an ordinary file that is small enough."""
    what = kind_of(found.st_mode)
    if what:
        raise Ungradable(f"the file is {what}: an ordinary file has to be handed in")
    if found.st_size > LARGEST:
        raise Ungradable(_TOO_LARGE)
    return found.st_size
