"""Run a command on a lesser machine: as a user without capabilities, or without a kernel's feature.

    python -m tests.lesser [--user] [--no namespaces] [--no landlock] [--no seccomp] -- COMMAND...

What is refused is refused as a container's profile or an older kernel would: by a system call
filter, written here by hand so that it shares nothing with the one under test.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 22, 38, 24
_NUMBERS: Final = {
    "x86_64": {"unshare": 272, "landlock": 444, "prctl": 157, "seccomp": 317, "capset": 126},
    "aarch64": {"unshare": 97, "landlock": 444, "prctl": 167, "seccomp": 277, "capset": 91},
}[os.uname().machine]
_NOBODY: Final = 65534
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: Sequence[str]) -> None:
    """Take away what is named, then become the command."""
    cut = arguments.index("--")
    options, command = list(arguments[:cut]), list(arguments[cut + 1 :])
    if "--user" in options:
        _become_user()
    refused = [options[place + 1] for place, one in enumerate(options) if one == "--no"]
    _install(b"".join(_refusal(one) for one in refused) + _step(0x06, _ALLOW))
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is what it is for


def _become_user() -> None:
    """A user like any other; where Python lies in root's own home, root without capabilities.

    The latter may neither change limits nor read others' files, nor (unlike a real user) map
    itself into a user namespace.
    """
    if os.geteuid() != 0:
        return
    if all(_open_to_all(path) for path in (Path(sys.executable).resolve(), Path(__file__))):
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
        return
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    header = struct.pack("=Ii", 0x20080522, 0)
    if _libc.syscall(_NUMBERS["capset"], header, bytes(24)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.parents)


def _refusal(feature: str) -> bytes:
    load_number = _step(0x20, 0)
    if feature == "namespaces":
        return load_number + _answered("unshare", errno.EPERM)
    if feature == "landlock":
        return load_number + _answered("landlock", errno.ENOSYS)
    if feature == "seccomp":  # by either of the two calls that install a filter
        by_prctl = _step(0x20, 16) + _step(0x15, _PR_SET_SECCOMP, 0, 1) + _refuse(errno.EINVAL)
        skip = _step(0x15, _NUMBERS["prctl"], 0, len(by_prctl) // 8)
        return load_number + _answered("seccomp", errno.ENOSYS) + skip + by_prctl
    raise ValueError(feature)


def _answered(name: str, code: int) -> bytes:
    return _step(0x15, _NUMBERS[name], 0, 1) + _refuse(code)


def _refuse(code: int) -> bytes:
    return _step(0x06, _ERRNO | code)


def _step(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, operand)


def _install(program: bytes) -> None:
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = ctypes.create_string_buffer(program, len(program))
    whole = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(held))
    if _libc.prctl(_PR_SET_SECCOMP, 2, ctypes.c_char_p(whole), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    main(sys.argv[1:])
