"""Programs in, runs out: the trusted side of the sandbox."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace
from importlib import metadata
from typing import Final, Literal, Self

from grader.core.errors import IsolationRefused, SandboxFault
from grader.core.observation import (
    Call,
    Limits,
    Observation,
    Outcome,
    Program,
    Run,
    Setup,
)
from grader.core.text import plain
from grader.sandbox import wire
from grader.sandbox.answers import observation_of, setup_of
from grader.sandbox.bench import CONFINING_SECONDS, Bench
from grader.sandbox.conversation import Conversation, Gone, TimedOut
from grader.sandbox.questions import call_question, passed, seconds_for, setup_question
from grader.sandbox.trial import Trial, attempt, refusal
from grader.sandbox.zygote import Zygote

__all__ = ["CONFINING", "Isolation", "Sandbox"]

Isolation = Literal["strict", "best-effort", "none"]

DEATHS: Final = 40
"""After so many children of one program that died the rest of its calls is not run."""

KEPT_BYTES: Final = 2**24
KEPT_PER_BYTE: Final = 16
"""So much of a run's answers is kept, and so much more for every byte of its arguments: far above
right answers; what a hostile function returns again and again fills neither memory nor disk."""

CONFINING: Final = (
    "namespaces",
    "no capabilities",
    "no new privileges",
    "undumpable",
    "Landlock",
    "seccomp",
)
"""What `none` leaves out: the rest costs nothing and keeps accidents small."""


class Sandbox:
    """Runs programs one at a time in confined children of one zygote.

    It may be made early: the zygote imports torch in the background, and the first `run` waits.
    `without` names layers to leave out, to see or measure what each is for. Raises
    IsolationRefused where `isolation` cannot be had (strict: at the first `run`, after a trial),
    SandboxFault where the infrastructure fails twice.
    """

    def __init__(
        self,
        isolation: Isolation = "strict",
        limits: Limits | None = None,
        *,
        without: Set[str] = frozenset(),
    ) -> None:
        if sys.platform != "linux":
            raise IsolationRefused("submissions can be confined and run on Linux only")
        self.isolation: str = isolation
        self.limits = limits or Limits()
        self.torch = metadata.version("torch")
        self._without = without | (frozenset(CONFINING) if isolation == "none" else frozenset())
        self._zygote = Zygote(self._without)
        self._tried = False

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        """Every call answered or accounted for.

        A call that hangs or kills its child costs itself only: the child is replaced. A fault of
        the infrastructure is retried once with a fresh zygote.
        """
        try:
            return self._run(program, calls)
        except SandboxFault:
            self._zygote.close()
            self._zygote = Zygote(self._without)
            self._tried = False
            return self._run(program, calls)

    def _run(self, program: Program, calls: Sequence[Call]) -> Run:
        if self.isolation == "strict" and not self._tried:
            refused = refusal(self.trial())
            if refused:
                raise IsolationRefused(refused)
            self._tried = True
        return _Session(self._zygote, program, calls, self.limits).run()

    def bench(self) -> Bench:
        """A child for a search among programs; only after a `run`, which proves the layers."""
        return Bench(self._zygote, self.limits)

    def trial(self) -> Trial:
        """What a throw-away child can do here. Raises SandboxFault."""
        return attempt(self._zygote)

    def close(self) -> None:
        self._zygote.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(slots=True)
class _Session:
    """One program: as many children, one after another, as its calls need."""

    zygote: Zygote
    program: Program
    calls: Sequence[Call]
    limits: Limits
    answers: dict[str, Observation] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    layers: tuple[str, ...] = ()
    setup: Setup = field(default_factory=lambda: Setup("not_run"))
    room: int = 0
    kept: int = 0
    timeouts: int = 0
    deaths: int = 0

    def run(self) -> Run:
        began = time.monotonic()
        self.room = self.limits.output_bytes
        self.kept = KEPT_BYTES + KEPT_PER_BYTE * sum(map(_bytes_of, self.calls))
        pending = list(self.calls)
        while (pending or self.setup.outcome == "not_run") and self._go_on(began):
            before = len(pending)
            pending = self._one_child(pending, began)
            if self.setup.outcome != "ok":
                break
            if pending and len(pending) == before and not self._out_of_time(began):
                raise SandboxFault("a child answered nothing")
        for call in pending:
            self.answers[call.key] = Observation("not_run")
        return Run(
            setup=self.setup,
            calls={call.key: self.answers[call.key] for call in self.calls},
            layers=self.layers,
            notes=tuple(self.notes),
            seconds=time.monotonic() - began,
        )

    def _go_on(self, began: float) -> bool:
        if self._out_of_time(began):
            self.notes.append(f"the rest was not run: over {self.limits.total_seconds:g} s in all")
        elif self.timeouts >= self._most_timeouts():
            self.notes.append(f"the rest was not run after {self.timeouts} calls without an end")
        elif self.deaths >= DEATHS:
            self.notes.append(f"the rest was not run after {self.deaths} processes that died")
        else:
            return True
        return False

    def _out_of_time(self, began: float) -> bool:
        return time.monotonic() - began >= self.limits.total_seconds

    def _most_timeouts(self) -> int:
        answered = any(answer.outcome in ("ok", "raised") for answer in self.answers.values())
        return self.limits.timeouts_among_answers if answered else self.limits.timeouts

    def _one_child(self, pending: list[Call], began: float) -> list[Call]:
        """Answer calls until the child must be replaced; what is left of them."""
        child = self.zygote.spawn()
        talk = Conversation(child, output_bytes=self.room, frame_bytes=self.limits.frame_bytes)
        try:
            return self._converse(talk, pending, began)
        finally:
            self.room = talk.room()
            try:
                self._note_death(self.zygote.reap(child))
            finally:
                child.close()

    def _converse(self, talk: Conversation, pending: list[Call], began: float) -> list[Call]:
        try:
            ready = talk.ask(None, seconds=CONFINING_SECONDS, kind=wire.READY)
        except (Gone, TimedOut) as error:
            raise SandboxFault(f"a child could not be confined: {error}") from error
        self.layers = tuple(str(layer) for layer in ready.header["layers"])
        setup = self._set_up(talk)
        if self.answers and setup.outcome != "ok":
            # the words of one that comes after a hidden input was sent may be about it
            kept = self.setup
            setup = replace(setup, faults=(), stdout=kept.stdout, stderr=kept.stderr)
        if setup.outcome != "ok" or self.setup.outcome == "not_run":
            self.setup = setup
        if setup.outcome != "ok":
            return pending
        while pending:
            left = self.limits.total_seconds - (time.monotonic() - began)
            if left <= 0:
                return pending
            call = pending.pop(0)
            observation = self._ask(talk, call, left)
            self.answers[call.key] = observation
            if observation.outcome in ("timed_out", "killed"):
                return pending
        return pending

    def _set_up(self, talk: Conversation) -> Setup:
        question = setup_question(self.program, self.limits)
        try:
            answer = talk.ask(question, seconds=self.limits.setup_seconds)
            return setup_of(answer)
        except TimedOut:
            return Setup("timed_out", "", (), *map(plain, talk.last_output()))
        except Gone as error:
            self.notes.append(f"while its cells ran: {error}")
            return Setup("killed", "", (), *map(plain, talk.last_output()))

    def _ask(self, talk: Conversation, call: Call, left: float) -> Observation:
        began = time.monotonic()
        try:
            answer = talk.ask(
                call_question(call),
                seconds=min(left, seconds_for(call, self.limits, first=not self.answers)),
            )
            return self._within_bounds(observation_of(answer))
        except TimedOut:
            self.timeouts += 1
            outcome: Outcome = "timed_out"
        except Gone as error:
            self.deaths += 1
            self.notes.append(f"during a call: {error}")
            outcome = "killed"
        out, err = talk.last_output()
        return Observation(
            outcome, stdout=plain(out), stderr=plain(err), seconds=time.monotonic() - began
        )

    def _within_bounds(self, observation: Observation) -> Observation:
        """Without its tensors, where all answers together have become too large to keep."""
        told = [one for one in (observation.value, observation.gradient) if one is not None]
        size = sum(len(one.data) for one in told)
        if size <= self.kept:
            self.kept -= size
            return observation
        words = "a tensor too large to keep"
        return replace(observation, value=None, gradient=None, returned=words)

    def _note_death(self, status: int) -> None:
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) not in (signal.SIGKILL, 0):
            self.notes.append(f"a process died of {_signal_name(os.WTERMSIG(status))}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have none
        return f"signal {number}"


def _bytes_of(call: Call) -> int:
    return sum(len(argument.tensor.data) for argument in passed(call))
