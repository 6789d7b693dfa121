"""Which system calls a child may make, and their numbers on the machines we know.

Everything that a function which computes needs: reading what is open or (by Landlock) readable,
memory, threads, clocks, its own signals. Not: processes, programs, sockets, pipes, files that
change, other processes' attributes, namespaces, kernel objects that outlive the child.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ALLOWED", "ANSWERED_ABSENT", "ARCHITECTURES", "FILTERED", "OneOf", "of_pid"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Allowed where the argument's bits under `mask` are one of `values`.

    Only the low 32 bits count: all that the kernel looks at in the arguments tested here.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFFFFFF


ARCHITECTURES: Final[Mapping[str, tuple[int, int]]] = {
    "x86_64": (0, 0xC000003E),
    "aarch64": (1, 0xC00000B7),
}
"""By `os.uname().machine`: the column of the numbers below, and the kernel's AUDIT_ARCH."""

_Numbers = Mapping[str, tuple[int | None, int | None]]

ALLOWED: Final[_Numbers] = {
    # reading; Landlock decides what may be opened
    "read": (0, 63),
    "readv": (19, 65),
    "pread64": (17, 67),
    "preadv": (295, 69),
    "lseek": (8, 62),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getdents": (78, None),
    "getcwd": (79, 17),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    # writing to what is open: two pipes and the conversation
    "write": (1, 64),
    "writev": (20, 66),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "brk": (12, 214),
    "msync": (26, 227),
    "get_mempolicy": (239, 236),
    "membarrier": (324, 283),
    # threads
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "gettid": (186, 178),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "getcpu": (309, 168),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "arch_prctl": (158, None),
    # its own signals
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "pause": (34, None),
    "restart_syscall": (219, 128),
    # time
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    # facts about itself and the machine
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getpgid": (121, 155),
    "getpgrp": (111, None),
    "getsid": (124, 156),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),  # its own, and without capabilities downwards only
    "getpriority": (140, 141),
    "capget": (125, 90),
    "getrandom": (318, 278),
    # waiting
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
}
"""Allowed whatever the arguments: name -> numbers on x86_64 and aarch64, None where it has none."""

ANSWERED_ABSENT: Final[_Numbers] = {
    "clone3": (
        435,
        435,
    ),  # its flags lie in memory, unseen by filters; libc falls back to clone
}
"""Answered as by a kernel that has not got it, so that the C library takes the older way."""

_FILTERED: Final[_Numbers] = {
    "openat": (257, 56),
    "open": (2, None),
    "clone": (56, 220),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "madvise": (28, 233),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
}

_CLONE_THREAD: Final = 0x10000
_CLONE_NEW: Final = 0x7E020000  # every kind of namespace that clone can make
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL = range(5)
_F_DUPFD_CLOEXEC: Final = 1030
_FCNTL: Final = (_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC)
_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO = 0x5401, 0x5413, 0x541B, 0x5421
_FIONCLEX, _FIOCLEX = 0x5450, 0x5451
_IOCTL: Final = (_TCGETS, _TIOCGWINSZ, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX)
_MADV_NORMAL, _MADV_RANDOM, _MADV_SEQUENTIAL, _MADV_DONTNEED, _MADV_FREE = 0, 1, 2, 4, 8
_MADV_HUGEPAGE, _MADV_NOHUGEPAGE = 14, 15
# its own memory only: what moves pages of files in or out of the kernel's memory, or tells whether
# they are there (mincore, preadv2), would be a mailbox from one submission to the next
_MADVISE: Final = (
    _MADV_NORMAL,
    _MADV_RANDOM,
    _MADV_SEQUENTIAL,
    _MADV_DONTNEED,
    _MADV_FREE,
    _MADV_HUGEPAGE,
    _MADV_NOHUGEPAGE,
)
_PR_GET_DUMPABLE, _PR_SET_NAME, _PR_GET_NAME, _PR_CAPBSET_READ = 3, 15, 16, 23
_PR_GET_NO_NEW_PRIVS, _PR_SET_VMA = 39, 0x53564D41  # the latter names memory, for allocators
_PRCTL: Final = (
    _PR_GET_DUMPABLE,
    _PR_SET_NAME,
    _PR_GET_NAME,
    _PR_CAPBSET_READ,
    _PR_GET_NO_NEW_PRIVS,
    _PR_SET_VMA,
)


# neither made, emptied nor opened in mode 3, which is no reading and no writing to Landlock
_ACCESS, _O_CREAT, _O_TRUNC, _O_TMPFILE = 0o3, 0o100, 0o1000, 0o20000000
_OPEN_MASK: Final = _ACCESS | _O_CREAT | _O_TRUNC | _O_TMPFILE

_Rule = tuple[tuple[int | None, int | None], OneOf]


def _rules(tests: Mapping[str, OneOf]) -> Mapping[str, _Rule]:
    return {name: (_FILTERED[name], test) for name, test in tests.items()}


FILTERED: Final = _rules(
    {
        "open": OneOf(1, (0, 1, 2), _OPEN_MASK),
        "openat": OneOf(2, (0, 1, 2), _OPEN_MASK),
        "clone": OneOf(0, (_CLONE_THREAD,), _CLONE_THREAD | _CLONE_NEW),
        "fcntl": OneOf(1, _FCNTL),
        "ioctl": OneOf(1, _IOCTL),
        "madvise": OneOf(2, _MADVISE),
        "prctl": OneOf(0, _PRCTL),
        "sched_setaffinity": OneOf(0, (0,)),
    }
)
"""Allowed where an argument passes: name -> numbers and the test."""


def of_pid(pid: int) -> Mapping[str, _Rule]:
    """As `FILTERED`: calls that a child, whose process is `pid`, may aim at itself only."""
    return _rules(
        {
            "kill": OneOf(0, (pid,)),
            "tgkill": OneOf(0, (pid,)),
            "prlimit64": OneOf(0, (0, pid)),
        }
    )
