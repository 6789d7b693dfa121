"""Talking with one child: a question, an answer or the reason there is none, and its output.

Nothing a child sends is trusted: sizes, kinds and order are checked, and a child that breaks the
protocol is treated as killed.
"""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass, field
from typing import Any, Final

from grader.sandbox import wire
from grader.sandbox.threads import MOST_THREADS, threads_of
from grader.sandbox.zygote import Child

__all__ = ["Answer", "Conversation", "Gone", "TimedOut"]

CHUNK: Final = 2**16
LOOK_SECONDS: Final = 0.2
"""Between looks at a child that takes its time."""


class TimedOut(Exception):
    """No whole answer came in time."""


class Gone(Exception):
    """The child died, or broke the protocol; the message says which."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its header, its raw tensors, what was printed, and the seconds it took."""

    header: dict[str, Any]
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]]
    stdout: str
    stderr: str
    seconds: float


@dataclass(slots=True)
class _Output:
    """What came out of one pipe since the last answer, cut at `room` bytes a submission."""

    descriptor: int
    room: int
    kept: bytearray = field(default_factory=bytearray)
    open: bool = True

    def drain(self) -> None:
        """Take what is there; beyond the room it is thrown away, so that a flood never blocks."""
        for _ in range(16):  # a bounded turn: the clock is looked at between turns
            try:
                part = os.read(self.descriptor, CHUNK)
            except BlockingIOError:
                return
            if not part:
                self.open = False
                return
            take = part[: self.room]
            self.room -= len(take)
            self.kept += take

    def take(self) -> str:
        text = self.kept.decode("utf-8", "backslashreplace")
        self.kept.clear()
        return text


class Conversation:
    """One child's conversation. `output_bytes` is what may be kept of each stream."""

    def __init__(self, child: Child, *, output_bytes: int, frame_bytes: int) -> None:
        self._child = child
        self._frame_bytes = frame_bytes
        self._out = _Output(child.stdout, output_bytes)
        self._err = _Output(child.stderr, output_bytes)
        self._received = bytearray()
        self._looked = time.monotonic()
        self._poll = select.poll()
        for descriptor in (child.talk.fileno(), child.stdout, child.stderr, child.pidfd):
            self._poll.register(descriptor, select.POLLIN)

    def room(self) -> int:
        """Bytes of output that may still be kept."""
        return min(self._out.room, self._err.room)

    def ask(self, question: bytes | None, *, seconds: float, kind: int = wire.ANSWER) -> Answer:
        """Send one frame (None: only listen) and wait for the one answer to it.

        Raises TimedOut or Gone; either way the caller must reap the child.
        """
        began = time.monotonic()
        if question is not None and self._early():
            raise Gone("it answered before it was asked")
        header, block = self._exchange(question or b"", kind, began + seconds)
        taken = time.monotonic() - began
        self._out.drain()
        self._err.drain()
        try:
            told, tensors = wire.unpack_header(header), wire.unpack_tensors(block)
        except wire.WireError as error:
            raise Gone(f"it broke the protocol: {error}") from error
        return Answer(told, tensors, self._out.take(), self._err.take(), taken)

    def _early(self) -> bool:
        """Whether bytes came that no question asked for."""
        try:
            return bool(self._received) or bool(self._child.talk.recv(1))
        except BlockingIOError:
            return False
        except OSError as error:
            raise Gone("it ended") from error

    def last_output(self) -> tuple[str, str]:
        """What was printed before the child was stopped."""
        self._out.drain()
        self._err.drain()
        return self._out.take(), self._err.take()

    def _exchange(self, question: bytes, kind: int, deadline: float) -> tuple[bytes, bytes]:
        unsent = self._send(memoryview(question))
        while True:
            whole = None if unsent else self._whole(kind)
            if whole is not None:
                return whole
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut
            if unsent:
                self._poll.modify(self._child.talk, select.POLLIN | select.POLLOUT)
            ended = self._wait(min(left, LOOK_SECONDS))
            if self._looks_due() and threads_of(self._child.pidfd) > MOST_THREADS:
                raise Gone(f"it started more than {MOST_THREADS} threads")
            if unsent:
                unsent = self._send(unsent)
                self._poll.modify(self._child.talk, select.POLLIN)
            self._receive(ended=ended)

    def _looks_due(self) -> bool:
        """Whether it is time for another look at the child from outside: rarely, it costs."""
        due = time.monotonic() - self._looked >= LOOK_SECONDS
        if due:
            self._looked = time.monotonic()
        return due

    def _send(self, unsent: memoryview) -> memoryview:
        """Send what the socket takes; what is left."""
        try:
            return unsent[self._child.talk.send(unsent) :] if unsent else unsent
        except BlockingIOError:
            return unsent
        except OSError as error:
            raise Gone("it ended") from error

    def _receive(self, *, ended: bool) -> None:
        try:
            part = self._child.talk.recv(CHUNK)
        except BlockingIOError as error:
            if ended:  # a descendant may still hold the other end open
                raise Gone("it ended") from error
            return
        except OSError as error:
            raise Gone("it ended") from error
        if not part:
            raise Gone("it ended")
        self._received += part

    def _wait(self, seconds: float) -> bool:
        """Wait for news, taking output as it comes; whether the child is dead."""
        ended = False
        for descriptor, events in self._poll.poll(seconds * 1000 + 1):
            if descriptor == self._child.pidfd:
                ended = True
            for output in (self._out, self._err):
                if descriptor == output.descriptor:
                    output.drain()
                    if not output.open or events & select.POLLNVAL:
                        self._poll.unregister(descriptor)
        return ended

    def _whole(self, kind: int) -> tuple[bytes, bytes] | None:
        """Header and block of the answer once all of it is here."""
        if len(self._received) < wire.HEAD.size:
            return None
        try:
            found, header, block = wire.head(
                bytes(self._received[: wire.HEAD.size]), most=self._frame_bytes
            )
        except wire.WireError as error:
            raise Gone(f"it broke the protocol: {error}") from error
        if found != kind:
            raise Gone(f"it broke the protocol: frame of kind {found} in place of {kind}")
        end = wire.HEAD.size + header + block
        if len(self._received) < end:
            return None
        start = wire.HEAD.size
        whole = (
            bytes(self._received[start : start + header]),
            bytes(self._received[start + header : end]),
        )
        del self._received[:end]
        return whole
