"""What a student may see of a report: the one gate for every page, export and log they get."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from grader.core.report import (
    RUN_NOTE,
    Adjustment,
    CriterionResult,
    Diagnosis,
    Evidence,
    Execution,
    RepairFacts,
    Report,
    RubricFacts,
)
from grader.judging.score import open_reasons
from grader.reporting.headline import headline

__all__ = ["student_view"]

HIDDEN_NAME: Final = "hidden"
NOT_JUDGED: Final = "The grader could not judge this: a person will."
JUDGED_SINCE: Final = "The grader could not judge this: a person did."
A_PERSON: Final = "a person"
EXCUSE: Final = "excuse"
OVERRIDE: Final = "override"
ELSEWHERE: Final = "it waits for a person"


def student_view(report: Report) -> Report:
    """The report without anything that would tell a hidden fixture or criterion.

    Dropped: hidden criteria, also where a reason or another row's feedback names them; of evidence
    on hidden fixtures all but its outcome (name, numbers, exception text); numbers and text of
    fixtures shown for information, which are asked after hidden ones and could repeat them;
    repairs, unless the rubric reveals them; who decided by hand and when, and why somebody is
    excused, which concerns one of a group only; whether a result on a hidden fixture was close;
    diagnoses that only hidden criteria explain; notes on how a run went; timing. Printed output
    needs no dropping here: a report holds only what was printed before any hidden fixture ran.
    """
    hidden = tuple(row for row in report.criteria if row.visibility != "visible")
    decided = {each.criterion for each in report.adjustments if each.kind == OVERRIDE}
    rows = tuple(
        _row(row, hidden, decided=not decided.isdisjoint((row.id, None)))
        for row in report.criteria
        if row.visibility == "visible"
    )
    seen = {row.id for row in rows}
    diagnoses = tuple(
        _diagnosis(each, seen)
        for each in report.diagnoses
        if not each.criteria or seen & set(each.criteria)
    )
    return report.model_copy(
        update={
            "reason": _reason(report, rows, hidden, decided),
            # as when it was made: what a person marks by hand, no bug explains
            "headline": headline(diagnoses, [row for row in rows if row.marked is None]),
            "criteria": rows,
            "answers": tuple(each for each in report.answers if each.criterion in seen),
            "diagnoses": diagnoses,
            "repairs": tuple(
                _repair(each, seen, diagnoses) for each in report.repairs if each.revealed
            ),
            "rubric": _rubric(report.rubric, seen),
            "adjustments": tuple(
                _adjustment(each)
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


def _rubric(facts: RubricFacts, seen: Collection[str]) -> RubricFacts:
    caps = tuple(each for each in facts.policy.caps if each.failed in seen)
    return facts.model_copy(update={"policy": facts.policy.model_copy(update={"caps": caps})})


def _adjustment(each: Adjustment) -> Adjustment:
    """Without who it was: an appeal goes to the course, not to one of its markers."""
    if each.entry is None:
        return each
    reason = "" if each.kind == EXCUSE else each.reason
    return each.model_copy(update={"by": A_PERSON, "at": None, "entry": None, "reason": reason})


def _execution(execution: Execution | None) -> Execution | None:
    if execution is None:
        return None
    notes = tuple(note for note in execution.notes if not note.startswith(RUN_NOTE))
    return execution.model_copy(update={"notes": notes})


def _reason(
    report: Report,
    rows: tuple[CriterionResult, ...],
    hidden: tuple[CriterionResult, ...],
    decided: Collection[str | None],
) -> str:
    if report.status != "needs_person" or not hidden:
        return report.reason
    return "; ".join(open_reasons(rows, decided)) or ELSEWHERE


def _row(
    row: CriterionResult, hidden: tuple[CriterionResult, ...], *, decided: bool
) -> CriterionResult:
    nobody = {"by": A_PERSON, "at": "", "entry": ""}
    bad = [each for each in row.evidence if each.scored and each.outcome != "ok"]
    return row.model_copy(
        update={
            "feedback": JUDGED_SINCE
            if decided and row.status == "error"
            else _feedback(row, hidden),
            "marked": row.marked and row.marked.model_copy(update=nobody),
            "close": row.close and all(each.visibility == "visible" for each in bad),
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
