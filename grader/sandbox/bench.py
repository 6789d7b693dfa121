"""Many short programs in one confined child, one after another: for searches.

What a child has seen of one program it may let the next one feel, so whatever a search finds is
run again in a fresh child before it counts.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Final

from grader.core.errors import SandboxFault
from grader.core.observation import Call, Limits, Observation, Program, Setup
from grader.sandbox import wire
from grader.sandbox.answers import observation_of, setup_of
from grader.sandbox.conversation import Conversation, Gone, TimedOut
from grader.sandbox.questions import call_question, seconds_for, setup_question
from grader.sandbox.zygote import Child, Zygote

__all__ = ["CONFINING_SECONDS", "Bench"]

CONFINING_SECONDS: Final = 30.0
MOST_LOST: Final = 3
"""After so many children that died or hung nothing more is tried."""


class Bench:
    """One child, replaced when it dies; used as a context manager."""

    def __init__(self, zygote: Zygote, limits: Limits) -> None:
        self._zygote = zygote
        self._limits = limits
        self._child: Child | None = None
        self._talk: Conversation | None = None
        self._lost = 0
        self._answered = False

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def spent(self) -> bool:
        """Whether too many children were lost: nothing more should be tried."""
        return self._lost >= MOST_LOST

    def start(self, program: Program) -> Setup:
        """Run the program's statements. Raises SandboxFault."""
        talk = self._talk or self._begin()
        question = setup_question(program, self._limits)
        try:
            return setup_of(talk.ask(question, seconds=self._limits.setup_seconds))
        except TimedOut:
            self._lose()
            return Setup("timed_out")
        except Gone:
            self._lose()
            return Setup("killed")

    def ask(self, call: Call) -> Observation:
        """One call of the program last started; `not_run` where its child is gone."""
        if self._talk is None:
            return Observation("not_run")
        seconds = seconds_for(call, self._limits, first=not self._answered)
        try:
            answer = self._talk.ask(call_question(call), seconds=seconds)
            self._answered = True
            return replace(observation_of(answer), stdout="", stderr="")
        except TimedOut:
            self._lose()
            return Observation("timed_out")
        except Gone:
            self._lose()
            return Observation("killed")

    def _begin(self) -> Conversation:
        self._child = self._zygote.spawn()
        self._talk = Conversation(self._child, output_bytes=0, frame_bytes=self._limits.frame_bytes)
        self._answered = False
        try:
            self._talk.ask(None, seconds=CONFINING_SECONDS, kind=wire.READY)
        except (Gone, TimedOut) as error:
            self._end()
            raise SandboxFault(f"a child could not be confined: {error}") from error
        return self._talk

    def _lose(self) -> None:
        self._lost += 1
        self._end()

    def _end(self) -> None:
        child, self._child, self._talk = self._child, None, None
        if child is not None:
            with contextlib.closing(child):
                self._zygote.reap(child)
