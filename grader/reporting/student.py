"""What a student may see of a report: the one gate for every page, export and log they get."""

from __future__ import annotations

from typing import Final

from grader.core.report import CriterionResult, Diagnosis, Evidence, Report

__all__ = ["student_view"]

HIDDEN_NAME: Final = "hidden"


def student_view(report: Report) -> Report:
    """The report without anything that would tell a hidden fixture or criterion.

    Dropped: hidden criteria; of evidence on hidden fixtures all but its outcome (name, numbers,
    exception text); diagnoses that only hidden criteria explain; timing. Printed output needs no
    dropping here: a report holds only what was printed before any hidden fixture ran.
    """
    rows = tuple(_row(row) for row in report.criteria if row.visibility == "visible")
    seen = {row.id for row in rows}
    return report.model_copy(
        update={
            "criteria": rows,
            "diagnoses": tuple(
                _diagnosis(each, seen) for each in report.diagnoses if seen & set(each.criteria)
            ),
            "adjustments": tuple(
                each
                for each in report.adjustments
                if each.criterion is None or each.criterion in seen
            ),
            "run": report.run.model_copy(update={"seconds": 0.0}),
        }
    )


def _row(row: CriterionResult) -> CriterionResult:
    return row.model_copy(update={"evidence": tuple(_evidence(each) for each in row.evidence)})


def _evidence(each: Evidence) -> Evidence:
    if each.visibility == "visible":
        return each
    return Evidence(
        fixture=HIDDEN_NAME, outcome=each.outcome, visibility="hidden", scored=each.scored
    )


def _diagnosis(each: Diagnosis, seen: set[str]) -> Diagnosis:
    return each.model_copy(
        update={"criteria": tuple(name for name in each.criteria if name in seen)}
    )
