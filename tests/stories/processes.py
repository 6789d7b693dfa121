"""The command line with all processes it starts, watched and killed from outside.

While one runs, this process adopts what its dead parents leave (`PR_SET_CHILD_SUBREAPER`), so that
nothing of it gets out of sight.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Self

from tests.stories.command import Done, command, environment

__all__ = ["Running", "look_again_soon"]

_PR_SET_CHILD_SUBREAPER: Final = 36
_PATIENCE: Final = 120.0
"""Seconds after which a condition is given up: only a failing test waits for so long."""


class Running:
    """`python -m grader ARGUMENTS` in `cwd`; whatever is left of it at the end is killed."""

    def __init__(self, *arguments: str | Path, cwd: Path) -> None:
        self._others = set(_descendants(os.getpid()))
        _adopt_orphans(yes=True)
        (cwd / "temporary").mkdir(exist_ok=True)
        self._streams = [(cwd / f"std{one}").open("w+b") for one in ("out", "err")]
        self.process = subprocess.Popen(
            command(*arguments),
            cwd=cwd,
            env=environment(TMPDIR=str(cwd / "temporary")),
            stdin=subprocess.DEVNULL,
            stdout=self._streams[0],
            stderr=self._streams[1],
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self.alive():
            for pid in self.alive():
                _kill(pid)
            self._reap()
        self.process.wait()
        _adopt_orphans(yes=False)
        for stream in self._streams:
            stream.close()

    def end(self) -> Done:
        """Wait for its end."""
        status = self.process.wait(_PATIENCE)
        texts = []
        for stream in self._streams:
            stream.seek(0)
            texts.append(stream.read().decode())
        return Done(status, *texts)

    def kill(self, pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
        """Send all of `pids` the signal, SIGKILL if none is named."""
        for pid in list(pids):
            _kill(pid, number)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition; AssertionError where the command ends before."""
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert self.process.poll() is None, f"ended before {what}: {self.end().err}"
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            look_again_soon()

    def until_all_gone(self) -> None:
        """Wait until no process that it started is left."""
        deadline = time.monotonic() + _PATIENCE
        while self.alive():
            assert time.monotonic() < deadline, [_words(pid) for pid in self.alive()]
            self._reap()
            look_again_soon()

    def alive(self) -> list[int]:
        """All its living processes, parents first; one that only waits to be reaped is none."""
        found = [pid for pid in _descendants(os.getpid()) if pid not in self._others]
        return [pid for pid in found if _state(pid) not in ("Z", "X", "")]

    def workers(self) -> list[int]:
        """The worker processes."""
        return [pid for pid in self.alive() if "spawn_main" in _words(pid)]

    def zygotes(self) -> list[int]:
        """What the command or its workers started to fork children from."""
        whose = {self.process.pid, *self.workers()}
        found = [pid for pid in self.alive() if "grader.sandbox.child" in _words(pid)]
        return [pid for pid in found if _parent(pid) in whose]

    def holding(self, least: int) -> list[int]:
        """The confined children that hold so many bytes of address space more than their zygote.

        So a submission shows that it, and no other, runs.
        """
        return [pid for pid in self.alive() if _is_confined(pid) and _held(pid) >= least]

    def above(self, pids: Iterable[int]) -> set[int]:
        """All processes from which `pids` descend."""
        found: set[int] = set()
        for pid in pids:
            at: int | None = pid
            while at not in (None, 0, 1, os.getpid()):
                at = _parent(at)
                found.add(at or 0)
        return found

    def _reap(self) -> None:
        for pid in _descendants(os.getpid()):
            ours = pid not in self._others and pid != self.process.pid
            if ours and _parent(pid) == os.getpid() and _state(pid) == "Z":
                os.waitpid(pid, 0)
        self.process.poll()


def look_again_soon() -> None:
    """Leave the cores to what is watched for a moment."""
    select.select([], [], [], 0.005)


def _adopt_orphans(*, yes: bool) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _descendants(root: int) -> list[int]:
    parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, _names("/proc")))}
    found, front = [], {root}
    while front:
        front = {pid for pid, parent in parents.items() if parent in front}
        found += sorted(front)
    return found


def _names(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


def _facts(pid: int, name: str) -> str:
    """A file of /proc; empty where the process is gone or hides it."""
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _stat(pid: int) -> list[str]:
    return _facts(pid, "stat").rpartition(")")[2].split()  # from the state on


def _state(pid: int) -> str:
    return (_stat(pid) or [""])[0]


def _parent(pid: int) -> int | None:
    stat = _stat(pid)
    return int(stat[1]) if stat else None


def _words(pid: int) -> str:
    return _facts(pid, "cmdline").replace("\0", " ")


def _is_confined(pid: int) -> bool:
    """Whether it may write less than this process: a child's mark under every isolation."""
    return _most_written(pid) not in ("", _most_written(os.getpid()))


def _most_written(pid: int) -> str:
    lines = _facts(pid, "limits").splitlines()
    return next((line.split()[3] for line in lines if line.startswith("Max file size")), "")


def _held(pid: int) -> int:
    return _address_space(pid) - _address_space(_parent(pid) or 0)


def _address_space(pid: int) -> int:
    return int((_facts(pid, "statm").split() or ["0"])[0]) * os.sysconf("SC_PAGE_SIZE")
