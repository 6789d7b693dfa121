"""What a child answers -> values of ours. It may answer anything: whatever does not fit is refused
or cut, and text is made plain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeGuard, cast

from grader.core.observation import Fault, Observation, Outcome, Setup
from grader.core.tensor import DType, RawTensor
from grader.core.text import plain
from grader.sandbox.conversation import Answer, Gone

__all__ = ["observation_of", "setup_of"]

MOST_FAULTS: Final = 1000
MOST_OPS_TOLD: Final = 100
LAST_LINE: Final = 2**31


def observation_of(answer: Answer) -> Observation:
    """What a call gave. Raises Gone where the answer is none."""
    told = answer.header
    if told.get("outcome") not in ("ok", "raised", "not_run"):
        raise Gone("it broke the protocol: an answer without an outcome")
    if not answer.tensors.keys() <= {"value", "gradient"}:
        raise Gone("it broke the protocol: a tensor that was not asked for")
    tensors = {name: _raw(*facts) for name, facts in answer.tensors.items()}
    return Observation(
        outcome=cast("Outcome", told["outcome"]),
        value=tensors.get("value"),
        returned=_text(told.get("returned", "nothing"), 100),
        gradient=tensors.get("gradient"),
        flows=told.get("flows") is True,
        custom=told.get("custom") is True,
        changed=told.get("changed") is True,
        ops=tuple(sorted(_strings(told.get("ops")))),
        fault=_fault(told["fault"]) if "fault" in told else None,
        stdout=plain(answer.stdout),
        stderr=plain(answer.stderr),
        seconds=answer.seconds,
    )


def _raw(dtype: str, shape: tuple[int, ...], data: bytes) -> RawTensor:
    try:
        return RawTensor(cast("DType", dtype), shape, data)
    except ValueError as error:
        raise Gone("it broke the protocol: a tensor of the wrong size") from error


def setup_of(answer: Answer) -> Setup:
    """How the statements ran. Raises Gone where the answer does not tell."""
    told = answer.header
    if told.get("outcome") not in ("ok", "raised"):
        raise Gone("it broke the protocol: a setup without an outcome")
    return Setup(
        outcome=cast("Outcome", told["outcome"]),
        form=_text(told.get("form", ""), 40),
        faults=tuple(_faults(told.get("faults"))),
        stdout=plain(answer.stdout),
        stderr=plain(answer.stderr),
    )


def _faults(told: object) -> Iterator[tuple[int, Fault]]:
    for item in told[:MOST_FAULTS] if isinstance(told, list) else []:
        if isinstance(item, list) and len(item) == 2 and _is_count(item[0], least=-1):
            yield item[0], _fault(item[1])


def _fault(told: object) -> Fault:
    facts = told if isinstance(told, dict) else {}
    filename, line = facts.get("filename"), facts.get("line")
    return Fault(
        type=_text(facts.get("type", ""), 100),
        message=_text(facts.get("message", ""), 600),
        filename=_text(filename, 100) if isinstance(filename, str) else None,
        line=line if _is_count(line, least=1) else None,
        missing_name=_text(facts.get("missing_name", ""), 100),
    )


def _is_count(value: object, *, least: int) -> TypeGuard[int]:
    # JSON's true is an int to isinstance, and no stored record is read back with it
    return type(value) is int and least <= value <= LAST_LINE


def _text(value: object, most: int) -> str:
    return plain(value[:most]) if isinstance(value, str) else ""


def _strings(value: object) -> Iterator[str]:
    for item in value[:MOST_OPS_TOLD] if isinstance(value, list) else []:
        if isinstance(item, str):
            yield plain(item[:100])
