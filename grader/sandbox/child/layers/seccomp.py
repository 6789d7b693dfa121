"""seccomp: the allow-list of `syscalls`, as a program the kernel runs before every system call.

Classic BPF (linux/filter.h); the data it looks at is struct seccomp_data: the call's number at
offset 0, the architecture at 4, argument i at 16 + 8 i, little-endian on both machines.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from grader.sandbox.child.layers.libc import prctl
from grader.sandbox.child.layers.syscalls import (
    ALLOWED,
    ANSWERED_ABSENT,
    ARCHITECTURES,
    FILTERED,
    OneOf,
    of_pid,
)

__all__ = ["install", "program", "same_for_all", "works_here"]

PR_SET_SECCOMP: Final = 22
MODE_FILTER: Final = 2

KILL: Final = 0x80000000
ALLOW: Final = 0x7FFF0000
REFUSE: Final = 0x00050000 | errno.EPERM
ABSENT: Final = 0x00050000 | errno.ENOSYS

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_X32: Final = 0x40000000  # numbers of a third calling convention on x86_64
_NEWER: Final = 463  # numbers from here on are newer than this list: absent, as on an older kernel

_Step = tuple[int, int, int, int]
"""An instruction: code, steps to jump over if true, if false, operand."""


def program(machine: str, pid: int) -> bytes:
    """The filter for a child of process id `pid` on `machine` (as `os.uname().machine`).

    Raises KeyError for a machine whose system calls are not known.
    """
    column, _ = ARCHITECTURES[machine]
    last = [
        step for numbers, test in of_pid(pid).values() for step in _examine(numbers[column], test)
    ]
    return same_for_all(machine) + _packed([*last, *_epilogue()])


@functools.cache
def same_for_all(machine: str) -> bytes:
    """The part of the filter that knows no process id; kept, for children to begin with."""
    column, architecture = ARCHITECTURES[machine]
    steps = [*_prologue(architecture)]
    for numbers in ALLOWED.values():
        steps += _answer(numbers[column], ALLOW)
    for numbers in ANSWERED_ABSENT.values():
        steps += _answer(numbers[column], ABSENT)
    for numbers, test in FILTERED.values():
        steps += _examine(numbers[column], test)
    return _packed(steps)


def _packed(steps: Iterable[_Step]) -> bytes:
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def _prologue(architecture: int) -> Iterator[_Step]:
    yield (_LOAD, 0, 0, _ARCH)
    yield (_EQUAL, 1, 0, architecture)
    yield (_RETURN, 0, 0, KILL)
    yield (_LOAD, 0, 0, _NUMBER)


def _answer(number: int | None, answer: int) -> Iterator[_Step]:
    if number is not None:
        yield (_EQUAL, 0, 1, number)
        yield (_RETURN, 0, 0, answer)


def _examine(number: int | None, test: OneOf) -> Iterator[_Step]:
    if number is None:
        return
    look: list[_Step] = [(_LOAD, 0, 0, _ARGUMENTS + 8 * test.argument), (_AND, 0, 0, test.mask)]
    for value in test.values:
        look += _answer(value, ALLOW)
    look.append((_RETURN, 0, 0, REFUSE))
    yield (_EQUAL, 0, len(look), number)
    yield from look


def _epilogue() -> Iterator[_Step]:
    yield (_AT_LEAST, 0, 1, _X32)
    yield (_RETURN, 0, 0, REFUSE)
    yield (_AT_LEAST, 0, 1, _NEWER)
    yield (_RETURN, 0, 0, ABSENT)
    yield (_RETURN, 0, 0, REFUSE)


def install() -> None:
    """Put this process under the filter, for ever. Raises OSError, KeyError (unknown machine).

    Needs no-new-privileges before it.
    """
    code = program(os.uname().machine, os.getpid())
    held = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a count, padding, a pointer
    whole = ctypes.create_string_buffer(
        struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(held))
    )
    prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.addressof(whole))


def works_here() -> bool:
    """Whether a filtered process is refused a socket. Call it in a throw-away process only."""
    try:
        install()
        socket.socket().close()
    except PermissionError:
        return True
    except (OSError, KeyError):
        return False
    return False
