"""The further calls by which relations between a wrong target's own answers are tried."""

from __future__ import annotations

from collections.abc import Mapping

from grader.core.observation import Exchange
from grader.core.record import Exam, Runner
from grader.core.slice import Slice
from grader.diagnosis.behaviour import RELATION, relation_calls
from grader.judging.judge import MAIN
from grader.repairing.trying import base_of, unexplained

__all__ = ["observe_relations"]


def observe_relations(
    exam: Exam, role: str, cut: Slice, exchanges: Mapping[str, Exchange], runner: Runner
) -> dict[str, Exchange]:
    """One exchange, or none where nothing asks for it. SandboxFault as the runner raises it.

    For a target that loses what no check explains, and of which no repair is known.
    """
    base = base_of(exam, role, cut, exchanges)
    if base is None or base.main is not exchanges[MAIN]:
        return {}
    calls = relation_calls(exam, role, base.main, unexplained(base.verdicts))
    if not calls:
        return {}
    return {RELATION: Exchange(base.main.program, runner.run(base.main.program, calls))}
