"""One run of the command line, with every process it starts kept in sight."""

from __future__ import annotations

import ctypes
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from tests.stories.command import environment

__all__ = ["Watched"]

_PR_SET_CHILD_SUBREAPER: Final = 36
_PATIENCE: Final = 300.0
"""Seconds after which a run is given up: only a failing test waits for so long."""

_LATER: Final = 'read go; exec "$@"'
"""The process exists, and its id is known, before there is anything for it to read."""


class Watched:
    """`python -m MODULE ARGUMENTS` in `folder`, which also is its home; started by `go`.

    While it runs, this process adopts what its dead parents leave, so that nothing gets out of
    sight; whatever is left at the end is killed.
    """

    def __init__(self, module: str, arguments: Sequence[object], folder: Path) -> None:
        self._folder = folder
        self._others = set(_descendants())
        self.zygotes: set[int] = set()
        _adopt_orphans(yes=True)
        for name in ("home", "temporary"):
            (folder / name).mkdir(exist_ok=True)
        self._streams = [(folder / name).open("w+b") for name in ("out", "err")]
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _LATER, "sh", sys.executable, "-m", module, *map(str, arguments)],
            cwd=folder,
            env=environment(
                TMPDIR=str(folder / "temporary"),
                HOME=str(folder / "home"),
                PYTHONPATH=str(Path(__file__).parents[2]),
                GRADER_SECRET="canary-in-the-environment",  # noqa: S106 - to be looked for
            ),
            stdin=subprocess.PIPE,
            stdout=self._streams[0],
            stderr=self._streams[1],
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while alive := self.alive():
            for pid in alive:
                _kill(pid)
            self._reap()
        self.process.wait()
        _adopt_orphans(yes=False)
        for stream in self._streams:
            stream.close()

    def go(self) -> int:
        """Let it run to its end; its exit status."""
        self._say_go()
        deadline = time.monotonic() + _PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.zygotes.update(self._zygotes())
            _look_again_in(0.1)
        return self.process.wait()

    def _say_go(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(b"go\n")
            self.process.stdin.close()

    def left(self) -> tuple[str, ...]:
        """The processes that are left some time after its end: none."""
        deadline = time.monotonic() + 10
        while self.alive() and time.monotonic() < deadline:
            self._reap()
            _look_again_in(0.01)
        return tuple(_fact(pid, "cmdline").replace("\0", " ") for pid in self.alive())

    def text(self, name: str) -> bytes:
        """What it wrote on standard output (`out`) or error (`err`)."""
        return (self._folder / name).read_bytes()

    def alive(self) -> list[int]:
        """All living processes of the run."""
        found = [pid for pid in _descendants() if pid not in self._others]
        return [pid for pid in found if (_stat(pid) or ["X"])[0] not in "ZX"]

    def _zygotes(self) -> list[int]:
        return [
            pid
            for pid in self.alive()
            if "child.zygote" in _fact(pid, "cmdline") and _parent(pid) == self.process.pid
        ]

    def _reap(self) -> None:
        for pid in _descendants():
            ours = pid not in self._others and pid != self.process.pid
            if ours and _parent(pid) == os.getpid() and (_stat(pid) or [""])[0] == "Z":
                os.waitpid(pid, 0)
        self.process.poll()


def _look_again_in(seconds: float) -> None:
    select.select([], [], [], seconds)


def _adopt_orphans(*, yes: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return


def _descendants() -> list[int]:
    here = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    parents = {pid: _parent(pid) for pid in here}
    found, front = [], {os.getpid()}
    while front:
        front = {pid for pid, parent in parents.items() if parent in front}
        found += sorted(front)
    return found


def _fact(pid: int, name: str) -> str:
    """A file of /proc; empty where the process is gone or hides it."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    return _fact(pid, "stat").rpartition(")")[2].split()  # from the state on


def _parent(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None
