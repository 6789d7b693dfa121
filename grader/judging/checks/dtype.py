"""`dtype`: shape, dtype and values hold in other floating dtypes too."""

from __future__ import annotations

from typing import Final

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
    value_calls,
)
from grader.judging.checks.tally import tally
from grader.judging.checks.values import judge_value, never_observed

__all__ = ["DTYPE", "is_other"]

_TYPED: Final = ("tensor", "numpy array")
"""What has a dtype; a list of Python floats has none, so only its values are judged."""


def _judge(asked: Asked, fixture: Fixture, observation: Observation) -> Evidence:
    found = judge_value(asked, fixture, observation)
    if observation.value is None or not is_other(fixture, observation):
        return found
    text = f"{fixture.dtype} in, {observation.value.dtype} out"
    return found.model_copy(update={"outcome": "wrong", "text": text})


def is_other(fixture: Fixture, observation: Observation) -> bool:
    """Whether the result has a dtype, and another than the argument: of right numbers or wrong."""
    value = observation.value
    return value is not None and observation.returned in _TYPED and value.dtype != fixture.dtype


def _beyond_numpy(fixture: Fixture, observation: Observation) -> bool:
    """NumPy has no bfloat16: that a NumPy style cannot take it says nothing about the style."""
    fault = observation.fault
    return (
        fixture.dtype == "bfloat16"
        and fault is not None
        and fault.type == "TypeError"
        and "unsupported ScalarType BFloat16" in fault.message
    )


def _verdict(asked: Asked) -> Verdict:
    observed = by_fixture(asked)
    unknown = never_observed(asked, observed)
    if unknown is not None:
        return unknown
    fixtures = [fixture for fixture in asked.fixtures if fixture.name in observed]
    beyond = frozenset(
        fixture.name for fixture in fixtures if _beyond_numpy(fixture, observed[fixture.name])
    )
    found = [
        evidence(fixture, "not_run", "NumPy has no bfloat16; not counted")
        if fixture.name in beyond
        else _judge(asked, fixture, observed[fixture.name])
        for fixture in fixtures
    ]
    other = any(_is_only_other(asked, fixture, observed[fixture.name]) for fixture in fixtures)
    return tally(asked, found, uncounted=beyond, diagnoses=asked.proved() if other else ())


def _is_only_other(asked: Asked, fixture: Fixture, observation: Observation) -> bool:
    """Whether numbers are right and their dtype is not: of wrong ones it may be a consequence."""
    return (
        observation.value is not None
        and is_other(fixture, observation)
        and asked.compare(fixture, observation.value).ok
    )


DTYPE = Check(calls=value_calls, experiments=no_experiments, verdict=_verdict)
