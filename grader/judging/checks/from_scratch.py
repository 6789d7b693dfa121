"""`from-scratch`: no library function produces the answer.

A name in the source or an operator in the trace is only a suspicion: an assertion against the
library is no crime. It counts where the library's result is falsified and the answer follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from grader.core.fixture import Fixture
from grader.core.observation import Observation, Poison, Program, Run
from grader.core.report import Evidence
from grader.core.rubric import Criterion, Forbid
from grader.core.verdict import Verdict
from grader.judging.checks.asked import (
    AGAIN,
    Asked,
    Check,
    Experiment,
    by_fixture,
    evidence,
    value_calls,
)
from grader.judging.checks.values import never_observed

__all__ = ["FROM_SCRATCH"]

HOWS: Final[tuple[Literal["nudge", "roll"], ...]] = ("nudge", "roll")


def _watch(criterion: Criterion) -> tuple[str, ...]:
    return criterion.forbid.ops if criterion.forbid else ()


def _operators(run: Run) -> tuple[str, ...]:
    return tuple(sorted({name for call in run.calls.values() for name in call.ops}))


def _mentioned(asked: Asked, forbid: Forbid) -> tuple[str, ...]:
    """Forbidden functions that the source mentions by a module's name, or whose module it handles.

    They are falsified by name as well: not every library computes by operators that are traced. A
    module handed on as a value (`vars(module)`) may give any of its functions; a class named in
    an annotation says nothing.
    """
    mentioned = {reference.name for reference in asked.slice.references}
    return tuple(
        name
        for name in forbid.names
        if not name.startswith(".") and (name in mentioned or _module_of(name) in mentioned)
    )


def _module_of(name: str) -> str:
    """The module that holds a function; empty where a class does."""
    holder = name.rpartition(".")[0]
    return "" if holder.rpartition(".")[2][:1].isupper() else holder


def _experiments(asked: Asked, main: Program) -> Mapping[str, Experiment]:
    forbid = asked.criterion.forbid or Forbid()
    mentioned = _mentioned(asked, forbid)
    if not mentioned and not _operators(asked.run):
        return {}
    calls = tuple(
        asked.call(fixture)
        for fixture in asked.scored
        if (seen := asked.run.calls.get(fixture.name)) is not None and seen.outcome == "ok"
    )
    return {
        f"{asked.criterion.id}/{how}": Experiment(
            replace(main, watch=(), poison=Poison(forbid.ops, mentioned, how)), calls
        )
        for how in HOWS
    }


def _verdict(asked: Asked) -> Verdict:
    observed = by_fixture(asked)
    if not any(call.outcome == "ok" for call in asked.run.calls.values()):
        return asked.verdict("skipped", 0.0, "Not checked: no call came to an end.")
    unknown = never_observed(asked, observed)
    if unknown is not None:
        return unknown
    steady = _answers_are_steady(asked)
    found = [
        _judge(fixture, observed[fixture.name], asked.experiments, steady=steady)
        for fixture in asked.scored
    ]
    if any(each.outcome == "wrong" for each in found):
        return asked.verdict("failed", 0.0, _blame(asked), found, asked.proved())
    return asked.verdict("passed", 1.0, "No library function produces the answer.", found)


def _blame(asked: Asked) -> str:
    """What the student reads. Operators are named in the evidence only.

    A child tells them, so those told of a hidden input may spell it out; names are the source's.
    """
    names = () if _operators(asked.run) else _mentioned(asked, asked.criterion.forbid or Forbid())
    named = f" ({', '.join(names)})" if names else ""
    return f"The answer comes from the library{named}."


def _answers_are_steady(asked: Asked) -> bool:
    """Whether the same question gets the same bytes: else a difference proves nothing."""
    calls = asked.run.calls
    return all(
        first.outcome == calls[key + AGAIN].outcome and first.value == calls[key + AGAIN].value
        for key, first in calls.items()
        if key + AGAIN in calls
    )


def _judge(
    fixture: Fixture, honest: Observation, experiments: Mapping[str, Run], *, steady: bool
) -> Evidence:
    for run in experiments.values():
        poisoned = run.calls.get(fixture.name)
        if poisoned is None or poisoned.outcome != "ok" or honest.value is None:
            continue  # its own assertion may have stopped it: that proves nothing
        if steady and poisoned.value is not None and poisoned.value != honest.value:
            used = f" ({', '.join(honest.ops)})" if honest.ops else ""
            return evidence(fixture, "wrong", f"the answer follows the library's{used}")
    return evidence(fixture, "ok")


FROM_SCRATCH = Check(calls=value_calls, experiments=_experiments, verdict=_verdict, watch=_watch)
