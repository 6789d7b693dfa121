"""Namespaces: a zygote without network, on read-only file systems, whose children each are alone.

Where the kernel refuses them (containers and some distributions do) the other layers stop the same
acts, all but one (`_freeze_files`); these are a second wall, and the end of a child, process 1 of
its own namespace, is the end of all it started.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from grader.sandbox.child.layers.libc import syscall, unshare_or_join
from grader.sandbox.child.layers.privileges import die_with_parent

__all__ = ["Nursery", "enter", "work_here"]

_NEW_IPC, _NEW_USER, _NEW_PID, _NEW_NET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
_NEW_UTS, _NEW_MOUNTS = 0x04000000, 0x00020000
_ALL: Final = _NEW_PID | _NEW_NET | _NEW_IPC | _NEW_UTS
_MOUNT_SETATTR: Final = 442  # Linux 5.12, the same on every machine
_HERE, _RECURSIVE, _READ_ONLY, _PRIVATE = -100, 0x8000, 1, 1 << 18


class Nursery:
    """Forks children, each into process namespaces of its own; made after `enter`."""

    def __init__(self) -> None:
        self._home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """As `os.fork`. Raises OSError."""
        unshare_or_join(_NEW_PID)
        try:
            pid = os.fork()
        except OSError:
            unshare_or_join(_NEW_PID, self._home)
            raise
        if pid != 0:
            unshare_or_join(_NEW_PID, self._home)
        return pid


def enter(before_waiting: Callable[[], None], afterwards: Callable[[], None]) -> None:
    """Go on in new namespaces, in a forked process; the one that called only waits for its end.

    `before_waiting` and `afterwards` are run in the one that waits. Root needs no user namespace
    and gets none: files of other users, such as the home that Python lies in, stay readable to
    the zygote.
    Raises OSError where the kernel refuses; the process is then unfit for anything else.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        unshare_or_join(_ALL)
    except PermissionError:
        unshare_or_join(_ALL | _NEW_USER)
        _map("setgroups", "deny")
        _map("uid_map", f"{user} {user} 1")
        _map("gid_map", f"{group} {group} 1")
    pid = os.fork()
    if pid != 0:
        before_waiting()
        _wait(pid, afterwards)
    die_with_parent()
    _freeze_files()


def _freeze_files() -> None:
    """Make every file system read-only for this process and its children. Raises OSError.

    Landlock leaves nothing to write; but reading a file moves its access time, which a later
    child could ask for: a mailbox between submissions, and from hidden inputs to what is shown.
    """
    unshare_or_join(_NEW_MOUNTS)
    told = struct.pack("=4Q", _READ_ONLY, 0, _PRIVATE, 0)  # set, clear, propagation, user namespace
    syscall(_MOUNT_SETATTR, _HERE, b"/", _RECURSIVE, told, len(told))


def _map(name: str, text: str) -> None:
    Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def _wait(pid: int, afterwards: Callable[[], None]) -> NoReturn:
    _, status = os.waitpid(pid, 0)
    afterwards()
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _nothing() -> None:
    pass


def work_here() -> bool:
    """Whether a child can be alone and the next one too. Call it in a throw-away process only."""
    try:
        enter(_nothing, _nothing)
        nursery = Nursery()
        for _ in range(2):
            pid = nursery.fork()
            if pid == 0:
                os._exit(os.getpid() != 1)
            if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
                return False
    except OSError:
        return False
    return True
