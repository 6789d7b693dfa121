"""`gradient`: autograd flows through the target and gives the right vector-Jacobian product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.fixture import Fixture
from grader.core.observation import Call, Fault, Observation
from grader.core.report import Evidence
from grader.core.rubric import Criterion
from grader.core.verdict import Verdict
from grader.judging.checks.asked import (
    Asked,
    Check,
    by_fixture,
    evidence,
    no_experiments,
    unanswered,
)
from grader.judging.checks.tally import tally
from grader.judging.checks.values import compared, never_observed
from grader.judging.compare import compare

__all__ = ["GRADIENT"]

SUFFIX: Final = "#gradient"
_TORCHS_OWN: Final = "RuntimeError"


def _calls(
    _: Criterion, task: Task, fixtures: tuple[Fixture, ...], __: Convention | None
) -> tuple[Call, ...]:
    wrt = task.arguments.index(task.differentiable) if task.differentiable else 0
    return tuple(
        Call(fixture.name + SUFFIX, fixture.arguments, "gradient", fixture.upstream, wrt)
        for fixture in fixtures
        if fixture.upstream is not None
    )


def _judge(fixture: Fixture, observation: Observation) -> Evidence:
    without = unanswered(fixture, observation)
    if without is not None:
        return without
    if not observation.flows:
        return evidence(fixture, "wrong", "the result is cut off from the argument: no gradient")
    if observation.gradient is None or fixture.gradient is None:
        return evidence(fixture, "wrong", "no gradient reaches the argument")
    return compared(fixture, compare(observation.gradient, fixture.gradient))


def _verdict(asked: Asked) -> Verdict:
    observed = by_fixture(asked, SUFFIX)
    unknown = never_observed(asked, observed)
    if unknown is not None:
        return unknown
    if asked.run.setup.form == "autograd_function" or any(
        observation.custom for observation in observed.values()
    ):
        text = "The backward pass is written by hand here, so autograd's is not judged."
        return asked.verdict("not_applicable", 1.0, text)
    found = [
        _judge(fixture, observed[fixture.name])
        for fixture in asked.fixtures
        if fixture.name in observed
    ]
    return tally(asked, found, diagnoses=asked.proved() if _is_cut_off(asked, observed) else ())


def _is_cut_off(asked: Asked, observed: Mapping[str, Observation]) -> bool:
    """Whether every value is right, and only gradients are missing or wrong.

    Or whether the function itself raises because its argument needs a gradient; or torch on the
    way back, which it does where the function has overwritten what its own graph needs. A result of
    another shape than the upstream gradient, or an overwritten argument, are bugs of their own.
    """
    calls = [observed[fixture.name] for fixture in asked.scored if fixture.name in observed]
    if any(each.outcome == "raised" for each in calls):
        plain = [each for key, each in asked.run.calls.items() if "#" not in key]
        known = {_where(each.fault) for each in plain if each.fault is not None}
        raised = [each.fault for each in calls if each.outcome == "raised"]
        return any(each.outcome == "ok" for each in plain) and all(
            fault is not None
            and _where(fault) not in known
            and (fault.filename is not None or _is_on_the_way_back(fault, plain))
            for fault in raised
        )
    return all(
        fixture.name in observed
        and (value := observed[fixture.name].value) is not None
        and asked.compare(fixture, value).ok
        for fixture in asked.scored
    )


def _is_on_the_way_back(fault: Fault, plain: Sequence[Observation]) -> bool:
    return fault.type == _TORCHS_OWN and not any(each.changed for each in plain)


def _where(fault: Fault) -> tuple[str, str | None, int | None]:
    return fault.type, fault.filename, fault.line


GRADIENT = Check(calls=_calls, experiments=no_experiments, verdict=_verdict)
