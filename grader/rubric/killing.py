"""Which criterion kills which mutant, and what a rubric or its mutants must have better.

A criterion kills a mutant where it comes out `failed` or `partial`; one that is skipped does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from typing import Final

from grader.core.record import Exam, Graded
from grader.core.report import CriterionResult, CriterionStatus, Report
from grader.judging.plan import criteria_of, roles
from grader.rubric.likeness import did_the_same
from grader.rubric.mutants import Base, Mutant, Mutants

__all__ = ["Killing", "Tried", "kill"]

_KILLED: Final = ("failed", "partial")
_WRONG: Final = ("wrong", "raised", "timed_out", "killed")
_HOW: Final = {"raised": "crashes", "timed_out": "timeout", "killed": "killed"}


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant as it was graded.

    mark, full  what its role's criteria gave it, and what they gave its base
    statuses    of its role's criteria, in the rubric's order
    named       ids the report names for its role, sorted
    """

    mutant: Mutant
    mark: float
    full: float
    statuses: Mapping[str, CriterionStatus]
    named: tuple[str, ...]

    @property
    def killers(self) -> tuple[str, ...]:
        return tuple(name for name, status in self.statuses.items() if status in _KILLED)

    @property
    def survives(self) -> bool:
        return self.mark >= self.full

    @property
    def named_right(self) -> bool:
        """Whether what is named is true of it and all that is: no more, no less."""
        return set(self.mutant.bugs) <= set(self.named) <= {*self.mutant.bugs, *self.mutant.also}


@dataclass(frozen=True, slots=True)
class Killing:
    """Every mutant that counts, in order; `wrong` has all that must be better, in sentences.

    dropped  pairs that do nothing of their own, and the name of what does the same
    """

    tried: tuple[Tried, ...]
    dropped: Mapping[str, str]
    wrong: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.wrong


def kill(
    exam: Exam,
    mutants: Mutants,
    references: Sequence[Report],
    grade: Callable[[Base | Mutant], Graded],
) -> Killing:
    """Grade every base and mutant, and say what is wrong with rubric, fixtures or mutants.

    references  reports of other programs: a fixture may find what no mutant does
    """
    bases = {base.name: (base, grade(base)) for base in mutants.bases}
    graded = {mutant.name: grade(mutant) for mutant in mutants.mutants}
    dropped: dict[str, str] = {}
    for mutant in mutants.mutants:
        if mutant.singles:
            there = {name: graded[name] for name in mutant.singles}
            there |= {mutant.base: bases[mutant.base][1]}
            if same := _same_as(exam, mutant, graded[mutant.name], there):
                dropped[mutant.name] = same
    tried = tuple(
        _tried(exam, mutant, graded[mutant.name].report, bases[mutant.base][1].report)
        for mutant in mutants.mutants
        if mutant.name not in dropped
    )
    reports = [*references, *(each.report for _, each in bases.values())]
    reports += [graded[each.mutant.name].report for each in tried]
    wrong = [line for base, each in bases.values() for line in _wrong_base(exam, base, each.report)]
    for each in tried:
        base = bases[each.mutant.base][1]
        wrong += _wrong_mutant(exam, each, graded[each.mutant.name], base, binding=mutants.binding)
    if mutants.binding:
        wrong += _wrong_criteria(exam, mutants, tried)
        wrong += _wrong_fixtures(exam, mutants, reports)
        wrong += _wrong_bugs(exam, mutants)
    return Killing(tried, dropped, tuple(wrong))


def _same_as(exam: Exam, mutant: Mutant, graded: Graded, others: Mapping[str, Graded]) -> str:
    """The name of what does the same as the mutant and is judged the same; empty: nothing."""
    statuses = _statuses(exam, mutant.role, graded.report)
    return next(
        (
            name
            for name, other in others.items()
            if statuses == _statuses(exam, mutant.role, other.report)
            and did_the_same(graded.record, other.record, mutant.role)
        ),
        "",
    )


def _tried(exam: Exam, mutant: Mutant, report: Report, base: Report) -> Tried:
    named = {each.id for each in report.diagnoses if each.role == mutant.role}
    return Tried(
        mutant=mutant,
        mark=_mark(exam, mutant.role, report),
        full=_mark(exam, mutant.role, base),
        statuses=_statuses(exam, mutant.role, report),
        named=tuple(sorted(named)),
    )


def _rows(exam: Exam, role: str, report: Report) -> tuple[CriterionResult, ...]:
    wanted = {criterion.id for criterion in criteria_of(exam, role)}
    return tuple(row for row in report.criteria if row.id in wanted)


def _statuses(exam: Exam, role: str, report: Report) -> dict[str, CriterionStatus]:
    return {row.id: row.status for row in _rows(exam, role, report)}


def _mark(exam: Exam, role: str, report: Report) -> float:
    rows = {row.id: row.points for row in _rows(exam, role, report)}
    adjusted = sum(each.points for each in report.adjustments if each.criterion in rows)
    return round(sum(rows.values()) + adjusted, 2)


def _wrong_base(exam: Exam, base: Base, report: Report) -> Iterator[str]:
    if report.status == "ungradable":
        yield f"{base.name} could not be graded: {report.reason}"
    for row in _rows(exam, base.role, report):
        if row.status not in ("passed", "not_applicable"):
            yield f"{base.name} is no base: {row.id} {row.status}, expected passed{_where(row)}"
        elif row.points != row.max_points:
            yield f"{base.name} is no base: {row.id} has {row.points:g} of {row.max_points:g}"
    for each in report.diagnoses:
        if each.role == base.role:
            yield f"{base.name} is right, and `{each.id}` is named"


def _wrong_mutant(
    exam: Exam, tried: Tried, graded: Graded, base: Graded, *, binding: bool
) -> Iterator[str]:
    mutant, report = tried.mutant, graded.report
    name = mutant.name
    errors = [row for row in _rows(exam, mutant.role, report) if row.status == "error"]
    if errors or report.status == "ungradable":
        yield f"{name} could not be judged: {report.reason or errors[0].feedback}"
        return
    if tried.survives:
        same = did_the_same(graded.record, base.record, mutant.role)
        told = ": on every fixture it does what its base does" if same else ""
        yield f"{name} survives with all {tried.full:g} points{told}"
    known = {*mutant.bugs, *mutant.also, *_how_it_went(exam, mutant.role, report)}
    known |= exam.assignment.task(mutant.role).behaviours
    for each in report.diagnoses:
        of_base = {(one.role, one.id) for one in base.report.diagnoses}
        if each.role == mutant.role and each.id not in known:
            yield f"{name} is named `{each.id}`, which is not true of it ({', '.join(mutant.bugs)})"
        elif each.role != mutant.role and (each.role, each.id) not in of_base:
            yield f"{name} is named `{each.id}` in {each.role}, where it is no mutant"
    if not binding:
        return
    allowed = (*_KILLED, "skipped") if mutant.singles else _KILLED
    for criterion in mutant.killed_by:
        status = tried.statuses.get(criterion, "not judged")
        if status not in allowed:
            yield f"{name} is not killed by {criterion} ({status}), as it must be"
    low, high = mutant.marks
    if not low <= tried.mark <= high:
        yield f"{name} has {tried.mark:g} points, expected {low:g} to {high:g}"


def _wrong_criteria(exam: Exam, mutants: Mutants, tried: Sequence[Tried]) -> Iterator[str]:
    for role in roles(exam):
        here = [each for each in tried if each.mutant.role == role]
        if not here:
            yield f"{role} has no mutants"
            continue
        kills = {
            criterion.id: frozenset(
                each.mutant.name for each in here if criterion.id in each.killers
            )
            for criterion in criteria_of(exam, role)
        }
        for name, killed in kills.items():
            if killed and name in mutants.kills_nothing:
                yield f"{name} is declared to kill nothing, and kills {min(killed)}"
            elif not killed and name not in mutants.kills_nothing:
                yield f"{name} kills nothing"
        yield from _too_alike(kills, mutants)


def _too_alike(kills: Mapping[str, frozenset[str]], mutants: Mutants) -> Iterator[str]:
    """Criteria of one role that kill the same, and are not said to; or are, and do not."""
    killing = sorted((name for name in kills if kills[name]), key=lambda name: sorted(kills[name]))
    for _, group in groupby(killing, key=lambda name: kills[name]):
        same = sorted(group, key=list(kills).index)
        declared = any(each.criteria >= set(same) for each in mutants.alike)
        if len(same) > 1 and not declared:
            yield f"{' and '.join(same)} kill the same mutants"
    for each in mutants.alike:
        for one, other in combinations(sorted(each.criteria & kills.keys()), 2):
            if kills[one] != kills[other]:
                between = min(kills[one] ^ kills[other])
                yield f"{one} and {other} are declared alike, and {between} tells them apart"


def _wrong_fixtures(exam: Exam, mutants: Mutants, reports: Sequence[Report]) -> Iterator[str]:
    """Scored fixtures that find nothing which the others of their criteria would miss."""
    for name, idle in _idle(exam, reports).items() if mutants.whole else ():
        if idle and name not in mutants.idle:
            yield f"{name} is idle: whoever is wrong on it is wrong on every other of its criterion"
        elif not idle and name in mutants.idle:
            yield f"{name} is declared idle, and is not"


def _idle(exam: Exam, reports: Sequence[Report]) -> dict[str, bool]:
    """By scored fixture that a criterion asks for; idle in all criteria that do.

    A fixture tells where it is wrong and another of the criterion is right. One that never tells
    is idle where it finds nothing at all, or misses what another finds; if all fixtures of a
    criterion find the same, none of them is.
    """
    asked, finds, tells, misses = (set[tuple[str, str]]() for _ in range(4))
    for row in (row for report in reports for row in report.criteria):
        outcomes = {(row.id, each.fixture): each.outcome for each in row.evidence if each.scored}
        wrong = {pair for pair, outcome in outcomes.items() if outcome in _WRONG}
        right = {pair for pair, outcome in outcomes.items() if outcome == "ok"}
        asked |= outcomes.keys()
        finds |= wrong
        tells |= wrong if right else set()
        misses |= right if wrong else set()
    busy = {fixture for _, fixture in tells | (finds - misses)}
    known = {fixture for _, fixture in asked}
    return {each.name: each.name not in busy for each in exam.fixtures if each.name in known}


def _wrong_bugs(exam: Exam, mutants: Mutants) -> Iterator[str]:
    behaviours = {bug for task in exam.assignment.tasks for bug in task.behaviours}
    for bug in exam.assignment.bugs:
        if bug in behaviours:
            continue  # a mutant has a cause
        declared = bug in mutants.without_mutant
        if bug in mutants.with_mutant and declared:
            yield f"`{bug}` is declared to have no mutant, and has one"
        elif bug not in mutants.with_mutant and not declared:
            yield f"`{bug}` has no mutant"


def _how_it_went(exam: Exam, role: str, report: Report) -> Iterator[str]:
    """Ids that say no more than what was seen to happen: no false accusation, and no cause."""
    for row in _rows(exam, role, report):
        yield from (_HOW[each.outcome] for each in row.evidence if each.outcome in _HOW)


def _where(row: CriterionResult) -> str:
    """The first fixture that does not hold."""
    first = next((each for each in row.evidence if each.outcome != "ok"), None)
    return f" ({first.fixture}: {first.outcome})" if first else ""
