"""Landlock: the files a child may read, no file it may change, no TCP, no signals to others.

struct landlock_ruleset_attr, struct landlock_path_beneath_attr and the access rights are those of
linux/landlock.h. The kernel's version number is not asked: some kernels claim more than they do.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from grader.sandbox.child.layers.libc import syscall
from grader.sandbox.child.layers.privileges import refuse_new_privileges
from grader.sandbox.child.layers.readable import Readable

__all__ = ["Ruleset", "holds", "make", "restrict"]

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every machine
_PATH_BENEATH: Final = 1

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_TCP: Final = 0b11  # bind, connect
_SCOPED: Final = 0b11  # abstract unix sockets, signals
_FIRST_RIGHTS, _WITH_REFER, _WITH_TRUNCATE, _WITH_IOCTL = (
    (1 << count) - 1 for count in (13, 14, 15, 16)
)
_ATTEMPTS: Final = (
    ("<QQQ", (_WITH_IOCTL, _TCP, _SCOPED)),
    ("<QQ", (_WITH_IOCTL, _TCP)),
    ("<QQ", (_WITH_TRUNCATE, _TCP)),
    ("<Q", (_WITH_TRUNCATE,)),
    ("<Q", (_WITH_REFER,)),
    ("<Q", (_FIRST_RIGHTS,)),
)
"""From the newest kernels to the first: every right the kernel knows is taken away."""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """An open ruleset, and in words what it takes away."""

    descriptor: int
    covers: tuple[str, ...]


def make(readable: Iterable[Readable]) -> Ruleset:
    """A ruleset that leaves reading `readable` and nothing else. Raises OSError without Landlock.

    Made once: a child restricts itself by one system call. No right to execute is ever left;
    importing a shared library needs none.
    """
    for form, rights in _ATTEMPTS:
        packed = struct.pack(form, *rights)
        try:
            descriptor = syscall(_CREATE_RULESET, packed, len(packed), 0)
        except OSError as error:
            refused = error
            continue
        for one in readable:
            _leave(descriptor, one)
        covers = ("files", "TCP", "signals")[: len(rights)]
        return Ruleset(descriptor, covers)
    raise refused


def _leave(ruleset: int, one: Readable) -> None:
    try:
        opened = os.open(one.path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # gone, or not ours to read either
        return
    try:
        rights = _READ_FILE | (_WRITE_FILE if one.sink else 0)
        if stat.S_ISDIR(os.fstat(opened).st_mode):
            rights = _READ_DIR if one.names_only else _READ_FILE | _READ_DIR
        syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("<Qi", rights, opened), 0)
    finally:
        os.close(opened)


def restrict(ruleset: int) -> None:
    """Put this process under the ruleset, for ever. Raises OSError."""
    syscall(_RESTRICT_SELF, ruleset, 0)


def holds(ruleset: Ruleset, what: str) -> bool:
    """Whether one of `ruleset.covers` is seen to hold. Call it in a throw-away process only.

    TCP is believed: a kernel that knows the right enforces it, and seccomp refuses sockets.
    """
    refuse_new_privileges()
    restrict(ruleset.descriptor)
    try:
        if what == "files":
            os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
        elif what == "signals":
            os.kill(os.getppid(), 0)
        else:
            return True
    except OSError:
        return True
    return False
