"""Diagnoses that a check's own experiment has already proved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from grader.core.assignment import Bug
from grader.core.observation import Fault
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult, Diagnosis, Place
from grader.core.slice import Location, Slice
from grader.diagnosis.finding import Finding
from grader.judging.judge import MAIN
from grader.judging.plan import before_hidden, criteria_of, roles

__all__ = ["OWN", "diagnosis_of", "observed", "place", "uncalled"]

OWN: Final[Mapping[str, Bug]] = {
    "missing": Bug(
        "The function asked for was not found in the notebook.",
        "Check its name, and that its cell runs without an error.",
    ),
    "stub": Bug(
        "The function has no body of its own yet.",
        "Replace the placeholder by your implementation and return its result.",
    ),
    "crashes": Bug(
        "The function raises an exception on inputs it should handle.",
        "Call it on the input shown and read the last line of the traceback.",
    ),
    "unsteady": Bug(
        "The same question gets another answer when it is asked again.",
        "Does anything in the function stay from one call to the next, or is it drawn at random?",
    ),
    "draws-random": Bug(
        "Numbers drawn at random go into the result.",
        "Which call draws them, and what would be left without it?",
    ),
    "returns-nothing": Bug(
        "The function ends without returning anything, at least on some inputs.",
        "Print what a call gives. Which line should hand the result back?",
    ),
    "not-numbers": Bug(
        "What comes back is no array of numbers.",
        "Print the type of what a call gives, and compare it with what was asked for.",
    ),
    "timeout": Bug(
        "The function does not end within its time on some inputs.",
        "Look for a loop whose end depends on the values.",
    ),
    "killed": Bug(
        "The process died while the function ran.",
        "Look for code that ends the interpreter or uses memory without bound.",
    ),
}
"""What any function can do wrong, whatever the assignment."""


def observed(exam: Exam, rows: Iterable[CriterionResult]) -> list[Finding]:
    """What the checks' own experiments have proved, in the order the rows first mention it."""
    by_role = {criterion.id: role for role in roles(exam) for criterion in criteria_of(exam, role)}
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for bug in row.diagnoses:
            found.setdefault((by_role[row.id], bug), []).append(row.id)
    return [
        Finding(role, bug, "proved", tuple(criteria)) for (role, bug), criteria in found.items()
    ]


def uncalled(record: Record, exam: Exam) -> Iterator[Finding]:
    """A method that its notebook takes autograd to call; it explains no lost point."""
    for role in roles(exam):
        bug = exam.assignment.task(role).proves.get("uncalled")
        if bug is not None and role in record.slices and record.slices[role].uncalled:
            yield Finding(role, bug, "static")


def diagnosis_of(record: Record, exam: Exam, found: Finding) -> Diagnosis:
    """A finding in words for the student, at its line."""
    words = OWN.get(found.bug) or exam.assignment.words(found.role, found.bug)
    cut = record.slices[found.role]
    crash = _first_fault(record, exam, found.role) if found.bug == "crashes" else None
    return Diagnosis(
        id=found.bug,
        role=found.role,
        confidence=found.confidence,
        message=words.message,
        hint=words.hint,
        location=_fault_place(cut, crash) or place(found.at or cut.location),
        criteria=found.criteria,
    )


def _first_fault(record: Record, exam: Exam, role: str) -> Fault | None:
    """The first exception that a student may know of: none while a hidden fixture ran."""
    exchange = record.exchanges.get(role, {}).get(MAIN)
    if exchange is None:
        return None
    if exchange.run.setup.outcome == "raised":
        return next((fault for _, fault in exchange.run.setup.faults), None)
    calls = before_hidden(exam, exchange.run).values()
    return next((call.fault for call in calls if call.fault), None)


def _fault_place(cut: Slice, fault: Fault | None) -> Place | None:
    """The line a fault names, where it lies in one of the slice's own cells."""
    if fault is None or fault.filename is None or fault.line is None:
        return None
    known = [one.location for one in (*cut.statements, *cut.wide) if one.filename == fault.filename]
    if not known:
        return None
    # counted from the statement it stands in: lines of a cell need not follow each other in a file
    above = [at for at in known if at.line <= fault.line]
    at = max(above, key=lambda at: at.line, default=known[0])
    return Place(
        cell=at.cell,
        cell_id=at.cell_id,
        line=fault.line,
        file_line=None if at.file_line is None else at.file_line + fault.line - at.line,
    )


def place(location: Location | None) -> Place | None:
    """A slice's location as the report spells it."""
    if location is None:
        return None
    return Place(
        cell=location.cell,
        cell_id=location.cell_id,
        line=location.line,
        file_line=location.file_line,
    )
