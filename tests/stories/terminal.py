"""A run at a terminal: it is heard and typed to, and Ctrl-C is sent to it."""

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

    Temporary files of the run go to `temporary`, so that what it leaves can be looked for. Where
    it is not `typed` to, only standard error is the terminal.
    """

    def __init__(self, *arguments: str, cwd: Path, temporary: Path, typed: bool = False) -> None:
        self._master, slave = pty.openpty()
        self._heard = b""
        temporary.mkdir()
        self._process = subprocess.Popen(
            command(*arguments),
            cwd=cwd,
            env=environment(TERM="xterm", TMPDIR=str(temporary)),
            stdin=slave if typed else subprocess.DEVNULL,
            stdout=slave if typed else subprocess.PIPE,
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

    def hear(self, pattern: str) -> str:
        """All since the last line typed, up to `pattern`; AssertionError where it ends before."""
        while not re.search(pattern.encode(), self._heard):
            assert self._read(), self._heard.decode(errors="replace")
        return self._heard.decode(errors="replace")

    def type(self, line: str) -> None:
        """A line and Enter; what was heard before it is not looked through again."""
        self._heard = b""
        os.write(self._master, f"{line}\n".encode())

    def end(self) -> Done:
        """How it ended, and what it said after the last line that was typed."""
        while self._read():
            pass
        return Done(self._process.wait(), "", self._heard.decode().replace("\r\n", "\n"))

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
