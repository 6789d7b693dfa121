"""What a student may see of a report: the one gate for every page, export and log they get."""

from __future__ import annotations

from typing import Final

from grader.core.report import (
    RUN_NOTE,
    CriterionResult,
    Diagnosis,
    Evidence,
    Execution,
    RepairFacts,
    Report,
)
from grader.judging.score import open_reasons
from grader.reporting.headline import headline

__all__ = ["student_view"]

HIDDEN_NAME: Final = "hidden"
NOT_JUDGED: Final = "The grader could not judge this: a person will."
ELSEWHERE: Final = "it waits for a person"


def student_view(report: Report) -> Report:
    """The report without anything that would tell a hidden fixture or criterion.

    Dropped: hidden criteria, also where a reason or another row's feedback names them; of evidence
    on hidden fixtures all but its outcome (name, numbers, exception text); numbers and text of
    fixtures shown for information, which are asked after hidden ones and could repeat them;
    repairs, unless the rubric reveals them;
    diagnoses that only hidden criteria explain; notes on how a run went; timing. Printed output
    needs no dropping here: a report holds only what was printed before any hidden fixture ran.
    """
    hidden = tuple(row for row in report.criteria if row.visibility != "visible")
    rows = tuple(_row(row, hidden) for row in report.criteria if row.visibility == "visible")
    seen = {row.id for row in rows}
    diagnoses = tuple(
        _diagnosis(each, seen)
        for each in report.diagnoses
        if not each.criteria or seen & set(each.criteria)
    )
    return report.model_copy(
        update={
            "reason": _reason(report, rows, hidden),
            "headline": headline(diagnoses, rows),
            "criteria": rows,
            "diagnoses": diagnoses,
            "repairs": tuple(
                _repair(each, seen, diagnoses) for each in report.repairs if each.revealed
            ),
            "adjustments": tuple(
                each
                for each in report.adjustments
                if each.criterion is None or each.criterion in seen
            ),
            "execution": _execution(report.execution),
            "run": report.run.model_copy(update={"seconds": 0.0}),
        }
    )


def _repair(each: RepairFacts, seen: set[str], diagnoses: tuple[Diagnosis, ...]) -> RepairFacts:
    """The diff and what it mends, where every bug in it may be seen; else nothing but its role."""
    shown = {one.id for one in diagnoses}
    open_to_all = shown.issuperset(each.bugs)
    return RepairFacts(
        role=each.role,
        bugs=tuple(bug for bug in each.bugs if bug in shown),
        diff=each.diff if open_to_all else "",
        criteria=tuple(name for name in each.criteria if name in seen),
        tried=0,
        revealed=True,
    )


def _execution(execution: Execution | None) -> Execution | None:
    if execution is None:
        return None
    notes = tuple(note for note in execution.notes if not note.startswith(RUN_NOTE))
    return execution.model_copy(update={"notes": notes})


def _reason(
    report: Report, rows: tuple[CriterionResult, ...], hidden: tuple[CriterionResult, ...]
) -> str:
    if report.status != "needs_person" or not hidden:
        return report.reason
    return "; ".join(open_reasons(rows)) or ELSEWHERE


def _row(row: CriterionResult, hidden: tuple[CriterionResult, ...]) -> CriterionResult:
    return row.model_copy(
        update={
            "feedback": _feedback(row, hidden),
            "evidence": tuple(_evidence(each) for each in row.evidence),
        }
    )


def _feedback(row: CriterionResult, hidden: tuple[CriterionResult, ...]) -> str:
    """Without the fixtures that an error lists and the hidden criteria that a skip quotes."""
    if row.status == "error":
        return NOT_JUDGED
    text = row.feedback
    for other in hidden:
        text = text.replace(f"“{other.title}”", "another criterion")
    return text


def _evidence(each: Evidence) -> Evidence:
    if each.visibility == "visible" and each.scored:
        return each
    name = each.fixture if each.visibility == "visible" else HIDDEN_NAME
    return Evidence(
        fixture=name, outcome=each.outcome, visibility=each.visibility, scored=each.scored
    )


def _diagnosis(each: Diagnosis, seen: set[str]) -> Diagnosis:
    return each.model_copy(
        update={"criteria": tuple(name for name in each.criteria if name in seen)}
    )
