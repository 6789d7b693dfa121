"""Worker processes: each loads the exam, has its own sandbox, and stores its own reports.

Only file names go to a worker and only rows come back. A worker that dies loses the submission
it had in hand, which is told, and is replaced. When this process dies, however, so do they.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Final, NoReturn

from grader.batch.desk import Again, open_desk
from grader.batch.find import Found
from grader.batch.plan import Plan
from grader.core.errors import GraderError, IsolationRefused, SandboxFault, StorageError
from grader.store.rows import Row

__all__ = ["Lost", "crew"]

_LEAVE_SECONDS: Final = 5.0
"""How long a worker may take to end its sandbox before it is killed."""

_OURS: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
"""Signals that this process answers for its workers."""

_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker died while it had the submission in hand."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Ready:
    """A worker's first word."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """An error that ends the batch, as text: exceptions do not all survive being sent."""

    kind: str
    message: str


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    ready: bool = False
    task: Found | None = None

    def give(self, task: Found) -> None:
        self.task = task
        # A worker that died just now is found out when it is listened to.
        with contextlib.suppress(OSError):
            self.connection.send(task)


def crew(
    found: Sequence[Found], plan: Plan, jobs: int
) -> Iterator[tuple[Found, Row | Again | Lost]]:
    """Grade `found` on `jobs` workers; yields in order of completion.

    Raises what ends a batch: IsolationRefused, StorageError, SandboxFault where workers cannot
    start, each of which may fail once. However it ends, no worker is left behind.
    """
    waiting = deque(found)
    workers: list[_Worker] = []
    stillborn = 0
    try:
        workers.extend(_hire(plan) for _ in range(min(jobs, len(waiting))))
        while workers:
            for worker in _heard(workers):
                task = worker.task
                outcome = _listen(worker)
                if isinstance(outcome, _Stop):
                    _raise(outcome)
                if isinstance(outcome, Lost):
                    workers.remove(worker)
                    worker.connection.close()
                    stillborn = 0 if worker.ready else stillborn + 1
                    if stillborn > jobs:
                        raise SandboxFault(f"no worker can start: {outcome.reason}")
                    if waiting:
                        workers.append(_hire(plan))
                elif waiting:
                    worker.give(waiting.popleft())
                else:
                    workers.remove(worker)
                    _dismiss(worker)
                if task is not None and not isinstance(outcome, _Ready):
                    yield task, outcome
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            _dismiss(worker)


def _hire(plan: Plan) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, plan), daemon=True)
    # Ctrl-C reaches the whole process group: only this process answers it. Blocked, not ignored,
    # so that one that comes just now is not lost.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OURS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return _Worker(process, ours)


def _heard(workers: Sequence[_Worker]) -> list[_Worker]:
    by_handle = {worker.connection: worker for worker in workers}
    return [by_handle[one] for one in wait(list(by_handle)) if isinstance(one, Connection)]


def _listen(worker: _Worker) -> Row | Again | Lost | _Ready | _Stop:
    try:
        heard = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        return Lost(f"the worker ended with status {worker.process.exitcode}")
    worker.task = None
    worker.ready = True
    if not isinstance(heard, Row | Again | _Ready | _Stop):
        raise SandboxFault(f"a worker sent a {type(heard).__name__}")
    return heard


def _dismiss(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.join(_LEAVE_SECONDS)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    worker.process.close()


def _raise(stop: _Stop) -> NoReturn:
    kinds: dict[str, type[GraderError]] = {
        "IsolationRefused": IsolationRefused,
        "StorageError": StorageError,
    }
    raise kinds.get(stop.kind, SandboxFault)(stop.message)


def _work(connection: Connection, plan: Plan) -> None:
    """A worker's life: ready, then a row for every file, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _OURS)
    _end_with_parent()
    try:
        with open_desk(plan) as desk:
            connection.send(_Ready())
            while True:
                connection.send(desk.examine(connection.recv()))
    except (EOFError, ConnectionError):
        return
    except GraderError as error:
        with contextlib.suppress(ConnectionError):
            connection.send(_Stop(type(error).__name__, str(error)))


def _leave(*_: object) -> NoReturn:
    """Unwind, so that the sandbox ends its children; a second signal must not stop that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _end_with_parent() -> None:
    """Get SIGTERM when the parent dies: the closed pipe is seen only after a submission's end.

    Linux only; elsewhere that has to do.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    parent = multiprocessing.parent_process()
    if parent is not None and parent.pid != os.getppid():
        sys.exit(0)  # it died before that was asked for
