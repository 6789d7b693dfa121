"""`pure`: the argument has the same values after the call as before it."""

from __future__ import annotations

from grader.core.fixture import Fixture
from grader.core.observation import Observation
from grader.core.report import Evidence
from grader.core.verdict import Verdict
from grader.judging.checks.asked import (
    Asked,
    Check,
    by_fixture,
    evidence,
    no_experiments,
    unanswered,
    value_calls,
)
from grader.judging.checks.values import never_observed

__all__ = ["PURE"]


def _judge(fixture: Fixture, observation: Observation) -> Evidence:
    if observation.changed:
        return evidence(fixture, "wrong", "the argument was different after the call")
    if observation.outcome == "ok":
        return evidence(fixture, "ok")
    return unanswered(fixture, observation) or evidence(fixture, "not_run")


def _verdict(asked: Asked) -> Verdict:
    observed = by_fixture(asked)
    found = [
        _judge(fixture, observed[fixture.name])
        for fixture in asked.fixtures
        if fixture.name in observed
    ]
    # every call of the run is a witness, not only those on this criterion's own fixtures
    if any(call.changed for call in asked.run.calls.values()):
        text = "The argument was different after the call: the function writes into it."
        return asked.verdict("failed", 0.0, text, found, asked.proved())
    if not any(call.outcome == "ok" for call in asked.run.calls.values()):
        return asked.verdict("skipped", 0.0, "Not checked: no call came to an end.", found)
    unknown = never_observed(asked, observed)
    if unknown is not None:
        return unknown
    return asked.verdict("passed", 1.0, "The argument is left as it was.", found)


PURE = Check(calls=value_calls, experiments=no_experiments, verdict=_verdict)
