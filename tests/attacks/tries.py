"""A first cell for attacks on the outside: right answers as long as every act is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.attacks.cases import Attack, read_cases

__all__ = ["trying"]

_TRIES: Final = '''import ctypes
import mmap
import os
import resource
import signal
import socket
import struct
import sys
import torch

LIBRARY = ctypes.CDLL(None, use_errno=True)
LIBRARY.syscall.restype = ctypes.c_long
NUMBERS = dict(zip(@NAMES@, @VALUES@))
if os.uname().machine != "x86_64":
    NUMBERS = {}

def refused(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result

def raw(number, *arguments):
    passed = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return refused(LIBRARY.syscall(ctypes.c_long(number), *passed))

def call(name, *arguments):
    if not NUMBERS:
        raise OSError("its numbers are not known here")
    return raw(NUMBERS[name], *arguments)

def look(path):
    if os.path.isdir(path):
        return os.listdir(path)
    with open(path, "rb") as file:
        return file.read(4096)

def tries(x, *acts):
    """The right answer, if every act raises."""
    done = []
    for number, act in enumerate(acts):
        try:
            done.append((number, act()))
        except OSError:
            continue
        except Exception as odd:
            done.append((number, odd))
    if done:
        print("not refused:", done)
        return x
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
---
'''

# x86_64; elsewhere acts by number are not tried
_NUMBERS: Final = {
    "fork": 57, "vfork": 58, "clone": 56, "clone3": 435, "unshare": 272, "setns": 308,
    "execve": 59, "execveat": 322, "kill": 62, "tkill": 200, "tgkill": 234, "rt_sigqueueinfo": 129,
    "rt_tgsigqueueinfo": 297, "pidfd_send_signal": 424, "prlimit64": 302, "ioprio_set": 251,
    "sched_setattr": 314, "migrate_pages": 256, "mlockall": 151, "ptrace": 101,
    "process_vm_readv": 310, "process_vm_writev": 311, "pidfd_getfd": 438, "process_madvise": 440,
    "kcmp": 312, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425,
    "memfd_create": 319, "memfd_secret": 447, "add_key": 248, "keyctl": 250, "request_key": 249,
    "fanotify_init": 300, "inotify_init1": 294, "epoll_create1": 291, "eventfd2": 290,
    "timerfd_create": 283, "signalfd4": 289, "timer_create": 222, "modify_ldt": 154,
    "personality": 135, "vmsplice": 278, "splice": 275, "tee": 276, "syslog": 103, "iopl": 172,
    "reboot": 169, "kexec_load": 246, "init_module": 175, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "lookup_dcookie": 212, "remap_file_pages": 216, "shmget": 29,
    "msgget": 68, "semget": 64, "shmat": 30, "mq_open": 240, "capset": 126, "mount": 165,
    "umount2": 166, "pivot_root": 155, "swapoff": 168, "open_tree": 428, "fsopen": 430,
    "sethostname": 170, "settimeofday": 164, "acct": 163, "quotactl": 179, "prctl": 157,
    "seccomp": 317, "landlock_create_ruleset": 444, "landlock_restrict_self": 446, "socket": 41,
    "socketpair": 53, "connect": 42, "bind": 49, "sendmsg": 46, "recvmsg": 47, "sendto": 44,
    "shutdown": 48, "setsockopt": 54, "getsockopt": 55, "getpeername": 52, "accept4": 288,
    "listen": 50, "chmod": 90, "fchmod": 91, "fchmodat": 268, "fchmodat2": 452, "chown": 92,
    "unlink": 87, "rename": 82, "renameat2": 316, "link": 86, "symlink": 88, "mkdir": 83,
    "rmdir": 84, "mknod": 133, "truncate": 76, "ftruncate": 77, "fallocate": 285, "utimensat": 280,
    "setxattr": 188, "setxattrat": 463, "removexattr": 197, "creat": 85, "openat2": 437,
    "sync": 162, "copy_file_range": 326, "sendfile": 40, "chdir": 80, "fchdir": 81, "flock": 73,
}  # fmt: skip


def trying(topic: str) -> list[Attack]:
    """The attacks of a case file, each after the cell that tries."""
    names, values = repr(list(_NUMBERS)), repr(list(_NUMBERS.values()))
    cell = _TRIES.replace("@NAMES@", names).replace("@VALUES@", values)
    return [replace(one, source=f"{cell}{one.source!s}") for one in read_cases(topic)]
