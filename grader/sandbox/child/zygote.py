"""The zygote: imports torch once, then forks one child for every program asked of it.

Started by exec with a clean environment and the names of layers to leave out; speaks with the
parent over descriptor `CONTROL`:

    parent: b"S" + three descriptors (socket, stdout, stderr)    zygote: b"P" + pid, one pidfd
    parent: b"R" + pid                                           zygote: b"E" + wait status
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from grader.sandbox.child import confine
from grader.sandbox.child.layers import namespaces
from grader.sandbox.wire import CONTROL, PID

__all__ = ["main"]


def main() -> None:
    """Serve until the parent closes its end, or is killed."""
    _be_first_to_go()
    without = frozenset(sys.argv[1].split(",")) if sys.argv[1:] else frozenset[str]()
    namespaced = confine.with_namespaces(lambda: os.close(CONTROL), _leave_home, without)
    confinement = confine.prepare(namespaced=namespaced, without=without)
    fork = namespaces.Nursery().fork if namespaced else os.fork
    control = socket.socket(fileno=CONTROL)
    from grader.sandbox.child import serve  # noqa: PLC0415 - torch, 1 - 2 s: after the trials

    serve.warm()
    serve.hide_ourselves()
    gc.collect()
    _use_huge_pages()
    gc.freeze()  # the collector would otherwise touch, and so copy, every page in every child
    control.sendall(b"Z" + serve.torch_version().encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, PID.size, 3)
        if not message:
            _leave_home()
            return
        if message[:1] == b"S":
            _spawn(control, descriptors, fork, partial(serve.serve, confinement))
        else:
            _reap(control, PID.unpack(message)[1])


def _be_first_to_go() -> None:
    """Should the machine run out of memory, let it be our children, then us: all are replaced."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _leave_home() -> None:
    """Remove the folder we were started in, which is empty: a parent that was killed cannot."""
    with contextlib.suppress(OSError):
        os.rmdir(os.getcwd())  # noqa: PTH106, PTH109 - no pathlib in the zygote's first process


MADV_COLLAPSE: Final = 25
HUGE: Final = 2 * 2**20


def _use_huge_pages() -> None:
    """Put the heap into huge pages: a fork then copies, and an exit frees, one entry for 512.

    Fork to reap takes less than half the time so. Only a wish: where the kernel (before 6.1) or
    its policy refuses, forks are slower and nothing else changes.
    """
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        span, mode, *_, inode = line.split()[:5]
        if mode != "rw-p" or inode != "0":
            continue
        start, end = (int(part, 16) for part in span.split("-"))
        first = (start + HUGE - 1) // HUGE * HUGE
        size = (end - first) // HUGE * HUGE
        if size > 0:
            madvise(first, size, MADV_COLLAPSE)


def _spawn(
    control: socket.socket,
    descriptors: list[int],
    fork: Callable[[], int],
    serve: Callable[..., None],
) -> None:
    tasks = len(os.listdir("/proc/self/task"))  # noqa: PTH208 - before every fork: pathlib is slow
    if tasks != 1:  # a second thread's locks would be held for ever in the child
        raise RuntimeError(f"zygote has {tasks} threads; forking it would hang")
    pid = fork()
    if pid == 0:
        _become_child(control, descriptors, serve)
    for descriptor in descriptors:
        os.close(descriptor)
    pidfd = os.pidfd_open(pid)
    socket.send_fds(control, [PID.pack(b"P", pid)], [pidfd])
    os.close(pidfd)


def _become_child(
    control: socket.socket, descriptors: list[int], serve: Callable[..., None]
) -> NoReturn:
    status = 1
    try:
        control.close()
        serve(*descriptors)
        status = 0
    finally:  # whatever happens, the child never returns into the zygote's loop
        os._exit(status)


def _reap(control: socket.socket, pid: int) -> None:
    for kill, whom in ((os.killpg, pid), (os.kill, pid)):
        try:
            kill(whom, signal.SIGKILL)
        except ProcessLookupError:
            continue
    _, status = os.waitpid(pid, 0)
    control.sendall(PID.pack(b"E", status))


if __name__ == "__main__":
    main()
