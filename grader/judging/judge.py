"""From a record to raw verdicts; nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from grader.core.observation import Exchange, Program, Run, Setup
from grader.core.record import Exam, Record
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.core.verdict import Verdict
from grader.judging.absent import absent_packages
from grader.judging.checks import CHECKS
from grader.judging.discovery import STAND_IN, choose
from grader.judging.plan import asked_of, criteria_of, roles
from grader.judging.score import score

__all__ = [
    "MAIN",
    "all_right",
    "better_run",
    "decided_on",
    "judge",
    "judge_run",
    "judge_target",
    "under",
]

CRASHES: Final = "crashes"
_OF_NAMES: Final = {"NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError"}

MAIN = "main"
"""Name of the exchange in which the target is as handed in."""

Exchanges = Mapping[str, Exchange]


def judge(record: Record, exam: Exam) -> dict[str, Verdict]:
    """A verdict for every automatic criterion that could be judged; the others are absent.

    Of several definitions that may fill a role the first is judged: `settle` puts it there.
    """
    verdicts: dict[str, Verdict] = {}
    if record.fault or record.ungradable:
        return verdicts
    for role in roles(exam):
        cut = record.slices.get(role)
        if cut is not None:
            verdicts |= judge_target(exam, role, cut, record.exchanges.get(role, {}))
    return verdicts


def judge_target(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> dict[str, Verdict]:
    """The verdicts of the role's criteria, each from the run it is decided on."""
    verdicts = _decided(exam, role, cut, exchanges)
    if _is_called_right(exam, role, cut, exchanges, verdicts):
        return verdicts
    return {name: _without_crash(each) for name, each in verdicts.items()}


def _without_crash(verdict: Verdict) -> Verdict:
    kept = tuple(bug for bug in verdict.diagnoses if bug != CRASHES)
    return replace(verdict, diagnoses=kept)


def _decided(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> dict[str, Verdict]:
    """From the better run those with `stand_in`, from the first the others.

    An exception of those others is the other target's where they hold without it.
    """
    verdicts = _verdicts(exam, role, cut, exchanges)
    if STAND_IN not in exchanges:
        return verdicts
    instead = _verdicts(exam, role, cut, _replaced(exchanges))
    if _is_better(exam, role, instead, verdicts):
        text = (
            f"Judged with a right {cut.leans_on} in place of yours, with which it does better: "
            "look for the fault there."
        )
        for criterion in criteria_of(exam, role):
            if criterion.stand_in:
                verdicts[criterion.id] = replace(instead[criterion.id], note=text)
            elif instead[criterion.id].status == "passed":
                verdicts[criterion.id] = _without_crash(verdicts[criterion.id])
    return verdicts


def _is_called_right(
    exam: Exam, role: str, cut: Slice, exchanges: Exchanges, verdicts: Mapping[str, Verdict]
) -> bool:
    """Whether an exception says something of the target, and not of how it was called.

    Where the way of calling is a guess under which nothing is right, it does so only if a name is
    missing, which no other argument would supply.
    """
    task = exam.assignment.task(role)
    main = exchanges.get(MAIN)
    if cut.kind == "autograd_function":
        return True  # torch itself says how these are called
    if main is None or not task.conventions or not any(v.diagnoses for v in verdicts.values()):
        return True
    if choose(exam, task, cut, exchanges).basis == "observed":
        return True
    if any(e.outcome == "ok" for v in verdicts.values() for e in v.evidence if _values(exam, v)):
        return True
    faults = [each.fault for each in main.run.calls.values() if each.fault is not None]
    return bool(faults) and all(fault.type in _OF_NAMES for fault in faults)


def _values(exam: Exam, verdict: Verdict) -> bool:
    return exam.rubric.criterion(verdict.criterion).check == "values"


def better_run(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> str:
    """Which run the criteria with `stand_in` are decided on: `main`, unless the other earns more.

    The name of an exchange.
    """
    if STAND_IN not in exchanges:
        return MAIN
    instead = _verdicts(exam, role, cut, _replaced(exchanges))
    handed_in = _verdicts(exam, role, cut, exchanges)
    return STAND_IN if _is_better(exam, role, instead, handed_in) else MAIN


def _is_better(
    exam: Exam, role: str, instead: Mapping[str, Verdict], handed_in: Mapping[str, Verdict]
) -> bool:
    """Whether more is earned with the rows that have `stand_in` taken from the other run."""
    taken = {each.id: instead[each.id] for each in criteria_of(exam, role) if each.stand_in}
    return _earned(exam, role, {**handed_in, **taken}) > _earned(exam, role, handed_in)


def decided_on(record: Record, exam: Exam, criterion: Criterion) -> Exchange | None:
    """The exchange in which the target is as the criterion was judged; None where nothing ran.

    Of a record whose roles are settled.
    """
    role = criterion.role or exam.assignment.tasks[0].role
    exchanges = record.exchanges.get(role, {})
    if criterion.stand_in and role in record.slices:
        return exchanges.get(better_run(exam, role, record.slices[role], exchanges))
    return exchanges.get(MAIN)


def all_right(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> bool:
    """Whether the criteria with `stand_in` that look at values hold: no other run could do better.

    What else they look at, such as whose derivative it is, another target does not mend.
    """
    verdicts = _verdicts(exam, role, cut, exchanges)
    return all(
        verdicts[criterion.id].status in ("passed", "not_applicable")
        for criterion in criteria_of(exam, role)
        if criterion.stand_in and criterion.check == "values"
    )


def _earned(exam: Exam, role: str, verdicts: Mapping[str, Verdict]) -> tuple[float, float]:
    counting = {each.id for each in criteria_of(exam, role) if each.stand_in}
    rows = score(exam.rubric, verdicts, main_role=exam.assignment.tasks[0].role).rows
    points = sum(row.points for row in rows if row.id in counting)
    return points, sum(verdicts[row.id].share for row in rows if row.id in counting)


def under(exchanges: Exchanges, prefix: str) -> dict[str, Exchange]:
    """The exchanges called `prefix/...`, under the names they would have without."""
    return {
        name.removeprefix(f"{prefix}/"): each
        for name, each in exchanges.items()
        if name.startswith(f"{prefix}/")
    }


def _replaced(exchanges: Exchanges) -> dict[str, Exchange]:
    return {**under(exchanges, STAND_IN), MAIN: exchanges[STAND_IN]}


def judge_run(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> dict[str, Verdict]:
    """The verdicts of the role's criteria from one run and its experiments, whatever others say.

    exchanges  `main`, and its experiments by the names of `experiments_for`
    """
    return _verdicts(exam, role, cut, exchanges)


def _verdicts(exam: Exam, role: str, cut: Slice, exchanges: Exchanges) -> dict[str, Verdict]:
    return {
        criterion.id: _verdict(exam, criterion, cut, exchanges)
        for criterion in criteria_of(exam, role)
    }


def _verdict(exam: Exam, criterion: Criterion, cut: Slice, exchanges: Exchanges) -> Verdict:
    main = exchanges.get(MAIN, Exchange(Program((), cut.symbol), Run(Setup("not_run"), {})))
    experiments = {name: exchange.run for name, exchange in exchanges.items() if name != MAIN}
    asked = asked_of(exam, criterion, cut, main, experiments)
    check = CHECKS[criterion.check]
    if cut.state == "found" and main.run.setup.outcome == "not_run":
        return asked.verdict("error", 0.0, f"{cut.symbol} was never run.")
    absent = absent_packages(main)
    if absent:
        text = f"It needs {', '.join(absent)}, which cannot be imported here: install and grade"
        return asked.verdict("error", 0.0, f"{text} again, or decide by hand.")
    if main.run.setup.outcome != "ok" and criterion.check != "implemented":
        return asked.verdict("skipped", 0.0, _nothing_to_call(cut))
    wanted = check.experiments(asked, main.program)
    for name, experiment in wanted.items():
        made = asked.experiments.get(name)
        if made is None or any(call.key not in made.calls for call in experiment.calls):
            return asked.verdict("error", 0.0, f"The experiment {name} was never made.")
    return check.verdict(asked)


def _nothing_to_call(cut: Slice) -> str:
    match cut.state:
        case "missing":
            return "Not checked: it was not found in the notebook."
        case "stub":
            return f"Not checked: {cut.symbol} has no body yet."
        case "unparsed":
            return "Not checked: the cell that should define it is not valid Python."
        case "found":
            return "Not checked: there was nothing to call."
