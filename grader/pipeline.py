"""One submission from file to report: read -> slice -> run -> judge -> diagnose -> report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from grader.core.errors import SandboxFault, Ungradable
from grader.core.observation import Exchange, Limits, Run
from grader.core.record import Exam, Graded, Record, Runner, Submission
from grader.core.slice import Slice
from grader.judging.judge import MAIN, judge
from grader.judging.plan import calls_for, experiments_for, main_program, roles
from grader.notebook import read
from grader.reporting.assemble import assemble
from grader.slicing import cut

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
]


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
    return Graded(assemble(record, exam, judge(record, exam)), record)


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
    try:
        notebook = read(submission.data, submission.source)
    except Ungradable as reason:
        return replace(unread, ungradable=str(reason))
    slices = {
        role: cut(notebook, exam.assignment.task(role).wanted, name=names.get(role))
        for role in roles(exam)
    }
    exchanges: dict[str, dict[str, Exchange]] = {}
    fault = ""
    try:
        for role, found in slices.items():
            exchanges[role] = _run(exam, role, found, runner, alone=alone)
    except SandboxFault as error:
        fault = str(error)
    return replace(
        unread,
        format=notebook.format,
        fault=fault,
        notes=notebook.notes,
        slices=slices,
        exchanges=exchanges,
        limits=runner.limits,
        isolation=runner.isolation,
        torch=runner.torch,
        retried=alone,
    )


def _run(
    exam: Exam, role: str, found: Slice, runner: Runner, *, alone: bool
) -> dict[str, Exchange]:
    """The main run, and then the experiments that its answers call for."""
    if found.state != "found":
        return {}
    calls = calls_for(exam, role)
    program = main_program(exam, role, found, wide=found.dynamic and bool(found.wide))
    run = runner.run(program, calls)
    if found.wide and not found.dynamic and _reaches_further(run):
        wide = main_program(exam, role, found, wide=True)
        further = runner.run(wide, calls)
        if _worth_taking(further, run, alone=alone):
            program, run = wide, further
    exchanges = {MAIN: Exchange(program, run)}
    for name, experiment in experiments_for(exam, role, found, program, run).items():
        exchanges[name] = Exchange(
            experiment.program, runner.run(experiment.program, experiment.calls)
        )
    return exchanges


def _worth_taking(further: Run, run: Run, *, alone: bool) -> bool:
    """Whether to go on from the wider run: more of the notebook must not cost what less answered.

    One cut short by a limit is taken until it was made alone, for it decides nothing before.
    """
    if further.stopped and not alone:
        return True
    return further.setup.outcome == "ok" or run.setup.outcome != "ok"


def _reaches_further(run: Run) -> bool:
    """Whether the slice asked for a name that the slicing did not see it needs."""
    faults = [fault for _, fault in run.setup.faults]
    faults += [call.fault for call in run.calls.values() if call.fault is not None]
    return any(fault.missing_name for fault in faults)
