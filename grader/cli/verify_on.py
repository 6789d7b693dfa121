"""`grader rubric verify --on DIR`: who would get another mark by another rubric."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path

from grader.batch.plan import ExamSpec, fixtures_of, load_exam
from grader.cli.rejudge import assignment_of, moves, unobserved
from grader.cli.screen import progress, screen
from grader.core.errors import StorageError, UsageError
from grader.core.record import Exam
from grader.core.text import inline, plain
from grader.judging.plan import calls_for, roles
from grader.pipeline import rejudge
from grader.store import RunInfo, Store, row_of

__all__ = ["run"]


def run(reference: str, folder: Path) -> int:
    """Judge what is stored, print who would move, write nothing.

    1 where anybody would; StorageError's status where something stored is damaged. UsageError where
    the folder holds answers to other questions than the rubric asks.
    """
    store = Store(folder)
    facts = store.run
    if facts is None:
        raise UsageError(f"{folder} is no output folder of grader's: it has no run.json")
    exam = load_exam(ExamSpec(reference, facts.seed))
    _check(folder, facts, exam, reference)
    asked = _asked(exam)
    before = store.rows()
    told: dict[str, str] = {}
    missing: Counter[str] = Counter()
    damaged: list[str] = []
    identifiers = store.record_ids()
    with progress(len(identifiers)) as advance:
        for identifier in identifiers:
            advance()
            old = before.get(identifier)
            try:
                record = store.record(identifier)
            except StorageError as error:
                damaged.append(str(error))
                continue
            if old is None:
                damaged.append(f"the report of {identifier} is not there or damaged")
                continue
            missing.update(name for name in unobserved(record, exam) if name in asked)
            if moved := moves(old, row_of(rejudge(record, exam).report)):
                told[identifier] = "; ".join(moved)
    out = screen()
    for identifier, line in told.items():
        out.line(f"{identifier}: {inline(line)}")
    judged = len(identifiers) - len(damaged)
    out.line(f"{len(told) or 'none'} of {judged} would move; nothing was written")
    for name, count in missing.items():
        out.line(f"{name} was never observed in {count}; only grading again asks it")
    for line in damaged:
        sys.stderr.write(plain(f"not judged: {line}") + "\n")
    if damaged:
        return StorageError.exit_status
    return 1 if told else 0


def _asked(exam: Exam) -> frozenset[str]:
    """Fixtures that some criterion of the rubric is decided on."""
    keys = (call.key for role in roles(exam) for call in calls_for(exam, role))
    return frozenset(key.split("#", 1)[0] for key in keys)


def _check(folder: Path, facts: RunInfo, exam: Exam, reference: str) -> None:
    """Refuse answers to other questions than the rubric asks."""
    again = (
        f"grader grade {shlex.join(facts.inputs)} --rubric {shlex.quote(reference)} "
        f"--seed {facts.seed} --out {shlex.quote(f'{folder}-2')}"
    )
    now = fixtures_of(exam)
    both = now.keys() & facts.fixtures.keys()
    changed = sorted(name for name in both if now[name] != facts.fixtures[name])
    earlier = assignment_of(facts)
    # two assignments may share their inputs, so that digests alone do not tell them apart
    if len(changed) == len(both) or earlier not in ("", exam.assignment.name):
        known = f" ({earlier})" if earlier else ""
        raise UsageError(
            f"{folder} was graded for another assignment{known} than {exam.assignment.name}, or "
            f"with wholly other fixtures, by {facts.rubric_id} {facts.rubric_version}; name a "
            f"rubric of its own assignment, or grade the submissions by this one: {again}"
        )
    if changed:
        shown = ", ".join(changed[:3]) + (", ..." if changed[3:] else "")
        raise UsageError(
            f"{folder} was graded with other fixtures: {len(changed)} changed since ({shown}), so "
            f"what is stored does not answer them; grade the submissions again: {again}"
        )
