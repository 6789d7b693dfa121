"""Behaviours without a cause: what experiments and answers show where nothing explains a loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from grader.core.fixture import Argument, Fixture
from grader.core.observation import Call, Exchange, Observation
from grader.core.record import Exam, Record
from grader.core.relation import Answer, Relation
from grader.core.report import CriterionResult
from grader.core.rubric import Criterion
from grader.core.tensor import RawTensor, pack
from grader.diagnosis.finding import Finding
from grader.fixtures.closeness import errors
from grader.judging.compare import compare
from grader.judging.judge import MAIN
from grader.judging.plan import chosen, criteria_of, roles

__all__ = ["RELATION", "behaviours", "relation_calls"]

RELATION = "relation/main"
"""Name of the exchange with the further calls that relations ask for."""

SLACK = 4
"""Two answers of one target may differ by so many times the error that one of them may have."""


def relation_calls(exam: Exam, role: str, main: Exchange, lost: Sequence[str]) -> tuple[Call, ...]:
    """For each lost criterion that looks at values, its relations on the first fixture they fit.

    None for a role whose targets are called in ways of their own.
    """
    task = exam.assignment.task(role)
    found: dict[str, Call] = {}
    if task.conventions:
        return ()
    for criterion in _value_criteria(exam, role):
        if criterion.id in lost:
            wrong = [each for each in _decisive(exam, criterion) if not _is_right(each, main)]
            for relation in task.relations:
                for fixture in wrong:
                    calls = _calls(relation, fixture)
                    if calls:
                        found |= {call.key: call for call in calls}
                        break
    return tuple(found.values())


def behaviours(record: Record, exam: Exam, rows: Sequence[CriterionResult]) -> Iterator[Finding]:
    """What is seen of the targets whose `rows` are lost and not explained; of a settled record."""
    lost = [row.id for row in rows]
    for role in roles(exam):
        task = exam.assignment.task(role)
        main = record.exchanges.get(role, {}).get(MAIN)
        names = [each.id for each in criteria_of(exam, role) if each.id in lost]
        if main is None or not names or main.run.stopped:
            continue
        odd = _no_numbers(main)
        if odd:
            yield Finding(role, odd, "proved", tuple(names))
            continue
        if task.conventions:
            continue
        yield from _broken(record, exam, role, main, names)
        answers = _answers(exam, role, main)
        for symptom in task.symptoms:
            if symptom.seen(answers):
                yield Finding(role, symptom.bug, "matched", tuple(names))
                break


def _no_numbers(main: Exchange) -> str:
    """The engine's own id where no call ever returned numbers; else empty."""
    calls = [each for key, each in main.run.calls.items() if "#" not in key]
    ended = [each for each in calls if each.outcome == "ok"]
    if not ended or len(ended) < len(calls) or any(each.value is not None for each in ended):
        return ""
    return "returns-nothing" if all(each.returned == "nothing" for each in ended) else "not-numbers"


def _broken(
    record: Record, exam: Exam, role: str, main: Exchange, names: Sequence[str]
) -> Iterator[Finding]:
    """The first relation that does not hold, for each criterion on whose fixtures it does not."""
    exchange = record.exchanges[role].get(RELATION)
    if exchange is None:
        return
    for criterion in _value_criteria(exam, role):
        if criterion.id in names:
            for relation in exam.assignment.task(role).relations:
                if any(
                    _breaks(relation, fixture, main, exchange)
                    for fixture in _decisive(exam, criterion)
                ):
                    yield Finding(role, relation.bug, "proved", (criterion.id,))
                    break


def _breaks(relation: Relation, fixture: Fixture, main: Exchange, exchange: Exchange) -> bool:
    calls = _calls(relation, fixture)
    own = main.run.calls.get(fixture.name)
    further = [exchange.run.calls.get(call.key) for call in calls]
    values = [each.value for each in further if each is not None and each.value is not None]
    if not calls or own is None or own.value is None or len(values) < len(calls):
        return False
    answers = tuple(np.asarray(each.numbers(), dtype=np.float64) for each in values)
    got = np.asarray(own.value.numbers(), dtype=np.float64)
    bound = fixture.truth.bound
    try:
        expected = relation.kept(fixture.inputs, answers)
    except (ValueError, IndexError):
        return False  # answers of odd shapes cannot be put together
    if got.shape != expected.shape or got.shape != bound.shape:
        return False
    return bool(np.any(errors(got, expected) > SLACK * bound))


def _calls(relation: Relation, fixture: Fixture) -> tuple[Call, ...]:
    given: list[Call] = []
    for at, inputs in enumerate(relation.changed(fixture.inputs)):
        arguments = tuple(
            Argument(each.name, pack(inputs[each.name], fixture.dtype))
            for each in fixture.arguments
        )
        if any(np.any(each.tensor.numbers() != inputs[each.name]) for each in arguments):
            return ()  # not exact in this dtype: another question
        given.append(Call(f"{fixture.name}#{relation.bug}-{at}", arguments))
    return tuple(given)


def _answers(exam: Exam, role: str, main: Exchange) -> tuple[Answer, ...]:
    fixtures = {
        fixture.name: fixture
        for criterion in _value_criteria(exam, role)
        for fixture in _decisive(exam, criterion)
    }
    return tuple(
        _answer(fixture, main.run.calls[name])
        for name, fixture in fixtures.items()
        if name in main.run.calls
    )


def _answer(fixture: Fixture, seen: Observation) -> Answer:
    value = None if seen.value is None else _numbers(seen.value)
    right = seen.value is not None and compare(seen.value, fixture.truth).ok
    return Answer(fixture.inputs, fixture.truth.expected, seen.outcome == "raised", value, right)


def _numbers(value: RawTensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(value.numbers(), dtype=np.float64)


def _is_right(fixture: Fixture, main: Exchange) -> bool:
    seen = main.run.calls.get(fixture.name)
    return seen is not None and seen.value is not None and compare(seen.value, fixture.truth).ok


def _value_criteria(exam: Exam, role: str) -> tuple[Criterion, ...]:
    return tuple(each for each in criteria_of(exam, role) if each.check == "values")


def _decisive(exam: Exam, criterion: Criterion) -> tuple[Fixture, ...]:
    return tuple(each for each in chosen(exam, criterion) if each.scored)
