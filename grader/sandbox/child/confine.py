"""Confining a child before its first line of student code; order matters.

descriptors and environment -> session -> limits -> no new privileges -> undumpable. The places of
namespaces (after the session), Landlock and seccomp (last) are marked below.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Final

__all__ = ["LAYERS", "confine"]

LAYERS: Final = (
    "separate process",
    "clean environment",
    "closed descriptors",
    "resource limits",
    "no new privileges",
    "undumpable",
)

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
FILE_BYTES: Final = 2**20
DESCRIPTORS: Final = 128

_libc = ctypes.CDLL(None, use_errno=True)


def confine(conversation: int, stdout: int, stderr: int) -> int:
    """Close what the child must not have and give up what it must not use.

    Returns the descriptor of the conversation with the parent. Raises OSError where a layer
    cannot be put in force; the caller must then exit.
    """
    os.setsid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    talk = _arrange_descriptors(conversation, stdout, stderr)
    # namespaces and id maps: here, before the child becomes undumpable
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails instead
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 0)
    # Landlock, then seccomp: here, last
    return talk


def limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    """Cap address space (beyond what is mapped now) and CPU time, which backs the wall clock."""
    # by descriptor: in a fresh child every page that pathlib touches is one to copy
    told = os.open("/proc/self/statm", os.O_RDONLY)
    pages = int(os.read(told, 64).split()[0])
    os.close(told)
    _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory_bytes)
    _limit(resource.RLIMIT_CPU, cpu_seconds)


def _arrange_descriptors(conversation: int, stdout: int, stderr: int) -> int:
    talk = os.dup2(conversation, 20, inheritable=False)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    os.closerange(3, talk)
    os.closerange(talk + 1, 65536)
    return talk


def _limit(which: int, value: int) -> None:
    resource.setrlimit(which, (value, value))


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
