"""From a record to raw verdicts; nothing is run."""

from __future__ import annotations

from grader.core.observation import Exchange, Program, Run, Setup
from grader.core.record import Exam, Record
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.core.verdict import Verdict
from grader.judging.absent import absent_packages
from grader.judging.checks import CHECKS
from grader.judging.plan import asked_of, criteria_of, roles

__all__ = ["MAIN", "judge"]

MAIN = "main"
"""Name of the exchange in which the target is as handed in."""


def judge(record: Record, exam: Exam) -> dict[str, Verdict]:
    """A verdict for every automatic criterion that could be judged; the others are absent."""
    verdicts: dict[str, Verdict] = {}
    if record.fault or record.ungradable:
        return verdicts
    for role in roles(exam):
        cut = record.slices.get(role)
        if cut is None:
            continue
        exchanges = record.exchanges.get(role, {})
        for criterion in criteria_of(exam, role):
            verdicts[criterion.id] = _verdict(exam, criterion, cut, dict(exchanges))
    return verdicts


def _verdict(
    exam: Exam, criterion: Criterion, cut: Slice, exchanges: dict[str, Exchange]
) -> Verdict:
    main = exchanges.get(MAIN, Exchange(Program((), cut.symbol), Run(Setup("not_run"), {})))
    experiments = {name: exchange.run for name, exchange in exchanges.items() if name != MAIN}
    asked = asked_of(exam, criterion, cut, main.run, experiments)
    check = CHECKS[criterion.check]
    if cut.state == "found" and main.run.setup.outcome == "not_run":
        return asked.verdict("error", 0.0, f"{cut.symbol} was never run.")
    absent = absent_packages(main)
    if absent:
        text = f"It needs {', '.join(absent)}, which cannot be imported here: install and grade"
        return asked.verdict("error", 0.0, f"{text} again, or decide by hand.")
    if main.run.setup.outcome != "ok" and criterion.check != "implemented":
        return asked.verdict("skipped", 0.0, "Not checked: there was nothing to call.")
    wanted = check.experiments(asked, main.program)
    for name, experiment in wanted.items():
        made = asked.experiments.get(name)
        if made is None or any(call.key not in made.calls for call in experiment.calls):
            return asked.verdict("error", 0.0, f"The experiment {name} was never made.")
    return check.verdict(asked)
