"""The report of one submission, assembled from its record, verdicts and diagnoses."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Final, Literal

from grader.core.observation import Exchange, Run
from grader.core.record import Exam, Record, role_of
from grader.core.report import (
    RUN_NOTE,
    CriterionResult,
    Diagnosis,
    Execution,
    Isolation,
    Policy,
    RepairFacts,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
    TargetFacts,
    Written,
)
from grader.core.text import plain
from grader.core.verdict import Verdict
from grader.diagnosis.naming import name_bugs, repairs_of
from grader.diagnosis.observed import place
from grader.judging.calling import convention_of
from grader.judging.discovery import choose
from grader.judging.judge import MAIN
from grader.judging.plan import before_hidden
from grader.judging.score import Scored, score
from grader.repairing.verified import Verified
from grader.reporting.answered import answers_of
from grader.reporting.headline import headline

__all__ = ["assemble"]

NOT_CONFINED: Final = "the code was not confined: --isolation none"
MOST_OUTPUT: Final = 8_000


def assemble(record: Record, exam: Exam, verdicts: Mapping[str, Verdict]) -> Report:
    """The report; everything outside its `run` block is a function of the arguments."""
    repairs = {} if record.fault or record.ungradable else repairs_of(record, exam)
    mended = {name: each for found in repairs.values() for name, each in found.verdicts.items()}
    main_role = exam.assignment.tasks[0].role
    scored = score(exam.rubric, verdicts, main_role=main_role, mended=mended)
    status, reason = _status(record, scored)
    rows: tuple[CriterionResult, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    if status != "ungradable":
        rows, diagnoses = name_bugs(record, exam, scored.rows, repairs)
    return Report(
        submission=SubmissionFacts(
            id=record.submission_id,
            source=record.source,
            sha256=record.sha256,
            format=record.format,
        ),
        rubric=RubricFacts(
            id=exam.rubric.id,
            version=exam.rubric.version,
            sha256=exam.rubric_sha256,
            policy=Policy(bonus=exam.rubric.bonus, late=exam.rubric.late, caps=exam.rubric.caps),
        ),
        status=status,
        reason=reason,
        headline=headline(diagnoses, rows),
        automatic=scored.automatic,
        manual=scored.manual,
        final=scored.final,
        adjustments=scored.adjustments,
        targets=tuple(_target(record, exam, key) for key in record.slices if key == role_of(key)),
        criteria=rows,
        diagnoses=diagnoses,
        repairs=tuple(
            _repair(exam, record, role, found, scored) for role, found in repairs.items()
        ),
        written=tuple(_written(record)),
        answers=answers_of(record.answers, exam.rubric),
        execution=None if record.ungradable else _execution(record, exam),
        run=_run_facts(record),
    )


def _repair(exam: Exam, record: Record, role: str, found: Verified, scored: Scored) -> RepairFacts:
    repair = record.repairs[role]
    first = repair.sets[0]
    others = dict.fromkeys(each.bugs for each in repair.sets if each.bugs != first.bugs)
    criteria = dict.fromkeys(name for names in found.explains for name in names)
    return RepairFacts(
        role=role,
        bugs=first.bugs,
        diff=plain(first.diff),
        criteria=tuple(criteria),
        tried=repair.tried,
        alternatives=tuple(others),
        points=float(sum(scored.gains.get(name, 0) for name in found.verdicts)),
        revealed=exam.rubric.reveal_repair,
    )


def _status(
    record: Record, scored: Scored
) -> tuple[Literal["graded", "needs_person", "ungradable"], str]:
    if record.ungradable:
        return "ungradable", record.ungradable
    if record.fault:
        return "ungradable", f"needs a person: {record.fault}"
    return ("needs_person", "; ".join(scored.open)) if scored.open else ("graded", "")


def _target(record: Record, exam: Exam, role: str) -> TargetFacts:
    cut = record.slices[role]
    exchanges = record.exchanges.get(role, {})
    form, basis, called = "", "inspected", None
    if MAIN in exchanges:
        form = exchanges[MAIN].run.setup.form
        task = exam.assignment.task(role)
        convention = convention_of(task, exchanges[MAIN].program.convention)
        if convention is not None:
            form, basis = convention.form, choose(exam, task, cut, exchanges).basis
            called = convention.name
    return TargetFacts(
        role=role,
        symbol=cut.symbol or None,
        form=form or None,
        form_basis=basis if form else None,
        location=place(cut.location),
        convention=called,
    )


def _written(record: Record) -> Iterator[Written]:
    for role, passages in record.written.items():
        for passage in passages:
            yield Written(role=role, location=place(passage.location), text=plain(passage.text))


def _execution(record: Record, exam: Exam) -> Execution:
    runs = [exchange.run for named in record.exchanges.values() for exchange in named.values()]
    mains = [named[MAIN].run for named in record.exchanges.values() if MAIN in named]
    return Execution(
        isolation=Isolation(mode=record.isolation, layers=runs[0].layers if runs else ()),
        limits={name: float(value) for name, value in asdict(record.limits).items()},
        stdout=_printed(exam, mains, "stdout"),
        stderr=_printed(exam, mains, "stderr"),
        hidden_output=any(_hidden_output(exam, run) for run in mains),
        notes=_notes(record, runs),
    )


def _printed(exam: Exam, runs: list[Run], stream: Literal["stdout", "stderr"]) -> str:
    """What the cells and the calls before any hidden fixture printed, once each, cut."""
    parts: dict[str, None] = {}
    for run in runs:
        parts[getattr(run.setup, stream)] = None
        for call in before_hidden(exam, run).values():
            parts[getattr(call, stream)] = None
    text = "".join(parts)
    return text if len(text) <= MOST_OUTPUT else text[:MOST_OUTPUT] + "\n(cut)"


def _hidden_output(exam: Exam, run: Run) -> bool:
    shown = before_hidden(exam, run)
    return any(call.stdout or call.stderr for key, call in run.calls.items() if key not in shown)


def _notes(record: Record, runs: list[Run]) -> tuple[str, ...]:
    notes = [NOT_CONFINED] if record.isolation == "none" else []
    notes += [
        note.text if note.cell is None else f"cell {note.cell}: {note.text}"
        for note in (*record.notes, *(note for cut in record.slices.values() for note in cut.notes))
    ]
    notes += [note for named in record.exchanges.values() for note in _failed(named.get(MAIN))]
    notes += [f"{RUN_NOTE}{note}" for run in runs for note in run.notes]
    for role, repair in record.repairs.items():
        notes += [f"{role_of(role)}: the rule {name} failed here" for name in repair.unread]
    if record.retried:
        notes.append("run again alone, with twice the limits")
    return tuple(dict.fromkeys(notes))


def _failed(main: Exchange | None) -> Iterator[str]:
    """Statements of the slice that raised though the target needs them."""
    for number, fault in main.run.setup.faults if main is not None else ():
        statements = main.program.statements if main is not None else ()
        if 0 <= number < len(statements) and not statements[number].tolerant:
            at = statements[number].location
            yield f"cell {at.cell}: line {at.line} raised {fault.type}: {fault.message}"


def _run_facts(record: Record) -> RunFacts:
    runs = [exchange.run for named in record.exchanges.values() for exchange in named.values()]
    return RunFacts(
        seconds=round(sum(run.seconds for run in runs), 4),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        environment={
            "grader": metadata.version("grader"),
            "machine": platform.machine(),
            "python": platform.python_version(),
            "system": platform.system(),
            "torch": record.torch,
            "cores": str(os.cpu_count()),
        },
    )
