"""Behaviours without a cause: what experiments and answers show where nothing explains a loss."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from grader.core.fixture import Argument, Fixture
from grader.core.observation import Call, Exchange, Observation, Poison, Program, Run, Setup
from grader.core.record import Exam, Record
from grader.core.relation import Answer, Relation
from grader.core.report import CriterionResult
from grader.core.rubric import Criterion
from grader.core.tensor import Float64, RawTensor, pack
from grader.diagnosis.finding import Finding
from grader.fixtures.closeness import errors
from grader.judging.compare import compare
from grader.judging.judge import MAIN
from grader.judging.plan import chosen, criteria_of, roles

__all__ = ["DRAWN", "RELATION", "behaviours", "drawn_program", "relation_calls", "relation_program"]

RELATION: Final = "relation/main"
"""Name of the exchange with the further calls that relations ask for."""

DRAWN: Final = "relation/drawn"
"""Name of the exchange with the same calls under other dice."""

SLACK: Final = 4
"""Two answers of one target may differ by so many times the error that one of them may have."""

_DICE: Final = tuple(
    f"aten::{name}*"
    for name in ("rand", "normal", "uniform", "bernoulli", "exponential", "native_dropout")
)
_STILL: Final = "#still"
"""Suffix of a fixture's own question, asked once more after those of its relations."""

_VALUED: Final = frozenset({"values", "gradient", "dtype"})
"""Checks that are lost where values are wrong."""


def relation_program(main: Program) -> Program:
    """What the calls of relations are made of; it tells which of them roll dice."""
    return replace(main, watch=_DICE)


def drawn_program(main: Program) -> Program:
    """The same under other dice: every draw is moved on by one place."""
    return replace(main, watch=(), poison=Poison(_DICE, (), "roll"))


def relation_calls(exam: Exam, role: str, main: Exchange, lost: Sequence[str]) -> tuple[Call, ...]:
    """For each lost criterion that looks at values, its relations on the first wrong answer.

    Each of these fixtures is then asked as it is, too: where that gets another answer than in
    `main`, answers depend on more than the question. None for a role whose targets are called in
    ways of their own.
    """
    task = exam.assignment.task(role)
    found: dict[str, Call] = {}
    still: dict[str, Call] = {}
    if task.conventions:
        return ()
    for criterion in _value_criteria(exam, role):
        wrong = [each for each in _decisive(exam, criterion) if _is_wrong(each, main)]
        if criterion.id not in lost or not wrong:
            continue
        key = wrong[0].name + _STILL
        still[key] = Call(key, wrong[0].arguments)
        for relation in task.relations:
            calls = next(filter(None, (_calls(relation, fixture) for fixture in wrong)), ())
            found |= {call.key: call for call in calls}
    return (*found.values(), *still.values())


def behaviours(record: Record, exam: Exam, rows: Sequence[CriterionResult]) -> Iterator[Finding]:
    """What is seen of the targets whose `rows` are lost and not explained; of a settled record."""
    for role in roles(exam):
        main = record.exchanges.get(role, {}).get(MAIN)
        own = {each.id: each.check for each in criteria_of(exam, role)}
        names = tuple(row.id for row in rows if row.id in own)
        if main is None or not names or main.run.stopped:
            continue
        odd = _no_numbers(exam, role, main)
        if odd:
            yield Finding(role, odd, "proved", names)
            continue
        names = tuple(name for name in names if own[name] in _VALUED)
        if names and not exam.assignment.task(role).conventions:
            yield from _of_values(exam, role, record.exchanges[role], names)


def _of_values(
    exam: Exam, role: str, exchanges: Mapping[str, Exchange], names: tuple[str, ...]
) -> Iterator[Finding]:
    """The first that holds: unsteady answers, a symptom, broken relations, a weak symptom."""
    task, main = exam.assignment.task(role), exchanges[MAIN]
    unsteady = _unsteady(exam, exchanges)
    if unsteady:
        yield Finding(role, unsteady, "proved", names)
        return
    answers = _answers(exam, role, main)
    seen = next((each for each in task.symptoms if each.seen(answers)), None)
    broken = _broken(exam, role, exchanges, names) if seen is None or seen.last else ()
    if broken:
        yield from broken
    elif seen is not None:
        yield Finding(role, seen.bug, "matched", names)


def _no_numbers(exam: Exam, role: str, main: Exchange) -> str:
    """The engine's own id where no wrong answer was an array of numbers; else empty.

    Arrays of equal shape in a tuple look like one of them, which nobody returned.
    """
    wrong = [
        seen
        for each in _fixtures(exam, role)
        if (seen := main.run.calls.get(each.name)) is not None and not _is_right(each, seen)
    ]
    if not wrong or any(each.outcome != "ok" for each in wrong):
        return ""
    if all(each.value is None and each.returned == "nothing" for each in wrong):
        return "returns-nothing"
    if exam.assignment.task(role).conventions:
        return ""  # several results may be asked for
    none = [each for each in wrong if each.value is None]
    tuples = [each for each in wrong if each.value is not None and each.returned == "tuple"]
    return "not-numbers" if none and len(none) + len(tuples) == len(wrong) else ""


def _unsteady(exam: Exam, exchanges: Mapping[str, Exchange]) -> str:
    """The engine's own id where one question got another answer; else empty."""
    main = exchanges[MAIN].run
    for name, bug in ((DRAWN, "draws-random"), (RELATION, "unsteady")):
        run = exchanges[name].run if name in exchanges else Run(Setup("ok"), {})
        for each in exam.fixtures:
            first, second = main.calls.get(each.name), run.calls.get(each.name + _STILL)
            if _is_other(each, first, second):
                return bug
    return ""


def _is_other(fixture: Fixture, first: Observation | None, second: Observation | None) -> bool:
    if first is None or second is None or first.value is None or second.value is None:
        return False
    if first.value.shape != second.value.shape:
        return True
    before, after = _numbers(first.value), _numbers(second.value)
    return bool(np.any(errors(before, after) > _allowed(fixture, before, after)))


def _broken(
    exam: Exam, role: str, exchanges: Mapping[str, Exchange], names: Sequence[str]
) -> tuple[Finding, ...]:
    """The first relation that does not hold, for each criterion on whose fixtures it does not."""
    exchange = exchanges.get(RELATION)
    if exchange is None:
        return ()
    found: list[Finding] = []
    for criterion in _value_criteria(exam, role):
        fixtures = _decisive(exam, criterion) if criterion.id in names else ()
        for relation in exam.assignment.task(role).relations:
            if any(_breaks(relation, each, exchanges[MAIN], exchange) for each in fixtures):
                found.append(Finding(role, relation.bug, "proved", (criterion.id,)))
                break
    return tuple(found)


def _breaks(relation: Relation, fixture: Fixture, main: Exchange, exchange: Exchange) -> bool:
    calls = _calls(relation, fixture)
    own = main.run.calls.get(fixture.name)
    further = [exchange.run.calls.get(call.key) for call in calls]
    values = [each.value for each in further if each is not None and each.value is not None]
    if not calls or own is None or own.value is None or len(values) < len(calls):
        return False
    answers, got = tuple(map(_numbers, values)), _numbers(own.value)
    if relation.finite and not all(np.all(np.isfinite(each)) for each in (got, *answers)):
        return False
    try:
        expected = relation.kept(fixture.inputs, answers)
    except (ValueError, IndexError):
        return False  # answers of odd shapes cannot be put together
    if got.shape != expected.shape or got.shape != fixture.truth.expected.shape:
        return False
    return bool(np.any(errors(got, expected) > _allowed(fixture, got, expected)))


def _allowed(fixture: Fixture, *answers: Float64) -> float:
    """How far two answers may be apart, in proportion where they are larger than right ones."""
    right = _largest(fixture.truth.expected)
    scale = max(1.0, *(_largest(each) / right for each in answers)) if right else 1.0
    return SLACK * float(fixture.truth.bound.max(initial=0.0)) * scale


def _largest(values: Float64) -> float:
    """The largest finite size of an entry, 0 where there is none."""
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


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


def _fixtures(exam: Exam, role: str) -> tuple[Fixture, ...]:
    """Those that decide whether values are right, each once."""
    found = {
        fixture.name: fixture
        for criterion in _value_criteria(exam, role)
        for fixture in _decisive(exam, criterion)
    }
    return tuple(found.values())


def _answers(exam: Exam, role: str, main: Exchange) -> tuple[Answer, ...]:
    """What symptoms are read off: answers that no trivial answer could be taken for."""
    return tuple(
        _answer(fixture, main.run.calls[fixture.name])
        for fixture in _fixtures(exam, role)
        if fixture.name in main.run.calls and not fixture.degenerate
    )


def _answer(fixture: Fixture, seen: Observation) -> Answer:
    value = None if seen.value is None else _numbers(seen.value)
    raised, right = seen.outcome == "raised", _is_right(fixture, seen)
    return Answer(fixture.inputs, fixture.truth.expected, raised, value, right)


def _numbers(value: RawTensor) -> Float64:
    return np.asarray(value.numbers(), dtype=np.float64)


def _is_right(fixture: Fixture, seen: Observation) -> bool:
    return seen.value is not None and compare(seen.value, fixture.truth).ok


def _is_wrong(fixture: Fixture, main: Exchange) -> bool:
    """Whether numbers came back, and other ones than should."""
    seen = main.run.calls.get(fixture.name)
    return seen is not None and seen.value is not None and not _is_right(fixture, seen)


def _value_criteria(exam: Exam, role: str) -> tuple[Criterion, ...]:
    return tuple(each for each in criteria_of(exam, role) if each.check == "values")


def _decisive(exam: Exam, criterion: Criterion) -> tuple[Fixture, ...]:
    return tuple(each for each in chosen(exam, criterion) if each.scored)
