"""`implemented`: the function is there, is more than a stub, and can be called."""

from __future__ import annotations

from grader.core.verdict import Verdict
from grader.judging.checks.asked import Asked, Check, fault_text, no_experiments, value_calls

__all__ = ["IMPLEMENTED"]


def _verdict(asked: Asked) -> Verdict:
    names = asked.task.wanted.names
    wanted = names[0] if names else asked.wanted
    match asked.slice.state:
        case "missing":
            near = asked.slice.near
            hint = f" Did you mean {near[0]} to be it?" if near else ""
            text = f"No function {wanted} was found.{hint}"
            return asked.verdict("failed", 0.0, text, (), ("missing",))
        case "unparsed":
            text = f"The cell that should define {wanted} is not valid Python."
            return asked.verdict("failed", 0.0, text, (), ("missing",))
        case "stub":
            return asked.verdict("failed", 0.0, f"{wanted} has no body yet.", (), ("stub",))
        case "found":
            return _called(asked, wanted)


def _called(asked: Asked, wanted: str) -> Verdict:
    setup = asked.run.setup
    match setup.outcome:
        case "raised":
            fault = setup.faults[0][1] if setup.faults else None
            text = f"{wanted} could not be defined. {fault_text(fault)}"
            return asked.verdict("failed", 0.0, text, (), ("crashes",))
        case "timed_out":
            text = f"The cells that {wanted} needs did not end within their time."
            return asked.verdict("failed", 0.0, text, (), ("timeout",))
        case "killed":
            text = f"The process died while the cells that {wanted} needs ran."
            return asked.verdict("failed", 0.0, text, (), ("killed",))
        case "not_run":
            return asked.verdict("error", 0.0, f"{wanted} was never run.")
    answers = [call for call in asked.run.calls.values() if call.outcome == "ok"]
    if answers and all(call.returned == "nothing" for call in answers):
        return asked.verdict("failed", 0.0, f"{wanted} returns nothing.", (), ("stub",))
    return asked.verdict("passed", 1.0, f"{wanted} was found and can be called.")


IMPLEMENTED = Check(calls=value_calls, experiments=no_experiments, verdict=_verdict)
