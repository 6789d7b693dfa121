"""Diagnoses by outputs alone: what came back is what one known mistake gives, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.core.assignment import Task
from grader.core.convention import Convention
from grader.core.fixture import Fixture, Inputs, Truth
from grader.core.observation import Observation, Run
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult
from grader.core.tensor import Float64, RawTensor
from grader.diagnosis.finding import Finding
from grader.fixtures.closeness import errors
from grader.judging.calling import answers, convention_of, mistaken, spared, truths_for
from grader.judging.compare import closest
from grader.judging.discovery import STAND_IN
from grader.judging.judge import MAIN
from grader.judging.plan import chosen, criteria_of, roles

__all__ = ["matches"]

_Named = Mapping[str, frozenset[str]]
"""Bugs by the criterion they explain."""


def matches(record: Record, exam: Exam, rows: Sequence[CriterionResult]) -> tuple[Finding, ...]:
    """The known bugs whose results came back, each with those of `rows` it explains.

    A mistake is matched where its results came back on every fixture of the role that decides
    values: as handed in, else with the other target replaced. Where mistakes of different bugs
    are, what they have in common is named. Where none is, a single bug explains a row if its
    results came back on every fixture of that row, and no other bug's did.
    """
    lost = {row.id for row in rows if row.status in ("failed", "partial")}
    found: list[Finding] = []
    for role in roles(exam):
        sheets = [_Sheet(exam, role, name, run) for name, run in _runs(record, exam, role)]
        named: dict[str, frozenset[str]] = {}
        for sheet in sheets if lost & _decided_by_values(exam, role) else ():
            named = {**_named(sheet, lost), **named}
        for bug in dict.fromkeys(bug for each in named.values() for bug in sorted(each)):
            explained = tuple(row.id for row in rows if bug in named.get(row.id, ()))
            found.append(Finding(role, bug, "matched", explained))
    return tuple(found)


def _decided_by_values(exam: Exam, role: str) -> set[str]:
    return {each.id for each in criteria_of(exam, role) if each.check == "values"}


def _runs(record: Record, exam: Exam, role: str) -> Iterator[tuple[str, Run]]:
    """As handed in, then with the other target replaced; each with its convention's name."""
    task = exam.assignment.task(role)
    exchanges = record.exchanges.get(role, {})
    for name in (MAIN, STAND_IN) if task.mistakes else ():
        if name in exchanges:
            called = exchanges[name].program.convention
            yield called, answers(exchanges[name].run, convention_of(task, called))


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """What one run of a role's target answered."""

    exam: Exam
    role: str
    called: str
    run: Run

    @property
    def task(self) -> Task:
        return self.exam.assignment.task(self.role)

    @property
    def convention(self) -> Convention | None:
        return convention_of(self.task, self.called)

    def answer(self, fixture: Fixture) -> Observation | None:
        return self.run.calls.get(fixture.name)

    def right(self, fixture: Fixture) -> bool:
        found = self.answer(fixture)
        truths = truths_for(fixture, self.convention)
        if found is None or found.value is None or not truths:
            return False
        return closest(found.value, truths).ok

    def narrowed(self, few: Sequence[int], fixtures: Iterable[Fixture]) -> tuple[int, ...]:
        """Of these mistakes those whose results came back on every one of the fixtures."""
        left = tuple(few)
        for fixture in fixtures:
            key = _results(self.exam, self.role, self.called, fixture.name, left)
            left = key.given(self.answer(fixture), scored=fixture.scored)
            if not left:
                break
        return left


def _named(sheet: _Sheet, lost: set[str]) -> dict[str, frozenset[str]]:
    """The bugs that explain the lost criteria which are wrong in this run."""
    asked = _asked(sheet.exam, sheet.role, sheet.called)
    wrong = {
        name: frozenset(each.name for each in fixtures if each.scored and not sheet.right(each))
        for name, fixtures in asked.items()
    }
    wrong = {name: fixtures for name, fixtures in wrong.items() if fixtures}
    every = _in_turns(asked.values())
    if not lost & wrong.keys() or _is_trivial(sheet, every):
        return {}
    missed = frozenset().union(*wrong.values())
    mistakes = sheet.task.mistakes
    told = sorted(every, key=lambda each: (not each.scored, each.name not in missed))
    alike = sheet.narrowed(range(len(mistakes)), told)
    if not alike:
        return _row_by_row(sheet, asked, wrong, lost)
    common = frozenset.intersection(*(frozenset(mistakes[at].bugs) for at in alike))
    shown = next((at for at in alike if frozenset(mistakes[at].bugs) == common), None)
    named = {name: common if shown is None else _due(sheet, shown, name) for name in wrong}
    return {name: bugs for name, bugs in named.items() if bugs and name in lost}


def _row_by_row(
    sheet: _Sheet,
    asked: Mapping[str, Sequence[Fixture]],
    wrong: Mapping[str, frozenset[str]],
    lost: set[str],
) -> dict[str, frozenset[str]]:
    """The single bug by criterion, where exactly one gives all of the criterion's answers."""
    mistakes = sheet.task.mistakes
    single = [at for at, each in enumerate(mistakes) if len(each.bugs) == 1]
    alike: dict[str, set[str]] = {}
    for name, missed in wrong.items():
        decisive = [each for each in asked[name] if each.scored]
        decisive.sort(key=lambda each: each.name not in missed)
        telling = any(_is_telling(sheet, each) for each in decisive if each.name in missed)
        found = sheet.narrowed(single, decisive) if telling else ()
        alike[name] = {mistakes[at].bugs[0] for at in found}
    everywhere = set.intersection(*alike.values())
    named = {name: bugs & everywhere or bugs for name, bugs in alike.items()}
    return {
        name: frozenset(bugs) for name, bugs in named.items() if len(bugs) == 1 and name in lost
    }


def _is_trivial(sheet: _Sheet, fixtures: Sequence[Fixture]) -> bool:
    """Whether the answers need no understanding: they are no mistake of anyone who tried."""
    scored = [each for each in fixtures if each.scored]
    return not any(_is_finite(sheet, each) for each in scored) or any(
        all(_gives(sheet, each, trivial) for each in scored)
        for trivial in sheet.task.trivial.values()
    )


def _is_finite(sheet: _Sheet, fixture: Fixture) -> bool:
    """Whether any number came back, or an exception, which may be a bug's."""
    found = sheet.answer(fixture)
    if found is None or found.value is None:
        return True
    return bool(np.any(np.isfinite(found.value.numbers())))


def _gives(sheet: _Sheet, fixture: Fixture, trivial: Callable[[Inputs], Float64]) -> bool:
    found = sheet.answer(fixture)
    if found is None or found.value is None:
        return False
    return _alike(found.value.numbers(), trivial(fixture.inputs))


def _alike(values: NDArray[Any], trivial: Float64) -> bool:
    if values.shape != trivial.shape:
        return False
    return bool(np.allclose(values, trivial, rtol=1e-5, atol=0.0, equal_nan=True))


def _is_telling(sheet: _Sheet, fixture: Fixture) -> bool:
    """Whether the answer is more than an exception or one number throughout, as many bugs give."""
    found = sheet.answer(fixture)
    if found is None or found.value is None:
        return False
    values = found.value.numbers()
    return values.size > 0 and not bool(np.all(values == values.flat[0]))


def _due(sheet: _Sheet, at: int, criterion: str) -> frozenset[str]:
    return _blame(sheet.exam, sheet.role, sheet.called, at).get(criterion, frozenset())


@lru_cache(maxsize=64)
def _asked(exam: Exam, role: str, called: str) -> dict[str, tuple[Fixture, ...]]:
    """By criterion that is decided by values: its fixtures, but for those that are spared."""
    convention = convention_of(exam.assignment.task(role), called)
    return {
        criterion.id: tuple(
            each for each in chosen(exam, criterion) if not spared(each, convention)
        )
        for criterion in criteria_of(exam, role)
        if criterion.check == "values"
    }


def _in_turns(groups: Iterable[Sequence[Fixture]]) -> tuple[Fixture, ...]:
    """Each once, one of every group by turns, those of middling size first: they tell most."""
    ordered = (sorted(group, key=_usefulness) for group in groups)
    turns = chain.from_iterable(zip_longest(*ordered))
    return tuple({each.name: each for each in turns if each is not None}.values())


def _usefulness(fixture: Fixture) -> tuple[bool, int]:
    size = fixture.truth.expected.size
    return size < 8, size


# What mistakes give, and what single ones of a set would have done.


@dataclass(frozen=True, slots=True, eq=False)
class _Results:
    """What mistakes return on one fixture.

    values   by shape (axes of size one left out): all the results, flat, one a line; how far each
             may be off; whose each is
    raising  those that may raise
    silent   those that nothing is known of
    """

    few: tuple[int, ...]
    values: Mapping[tuple[int, ...], tuple[Float64, Float64, tuple[int, ...]]]
    raising: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()

    def given(self, answer: Observation | None, *, scored: bool) -> tuple[int, ...]:
        """Those whose result the answer is; if not scored, also those that nothing is known of."""
        if answer is None:
            return () if scored else self.few
        found = set() if scored else set(self.silent)
        if answer.outcome == "raised":
            found |= self.raising
        elif answer.value is not None:
            found |= self._equal(answer.value)
        return tuple(at for at in self.few if at in found)

    def _equal(self, value: RawTensor) -> set[int]:
        shape = _long(value.shape)
        if shape not in self.values:
            return set()
        expected, allowed, owners = self.values[shape]
        got = np.asarray(value.numbers(), dtype=np.float64).reshape(1, -1)
        near = np.all(errors(got, expected) <= allowed, axis=-1)
        return {owner for owner, one in zip(owners, near, strict=True) if one}


def _long(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


@dataclass(slots=True)
class _Column:
    """Results of one shape, as they are gathered."""

    values: list[Float64] = field(default_factory=list)
    allowed: list[float] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)


@lru_cache(maxsize=4096)
def _results(exam: Exam, role: str, called: str, fixture: str, few: tuple[int, ...]) -> _Results:
    columns: dict[tuple[int, ...], _Column] = {}
    raising, silent = set(), set()
    for at in few:
        truths = _of(exam, role, called, fixture, at)
        if not truths:
            silent.add(at)
        for truth in truths:
            if truth is None:
                raising.add(at)
                continue
            column = columns.setdefault(_long(truth.expected.shape), _Column())
            column.values.append(truth.expected.ravel())
            column.allowed.append(float(truth.bound.max(initial=0.0)))
            column.owners.append(at)
    values = {
        shape: (np.stack(each.values), np.array(each.allowed)[:, None], tuple(each.owners))
        for shape, each in columns.items()
    }
    return _Results(few, values, frozenset(raising), frozenset(silent))


@lru_cache(maxsize=16384)
def _of(exam: Exam, role: str, called: str, fixture: str, at: int) -> tuple[Truth | None, ...]:
    """What mistake `at` returns on the fixture."""
    task = exam.assignment.task(role)
    return mistaken(task.mistakes[at], _by_name(exam)[fixture], convention_of(task, called))


@lru_cache(maxsize=16)
def _by_name(exam: Exam) -> dict[str, Fixture]:
    return {each.name: each for each in exam.fixtures}


@lru_cache(maxsize=1024)
def _blame(exam: Exam, role: str, called: str, at: int) -> _Named:
    """By criterion: those of the mistake's bugs without which it would hold; if none, all."""
    task = exam.assignment.task(role)
    bugs = frozenset(task.mistakes[at].bugs)
    asked = _asked(exam, role, called)
    if len(bugs) == 1:
        return dict.fromkeys(asked, bugs)
    needed: dict[str, set[str]] = {name: set() for name in asked}
    for bug in sorted(bugs):
        others = _nearest(exam, role, called, at, bugs - {bug})
        for name, own in asked.items():
            scored = [each for each in own if each.scored]
            if others and all(_holds(exam, role, called, one, scored) for one in others):
                needed[name].add(bug)
    return {name: frozenset(found) or bugs for name, found in needed.items()}


def _nearest(exam: Exam, role: str, called: str, at: int, rest: frozenset[str]) -> tuple[int, ...]:
    """Of the mistakes with just these bugs those that most often do what mistake `at` does."""
    mistakes = exam.assignment.task(role).mistakes
    left = tuple(n for n, each in enumerate(mistakes) if frozenset(each.bugs) == rest)
    for fixture in _in_turns(_asked(exam, role, called).values()):
        own = _of(exam, role, called, fixture.name, at) if fixture.scored and left else ()
        if own:
            key = _results(exam, role, called, fixture.name, left)
            left = key.given(_as_answer(own[0]), scored=True) or left
    return left


def _as_answer(truth: Truth | None) -> Observation:
    if truth is None:
        return Observation("raised")
    return Observation("ok", value=_raw(truth.expected))


def _raw(values: Float64) -> RawTensor:
    exact = np.ascontiguousarray(values, dtype="<f8")
    return RawTensor("float64", tuple(exact.shape), exact.tobytes())


def _holds(exam: Exam, role: str, called: str, at: int, fixtures: Iterable[Fixture]) -> bool:
    """Whether a target with mistake `at` is right on all of them."""
    convention = convention_of(exam.assignment.task(role), called)
    return all(
        any(
            one is not None and closest(_raw(one.expected), truths_for(each, convention)).ok
            for one in _of(exam, role, called, each.name, at)
        )
        for each in fixtures
    )
