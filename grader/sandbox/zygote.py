"""The parent's handle on a zygote process and on the children it forks."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Self

from grader.core.errors import SandboxFault
from grader.sandbox.wire import CONTROL, PID

__all__ = ["Child", "Zygote"]

START_SECONDS: Final = 120.0
ANSWER_SECONDS: Final = 30.0
PROGRAM: Final = "from grader.sandbox.child.zygote import main; main()"


@dataclass(slots=True)
class Child:
    """One forked child: its end of the conversation, its output pipes, and a handle to kill it."""

    pid: int
    pidfd: int
    talk: socket.socket
    stdout: int
    stderr: int

    def close(self) -> None:
        self.talk.close()
        for descriptor in (self.pidfd, self.stdout, self.stderr):
            os.close(descriptor)


class Zygote:
    """Starts at once and gets ready in the background; the first `spawn` waits for it.

    `without` names layers its children shall not have. Raises SandboxFault where the process
    cannot start or is gone.
    """

    def __init__(self, without: Set[str] = frozenset()) -> None:
        self._without = without
        self._home = tempfile.TemporaryDirectory(prefix="grader-", ignore_cleanup_errors=True)
        self._control, theirs = socket.socketpair()
        self._ready = False
        self.torch = ""
        try:
            self._process = self._start(theirs)
        finally:
            theirs.close()

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        def arrange() -> None:
            os.dup2(theirs.fileno(), CONTROL)

        return subprocess.Popen(  # noqa: S603 - our own interpreter and a constant
            # isolated: neither the working directory nor the user's own packages are imported
            [sys.executable, "-I", "-B", "-c", PROGRAM, ",".join(sorted(self._without))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._home.name,
            env=self._environment(),
            preexec_fn=arrange,  # noqa: PLW1509 - pass_fds cannot renumber
            pass_fds=(CONTROL,),
            start_new_session=True,  # a Ctrl-C at the terminal is the parent's to handle
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": self._home.name,
            "TMPDIR": self._home.name,
            "LANG": "C.UTF-8",
            "MPLBACKEND": "Agg",
            # one thread each, set before torch is imported: a parallel zygote's children hang
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }

    def wait_ready(self) -> None:
        """Block until torch is imported; SandboxFault with the zygote's last words if it failed."""
        if self._ready:
            return
        word = self._hear(64, START_SECONDS)
        if word[:1] != b"Z":
            raise SandboxFault(f"the zygote did not start: {self._last_words()}")
        self.torch = word[1:].decode("ascii", "replace")
        self._ready = True

    def spawn(self) -> Child:
        """Fork one child."""
        self.wait_ready()
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = os.pipe2(os.O_CLOEXEC)
        try:
            socket.send_fds(self._control, [b"S"], [theirs.fileno(), out_write, err_write])
            self._await(ANSWER_SECONDS)
            word, descriptors, _, _ = socket.recv_fds(self._control, PID.size, 1)
            if word[:1] != b"P" or len(descriptors) != 1:
                raise SandboxFault(f"the zygote did not fork: {self._last_words()}")
        except (OSError, SandboxFault) as error:
            ours.close()
            os.close(out_read)
            os.close(err_read)
            raise error if isinstance(error, SandboxFault) else self._gone(error) from error
        finally:
            theirs.close()
            os.close(out_write)
            os.close(err_write)
        os.set_blocking(out_read, False)
        os.set_blocking(err_read, False)
        ours.settimeout(0)
        return Child(PID.unpack(word)[1], descriptors[0], ours, out_read, err_read)

    def reap(self, child: Child) -> int:
        """Kill the child and all it left in its session, wait for it, return its wait status."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.pidfd, signal.SIGKILL)
        try:
            self._control.sendall(PID.pack(b"R", child.pid))
        except OSError as error:
            raise self._gone(error) from error
        word = self._hear(PID.size, ANSWER_SECONDS)
        if word[:1] != b"E":
            raise SandboxFault(f"the zygote did not reap: {self._last_words()}")
        return int(PID.unpack(word)[1])

    def close(self) -> None:
        """End the zygote; its children die with it."""
        self._control.close()
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._home.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hear(self, size: int, seconds: float) -> bytes:
        self._await(seconds)
        try:
            return self._control.recv(size)
        except OSError as error:
            raise self._gone(error) from error

    def _await(self, seconds: float) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise SandboxFault(f"the zygote gave no answer in {seconds:g} s")

    def _gone(self, error: OSError) -> SandboxFault:
        return SandboxFault(f"the zygote is gone ({error}): {self._last_words()}")

    def _last_words(self) -> str:
        self._process.kill()
        stderr = self._process.stderr
        heard = stderr.read() if stderr is not None and not stderr.closed else b""
        self._process.wait()
        lines = heard.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
