"""`values`: the target returns what the oracle says, within the tolerance of each fixture."""

from __future__ import annotations

from collections.abc import Mapping

from grader.core.fixture import Fixture
from grader.core.observation import Observation
from grader.core.report import Evidence
from grader.core.verdict import Verdict
from grader.judging.calling import spared
from grader.judging.checks.asked import (
    Asked,
    Check,
    by_fixture,
    evidence,
    no_experiments,
    unanswered,
    value_calls,
)
from grader.judging.checks.tally import named_outcomes, tally
from grader.judging.compare import Comparison

__all__ = ["VALUES", "compared", "judge_value", "never_observed"]


def judge_value(asked: Asked, fixture: Fixture, observation: Observation) -> Evidence:
    """One fixture's evidence."""
    without = unanswered(fixture, observation)
    if without is not None or observation.value is None:
        return without or evidence(fixture, "wrong")
    return compared(fixture, asked.compare(fixture, observation.value))


def compared(fixture: Fixture, comparison: Comparison) -> Evidence:
    """A comparison as evidence."""
    return evidence(fixture, "ok" if comparison.ok else "wrong", comparison.text).model_copy(
        update={
            "error": comparison.error,
            "bound": comparison.bound,
            "worst": comparison.worst,
        }
    )


def never_observed(asked: Asked, observed: Mapping[str, Observation]) -> Verdict | None:
    """The verdict where stored observations lack a fixture that decides: it cannot be judged.

    A fixture for information only may be absent; it is left out then.
    """
    absent = [fixture.name for fixture in asked.scored if fixture.name not in observed]
    if not absent:
        return None
    return asked.verdict(
        "error", 0.0, f"Never observed: {', '.join(absent[:3])}. Grade again to observe it."
    )


def _verdict(asked: Asked) -> Verdict:
    observed = by_fixture(asked)
    unknown = never_observed(asked, observed)
    if unknown is not None:
        return unknown
    said = [fixture for fixture in asked.fixtures if not spared(fixture, asked.convention)]
    if asked.scored and not any(fixture.scored for fixture in said):
        text = "Nothing here depends on it: it is handed what these inputs would put to the test."
        return asked.verdict("not_applicable", 1.0, text)
    found = [
        judge_value(asked, fixture, observed[fixture.name])
        for fixture in said
        if fixture.name in observed
    ]
    silent = frozenset(each.name for each in said if each.needs and not _holds(asked, each.needs))
    found = [
        each
        if each.fixture not in silent
        else each.model_copy(update={"scored": False, "text": f"not counted: {each.text}"})
        for each in found
    ]
    return tally(asked, found, uncounted=silent, diagnoses=named_outcomes(found))


def _holds(asked: Asked, name: str) -> bool:
    """Whether the answer to a fixture that others need is right; one never asked hinders none."""
    fixture, observation = asked.needed.get(name), asked.run.calls.get(name)
    if fixture is None or observation is None:
        return True
    return judge_value(asked, fixture, observation).outcome == "ok"


VALUES = Check(calls=value_calls, experiments=no_experiments, verdict=_verdict)
