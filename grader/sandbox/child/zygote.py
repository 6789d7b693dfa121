"""The zygote: imports torch once, then forks one child for every program asked of it.

Started by exec with a clean environment; speaks with the parent over descriptor `CONTROL`:

    parent: b"S" + three descriptors (socket, stdout, stderr)    zygote: b"P" + pid, one pidfd
    parent: b"R" + pid                                           zygote: b"E" + wait status
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import struct
from pathlib import Path
from typing import Final, NoReturn

__all__ = ["CONTROL", "main"]

CONTROL: Final = 3
PID: Final = struct.Struct("<cq")


def main() -> None:
    """Serve until the parent closes its end."""
    control = socket.socket(fileno=CONTROL)
    from grader.sandbox.child import serve  # noqa: PLC0415 - torch, 1 - 2 s: after the socket is ours

    serve.warm()
    gc.collect()
    gc.freeze()  # the collector would otherwise touch, and so copy, every page in every child
    control.sendall(b"Z" + serve.torch_version().encode())
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, PID.size, 3)
        if not message:
            return
        if message[:1] == b"S":
            _spawn(control, descriptors)
        else:
            _reap(control, PID.unpack(message)[1])


def _spawn(control: socket.socket, descriptors: list[int]) -> None:
    tasks = len(list(Path("/proc/self/task").iterdir()))
    if tasks != 1:  # a second thread's locks would be held for ever in the child
        raise RuntimeError(f"zygote has {tasks} threads; forking it would hang")
    pid = os.fork()
    if pid == 0:
        _become_child(control, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    pidfd = os.pidfd_open(pid)
    socket.send_fds(control, [PID.pack(b"P", pid)], [pidfd])
    os.close(pidfd)


def _become_child(control: socket.socket, descriptors: list[int]) -> NoReturn:
    status = 1
    try:
        from grader.sandbox.child import serve  # noqa: PLC0415 - in memory since `main`

        control.close()
        serve.serve(*descriptors)
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
