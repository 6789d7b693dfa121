"""All that is known of a submission's bugs, the strongest evidence first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from grader.core.record import Exam, Record
from grader.core.report import CriterionResult, Diagnosis
from grader.diagnosis.behaviour import behaviours
from grader.diagnosis.finding import Confidence, Finding
from grader.diagnosis.matched import matches
from grader.diagnosis.observed import diagnosis_of, observed, uncalled
from grader.judging.plan import roles
from grader.repairing.verified import Verified, verified

__all__ = ["name_bugs", "repairs_of"]

LOST = ("failed", "partial", "skipped")
HOW = "crashes"
"""It tells how a call ended and not why: it gives way to a cause that explains the same rows."""

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
    is not explained by then; of what is left the behaviour is told without a cause. Of each role
    those that explain most come first.
    """
    known = [*observed(exam, rows), *_proved(repairs)]
    explained = {name for each in known if each.bug != HOW for name in each.criteria}
    dependent = _dependent(exam, known)
    matched = (each for each in matches(record, exam, rows) if each.role not in dependent)
    known += _narrowed(matched, {row.id for row in rows} - explained)
    explained |= {name for each in known if each.bug != HOW for name in each.criteria}
    open_rows = [row for row in rows if row.status in LOST and row.id not in explained]
    known += (each for each in behaviours(record, exam, open_rows) if each.role not in dependent)
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


def _dependent(exam: Exam, known: Iterable[Finding]) -> set[str]:
    """Roles whose target's answers depend on more than its argument: they may look like anything."""
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
