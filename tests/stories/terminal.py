"""A run whose standard error is a terminal: its progress is heard, and Ctrl-C is sent to it."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from pathlib import Path
from typing import Self

from tests.stories.command import Done, command, environment

__all__ = ["AtTerminal"]


class AtTerminal:
    """A running `python -m grader`, in a process group of its own as a shell would start it.

    Temporary files of the run go to `temporary`, so that what it leaves can be looked for.
    """

    def __init__(self, *arguments: str, cwd: Path, temporary: Path) -> None:
        self._master, slave = pty.openpty()
        self._heard = b""
        temporary.mkdir()
        self._process = subprocess.Popen(
            command(*arguments),
            cwd=cwd,
            env=environment(TERM="xterm", TMPDIR=str(temporary)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        os.close(self._master)

    def hear(self, pattern: str) -> None:
        """Read the terminal until it has shown `pattern`; AssertionError where it ends before."""
        while not re.search(pattern.encode(), self._heard):
            assert self._read(), self._heard.decode(errors="replace")

    def interrupt(self) -> Done:
        """Ctrl-C: a signal to the whole group. Then how it ended."""
        os.killpg(self._process.pid, signal.SIGINT)
        assert self._process.stdout is not None
        out = self._process.stdout.read().decode()
        while self._read():
            pass
        return Done(self._process.wait(), out, self._heard.decode().replace("\r\n", "\n"))

    def _read(self) -> bytes:
        try:
            data = os.read(self._master, 65536)
        except OSError:  # how Linux tells that nobody holds the other end any more
            return b""
        self._heard += data
        return data
