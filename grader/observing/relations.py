"""The further calls by which relations between a wrong target's own answers are tried."""

from __future__ import annotations

from collections.abc import Mapping

from grader.core.observation import Exchange
from grader.core.record import Exam, Runner
from grader.core.slice import Slice
from grader.diagnosis.behaviour import (
    DRAWN,
    RELATION,
    drawn_program,
    relation_calls,
    relation_program,
)
from grader.judging.judge import MAIN
from grader.repairing.trying import base_of, unexplained

__all__ = ["observe_relations"]


def observe_relations(
    exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange], runner: Runner
) -> dict[str, Exchange]:
    """The exchanges, or none where nothing asks for them. SandboxFault as the runner raises it.

    For a target that loses what no check explains, and of which no repair is known. The second is
    made only where the first shows that dice are rolled.
    """
    base = base_of(exam, role, cut, exchanges)
    if base is None or base.main is not exchanges[MAIN]:
        return {}
    calls = relation_calls(exam, role, base.main, unexplained(base.verdicts))
    if not calls:
        return {}
    program = relation_program(base.main.program)
    found = {RELATION: Exchange(program, runner.run(program, calls))}
    if any(each.ops for each in found[RELATION].run.calls.values()):
        other = drawn_program(base.main.program)
        found[DRAWN] = Exchange(other, runner.run(other, calls))
    return found
