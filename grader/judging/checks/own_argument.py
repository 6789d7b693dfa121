"""`own-argument`: the answer depends on the argument alone.

By experiment: the notebook's sample data is replaced by other numbers, once far from anything a
notebook samples and once near zero, and the same questions are asked again. A name that only
shifts its argument changes nothing at one scale and everything at another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from grader.core.fixture import Fixture
from grader.core.observation import Observation, Program
from grader.core.report import Evidence
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
from grader.judging.compare import same

__all__ = ["OWN_ARGUMENT"]

VARIATIONS: Final = (1, 2)


def _experiments(asked: Asked, main: Program) -> Mapping[str, Experiment]:
    if not any(statement.data for statement in main.statements):
        return {}
    calls = tuple(asked.call(fixture) for fixture in asked.scored)
    return {
        f"{asked.criterion.id}/vary-{number}": Experiment(
            replace(main, vary=number, watch=()), calls
        )
        for number in VARIATIONS
    }


def _verdict(asked: Asked) -> Verdict:
    before = by_fixture(asked)
    if not any(call.outcome == "ok" for call in asked.run.calls.values()):
        return asked.verdict("skipped", 0.0, "Not checked: no call came to an end.")
    forgetful = _second_answer(asked)
    if forgetful is not None:
        text = "The same question got another answer when it was asked again."
        return asked.verdict("failed", 0.0, text, (forgetful,), ("unsteady",))
    unknown = never_observed(asked, before)
    if unknown is not None:
        return unknown
    found = [_judge(asked, fixture, before) for fixture in asked.scored]
    if any(each.outcome == "wrong" for each in found):
        text = "The answer changes with other data of the notebook, for one and the same argument."
        return asked.verdict("failed", 0.0, text, found, asked.proved())
    return asked.verdict("passed", 1.0, "The answer depends on the argument alone.", found)


def _second_answer(asked: Asked) -> Evidence | None:
    """Evidence that the first question, asked once more at the end, was answered differently."""
    for fixture in asked.again:
        first = asked.run.calls.get(fixture.name)
        again = asked.run.calls.get(fixture.name + AGAIN)
        if first is None or again is None or _stopped(first) or _stopped(again):
            continue
        if _differ(asked, fixture, first, again):
            return evidence(fixture, "wrong", "another answer when asked again")
    return None


def _judge(asked: Asked, fixture: Fixture, before: Mapping[str, Observation]) -> Evidence:
    first = before.get(fixture.name)
    for run in asked.experiments.values():
        after = run.calls.get(fixture.name)
        if first is None or after is None:
            continue
        if _stopped(first) or _stopped(after):
            continue  # a limit says nothing about what the answer depends on
        if _differ(asked, fixture, first, after):
            return evidence(fixture, "wrong", "another answer once the notebook's data is other")
    return evidence(fixture, "ok")


def _stopped(observation: Observation) -> bool:
    return observation.outcome in ("timed_out", "killed", "not_run")


def _differ(asked: Asked, fixture: Fixture, first: Observation, second: Observation) -> bool:
    if first.outcome != second.outcome or (first.value is None) != (second.value is None):
        return True
    if first.value is None or second.value is None:
        return False
    # an answer of another shape has no bound of its own: it must be the same
    shaped = first.value.shape == fixture.truth.bound.shape
    if same(first.value, second.value, fixture.truth.bound if shaped else 0.0):
        return False
    both_right = all(asked.compare(fixture, each).ok for each in (first.value, second.value))
    return not both_right


OWN_ARGUMENT = Check(calls=value_calls, experiments=_experiments, verdict=_verdict)
