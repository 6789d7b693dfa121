"""All that is known of a submission's bugs, the strongest evidence first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from grader.core.record import Exam, Record
from grader.core.report import CriterionResult, Diagnosis
from grader.diagnosis.behaviour import behaviours
from grader.diagnosis.finding import Confidence, Finding
from grader.diagnosis.matched import matches
from grader.diagnosis.observed import diagnosis_of, observed, uncalled
from grader.judging.checks import FOLLOWING
from grader.judging.plan import roles
from grader.repairing.verified import Verified, verified

__all__ = ["name_bugs", "repairs_of"]

LOST = ("failed", "partial", "skipped")
HOW = "crashes"
"""It tells how a call ended and not why: it gives way to a cause that explains the same rows."""

SUREST: Final[Sequence[Confidence]] = ("proved", "matched", "static")

Rows = Sequence[CriterionResult]


def repairs_of(record: Record, exam: Exam) -> dict[str, Verified]:
    """The verified repair of each role that has one; of a settled record."""
    found = {
        role: verified(
            exam,
            role,
            record.slices[role],
            record.exchanges.get(role, {}),
            record.repairs.get(role),
        )
        for role in roles(exam)
        if role in record.slices
    }
    return {role: each for role, each in found.items() if each is not None}


def name_bugs(
    record: Record, exam: Exam, rows: Rows, repairs: Mapping[str, Verified]
) -> tuple[tuple[CriterionResult, ...], tuple[Diagnosis, ...]]:
    """The rows with the bugs that explain them, and one diagnosis a bug and role.

    What an experiment of a check or a repair has proved comes first; outputs are matched for what
    is not explained by then. Of a role for which there is no cause at all the behaviour is told. Of
    each role those that explain most come first.
    """
    following = _following(exam)
    seen = observed(exam, rows)
    known = [each for each in seen if not set(each.criteria) <= following]
    known += _proved(repairs)
    dependent = _dependent(exam, known)
    later = [each for each in seen if set(each.criteria) <= following]
    later += matches(record, exam, rows)
    known += _narrowed((each for each in later if each.role not in dependent), _open(rows, known))
    lost = [row for row in rows if row.status in LOST and row.id in _open(rows, known)]
    causes = [each for each in known if each.bug != HOW and not set(each.criteria) <= following]
    caused = dependent | {each.role for each in causes}
    known += (each for each in behaviours(record, exam, lost) if each.role not in caused)
    found = _without_how(_merged(known, rows))
    order = {role: at for at, role in enumerate(roles(exam))}
    found.sort(key=lambda each: (order[each.role], -len(each.criteria)))
    told = tuple(_told(row, found) for row in rows)
    diagnoses = [diagnosis_of(record, exam, each) for each in (*found, *uncalled(record, exam))]
    return told, tuple(diagnoses)


def _proved(repairs: Mapping[str, Verified]) -> Iterator[Finding]:
    """The bugs whose repair was verified; where equally small repairs disagree, what they share."""
    for role, repair in repairs.items():
        for change, criteria in zip(repair.changes, repair.explains, strict=True):
            if repair.alone or change.bug in repair.agreed:
                confidence: Confidence = "proved" if repair.alone else "matched"
                yield Finding(role, change.bug, confidence, criteria, change.places[0])


def _following(exam: Exam) -> frozenset[str]:
    """Criteria that may be lost in consequence of what another one shows."""
    return frozenset(each.id for each in exam.rubric.criteria if each.check in FOLLOWING)


def _open(rows: Rows, known: Iterable[Finding]) -> set[str]:
    """Criteria for which no cause is known yet."""
    explained = {name for each in known if each.bug != HOW for name in each.criteria}
    return {row.id for row in rows} - explained


def _dependent(exam: Exam, known: Iterable[Finding]) -> set[str]:
    """Roles whose target's answers depend on more than its argument: they may look like any."""
    return {
        each.role
        for each in known
        if each.bug in ("unsteady", exam.assignment.task(each.role).proves.get("own-argument"))
    }


def _narrowed(found: Iterable[Finding], names: set[str]) -> Iterator[Finding]:
    for each in found:
        criteria = tuple(name for name in each.criteria if name in names)
        if criteria:
            yield replace(each, criteria=criteria)


def _merged(found: Iterable[Finding], rows: Rows) -> list[Finding]:
    """One finding a role and bug, as sure as the surest of them, for rows that were lost."""
    lost = [row.id for row in rows if row.status in LOST]
    merged: dict[tuple[str, str], Finding] = {}
    for each in found:
        before = merged.get((each.role, each.bug), each)
        names = {*before.criteria, *each.criteria}
        merged[each.role, each.bug] = replace(
            before,
            confidence=min(before.confidence, each.confidence, key=SUREST.index),
            criteria=tuple(name for name in lost if name in names),
            at=before.at or each.at,
        )
    return list(merged.values())


def _without_how(found: list[Finding]) -> list[Finding]:
    causes = {name for each in found if each.bug != HOW for name in each.criteria}
    return [each for each in found if each.bug != HOW or not set(each.criteria) <= causes]


def _told(row: CriterionResult, found: Iterable[Finding]) -> CriterionResult:
    bugs = tuple(dict.fromkeys(each.bug for each in found if row.id in each.criteria))
    return row if bugs == row.diagnoses else row.model_copy(update={"diagnoses": bugs})
