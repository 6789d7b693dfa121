"""Giving up what a process may do by who it is: capabilities, new privileges, being looked into."""

from __future__ import annotations

import signal
import struct
from typing import Final

from grader.sandbox.child.layers.libc import prctl, syscall

__all__ = ["become_undumpable", "die_with_parent", "drop_capabilities", "refuse_new_privileges"]

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38
_VERSION_3: Final = 0x20080522
_CAPSET: Final = {"x86_64": 126, "aarch64": 91}


def die_with_parent() -> None:
    """Be killed when the process that forked this one ends. Raises OSError."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def drop_capabilities(machine: str) -> None:
    """No capability is left, permitted or inheritable. Raises OSError, KeyError (unknown machine).

    The user stays who it is, so that Python can be imported wherever it lies.
    """
    header = struct.pack("=Ii", _VERSION_3, 0)
    syscall(_CAPSET[machine], header, struct.pack("=6I", *[0] * 6))


def refuse_new_privileges() -> None:
    """No program run from here on gains any. Raises OSError."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def become_undumpable() -> None:
    """Other processes of the same user cannot look into this one. Raises OSError.

    Only after a user namespace is mapped: an undumpable process may not write its own map.
    """
    prctl(PR_SET_DUMPABLE, 0)
