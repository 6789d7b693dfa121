"""Everything one target is asked: the run as handed in, and the experiments its answers call for.

Which programs and calls these are is decided by pure functions of `grader.judging`; here they are
run, one after another, by a runner that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from grader.core.assignment import Task
from grader.core.observation import Call, Exchange, Program, Run
from grader.core.record import Exam, Runner
from grader.core.slice import Slice
from grader.judging.calling import possible
from grader.judging.discovery import DISCOVERY, STAND_IN, choose, discovery_calls
from grader.judging.judge import MAIN, all_right
from grader.judging.plan import calls_for, experiments_for, main_program, with_stand_in

__all__ = ["observe_target"]


def observe_target(
    exam: Exam, role: str, found: Slice, runner: Runner, *, alone: bool
) -> dict[str, Exchange]:
    """Exchanges by name; none where there is nothing to run. SandboxFault as the runner raises it.

    alone  nothing else runs, and the runner's limits are doubled
    """
    if found.state != "found":
        return {}
    task = exam.assignment.task(role)
    if task.conventions and not possible(task, found):
        return {}
    if not task.conventions:
        main, _ = _first(
            partial(main_program, exam, role, found),
            calls_for(exam, role),
            found,
            runner,
            alone=alone,
        )
        return {MAIN: main, **_experiments(exam, role, found, main, runner)}
    exchanges, wide = _discovered(exam, role, found, runner, alone=alone)
    convention = choose(exam, task, found, exchanges).convention.name
    calls = calls_for(exam, role, convention)
    program = main_program(exam, role, found, wide=wide, convention=convention)
    main = _run(runner, program, calls)
    exchanges |= {MAIN: main, **_experiments(exam, role, found, main, runner)}
    if _replaceable(task, found) and not all_right(exam, role, found, exchanges):
        other = _run(runner, _replaced(program, task, found), calls)
        tried = _experiments(exam, role, found, other, runner, replaced=True)
        exchanges |= {f"{STAND_IN}/{name}": each for name, each in tried.items()}
        exchanges[STAND_IN] = other
    return exchanges


def _discovered(
    exam: Exam, role: str, found: Slice, runner: Runner, *, alone: bool
) -> tuple[dict[str, Exchange], bool]:
    """What was tried to find the convention out, and whether more of the notebook is needed."""
    task = exam.assignment.task(role)
    calls = discovery_calls(exam, task, found)
    make = partial(main_program, exam, role, found)
    tried, wide = _first(make, calls, found, runner, alone=alone)
    exchanges = {DISCOVERY: tried}
    if _replaceable(task, found):
        if choose(exam, task, found, exchanges).basis == "observed":
            return exchanges, wide
        program = _replaced(tried.program, task, found)
        exchanges[f"{STAND_IN}/{DISCOVERY}"] = _run(runner, program, calls)
    return exchanges, wide


def _replaceable(task: Task, found: Slice) -> bool:
    return bool(found.leans_on) and task.stand_in is not None


def _replaced(program: Program, task: Task, found: Slice) -> Program:
    return with_stand_in(program, task.stand_in, found.leans_on) if task.stand_in else program


def _first(
    make: Callable[..., Program],
    calls: Sequence[Call],
    found: Slice,
    runner: Runner,
    *,
    alone: bool,
) -> tuple[Exchange, bool]:
    """The target's first run, with more of the notebook where it reaches further than its slice."""
    wide = found.dynamic and bool(found.wide)
    exchange = _run(runner, make(wide=wide), calls)
    if found.wide and not found.dynamic and _reaches_further(exchange.run):
        further = _run(runner, make(wide=True), calls)
        if _worth_taking(further.run, exchange.run, alone=alone):
            return further, True
    return exchange, wide


def _experiments(
    exam: Exam, role: str, found: Slice, main: Exchange, runner: Runner, *, replaced: bool = False
) -> Mapping[str, Exchange]:
    wanted = experiments_for(exam, role, found, main, replaced=replaced)
    return {name: _run(runner, each.program, each.calls) for name, each in wanted.items()}


def _run(runner: Runner, program: Program, calls: Sequence[Call]) -> Exchange:
    return Exchange(program, runner.run(program, calls))


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
