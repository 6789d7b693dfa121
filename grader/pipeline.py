"""One submission from file to report: read -> slice -> run -> judge -> diagnose -> report."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from grader.core.assignment import Assignment
from grader.core.errors import RubricError, SandboxFault, Ungradable
from grader.core.notebook import Note, Notebook
from grader.core.observation import Exchange, Limits
from grader.core.record import Exam, Graded, Record, Runner, Submission, key_of, role_of
from grader.core.slice import Passage, Slice
from grader.judging.judge import judge
from grader.judging.plan import roles
from grader.judging.settle import best_key, settle
from grader.notebook import read
from grader.observing import observe_relations, observe_repair, observe_target
from grader.reporting.assemble import assemble
from grader.slicing import candidates, cut, nothing, prose
from grader.slicing.answers import answers

__all__ = [
    "Exam",
    "Graded",
    "Limits",
    "Record",
    "Runner",
    "Submission",
    "grade",
    "observe",
    "rejudge",
    "template_of",
]

MOST_HALTED: Final = 2
"""So many definitions that may fill a role may run into a limit; further ones are not tried."""


def grade(
    submission: Submission,
    exam: Exam,
    runner: Runner,
    *,
    names: Mapping[str, str] | None = None,
    alone: bool = False,
) -> Graded:
    """Grade one submission.

    names  the wanted name by role, where it is not the assignment's (`--target`)
    alone  nothing else runs and the runner's limits are doubled: time-outs and kills count now
    """
    return rejudge(observe(submission, exam, runner, names=names or {}, alone=alone), exam)


def rejudge(record: Record, exam: Exam) -> Graded:
    """Judge a record, fresh or stored; nothing is run."""
    settled = settle(record, exam)
    return Graded(assemble(settled, exam, judge(settled, exam)), record)


def template_of(assignment: Assignment) -> Notebook | None:
    """The notebook that was handed out, None where the assignment names none.

    RubricError where it cannot be read.
    """
    return _read_template(assignment.folder / assignment.template) if assignment.template else None


@cache
def _read_template(path: Path) -> Notebook:
    try:
        return read(path.read_bytes(), path.name)
    except (OSError, Ungradable) as error:
        raise RubricError((f"{path}: the template cannot be read: {error}",)) from error


def observe(
    submission: Submission, exam: Exam, runner: Runner, *, names: Mapping[str, str], alone: bool
) -> Record:
    """Everything up to and including `run`: all that judging needs."""
    unread = Record(
        submission_id=submission.id,
        source=submission.source,
        sha256=hashlib.sha256(submission.data).hexdigest(),
        format=None,
    )
    if submission.refuse:
        return replace(unread, ungradable=submission.refuse)
    try:
        notebook = read(submission.data, submission.source)
    except Ungradable as reason:
        return replace(unread, ungradable=str(reason))
    slices = _slices(notebook, exam, names)
    exchanges: dict[str, dict[str, Exchange]] = {}
    fault, halted = "", Counter[str]()
    try:
        for key, found in slices.items():
            role = role_of(key)
            if halted[role] < (MOST_HALTED if alone else 1):
                exchanges[key] = observe_target(exam, role, found, runner, alone=alone)
                halted[role] += any(each.run.stopped for each in exchanges[key].values())
    except SandboxFault as error:
        fault = str(error)
    notes = list(notebook.notes)
    if not fault:  # of a fault nothing is judged, and all of it is run again
        untried = [found for key, found in slices.items() if key not in exchanges]
        slices = {key: found for key, found in slices.items() if key in exchanges}
        text = "was not tried: others ran into limits"
        notes += [Note(f"{found.symbol} {text}") for found in untried]
    observed = replace(
        unread,
        format=notebook.format,
        fault=fault,
        notes=tuple(notes),
        slices=slices,
        exchanges=exchanges,
        written=_written(notebook, exam),
        answers=answers(notebook, template_of(exam.assignment)),
        limits=runner.limits,
        isolation=runner.isolation,
        torch=runner.torch,
        retried=alone,
    )
    return observed if fault else _with_repairs(observed, exam, runner)


def _with_repairs(record: Record, exam: Exam, runner: Runner) -> Record:
    """The record with what a search for repairs found, for the target taken for each role."""
    exchanges, repairs = dict(record.exchanges), {}
    try:
        for role in roles(exam):
            key = best_key(record, exam, role)
            found, confirming = observe_repair(
                exam, role, record.slices[key], exchanges[key], runner
            )
            exchanges[key] = {**exchanges[key], **confirming}
            if found is not None:
                repairs[key] = found
            if not confirming:
                cut, own = record.slices[key], exchanges[key]
                exchanges[key] = {**own, **observe_relations(exam, role, cut, own, runner)}
    except SandboxFault as error:
        return replace(record, fault=str(error))
    return replace(record, exchanges=exchanges, repairs=repairs)


def _slices(notebook: Notebook, exam: Exam, names: Mapping[str, str]) -> dict[str, Slice]:
    """By the keys of `Record.slices`: of some roles any of several definitions may be meant."""
    slices: dict[str, Slice] = {}
    for role in roles(exam):
        wanted, name = exam.assignment.task(role).wanted, names.get(role)
        if not wanted.like:
            slices[role] = cut(notebook, wanted, name=name)
            continue
        apart = frozenset(found.symbol for found in slices.values() if found.symbol)
        several = candidates(notebook, wanted, name=name, apart=apart)
        for at, found in enumerate(several or (nothing(notebook, wanted, name=name),)):
            slices[key_of(role, at)] = found
    return slices


def _written(notebook: Notebook, exam: Exam) -> dict[str, tuple[Passage, ...]]:
    found = {task.role: prose(notebook, task.wanted) for task in exam.assignment.tasks}
    return {role: passages for role, passages in found.items() if passages}
