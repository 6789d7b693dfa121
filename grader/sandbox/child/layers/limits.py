"""Resource limits: what a child may use up."""

from __future__ import annotations

import os
import resource
import signal
from typing import Final

__all__ = ["limit", "limit_use", "mapped_bytes"]

DESCRIPTORS: Final = 64
_FIXED: Final = (
    (resource.RLIMIT_CORE, 0),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, DESCRIPTORS),
    (resource.RLIMIT_MEMLOCK, 0),
    (resource.RLIMIT_MSGQUEUE, 0),
    (resource.RLIMIT_SIGPENDING, 256),
)


def limit() -> None:
    """The limits that are the same for every program. Raises OSError."""
    for which, value in _FIXED:
        _limit(which, value)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead


def mapped_bytes() -> int:
    """Address space in use now: to be asked before Landlock closes /proc."""
    # by descriptor: in a fresh child every page that pathlib touches is one to copy
    told = os.open("/proc/self/statm", os.O_RDONLY)
    pages = int(os.read(told, 64).split()[0])
    os.close(told)
    return pages * resource.getpagesize()


def limit_use(address_space: int, cpu_seconds: int) -> None:
    """Cap address space (bytes) and CPU time, which backs the wall clock. Raises OSError."""
    _limit(resource.RLIMIT_AS, address_space)
    _limit(resource.RLIMIT_CPU, cpu_seconds)


def _limit(which: int, value: int) -> None:
    _, most = resource.getrlimit(which)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(which, (value, value))
