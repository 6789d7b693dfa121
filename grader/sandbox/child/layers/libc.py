"""System calls that Python has no function for."""

from __future__ import annotations

import ctypes
import os
from typing import Final

__all__ = ["prctl", "syscall", "unshare_or_join"]

_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(number: int, *arguments: int | bytes | None) -> int:
    """The result of a system call. Raises OSError with the kernel's errno.

    Integers are passed as `long`, bytes by their address: the caller keeps them alive.
    """
    passed = [
        ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments
    ]
    return _checked(int(_libc.syscall(ctypes.c_long(number), *passed)))


def prctl(option: int, value: int = 0, pointer: int = 0) -> int:
    """What `prctl(option, value, pointer, 0, 0)` returns. Raises OSError."""
    rest = (ctypes.c_ulong(pointer), ctypes.c_ulong(0), ctypes.c_ulong(0))
    return _checked(int(_libc.prctl(option, ctypes.c_ulong(value), *rest)))


def unshare_or_join(flags: int, namespace: int | None = None) -> None:
    """Leave the namespaces in `flags`, or join the one open as `namespace`. Raises OSError."""
    if namespace is None:
        _checked(int(_libc.unshare(ctypes.c_int(flags))))
    else:
        _checked(int(_libc.setns(ctypes.c_int(namespace), ctypes.c_int(flags))))


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
