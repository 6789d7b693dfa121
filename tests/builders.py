"""Small exams, runs and records, made by hand: one task that answers with its argument.

The task is called `forward`, its function `good_f`, its oracle the identity, its tolerance 1e-3
an entry. Nothing here needs torch, a file or a child.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from grader.core.assignment import Assignment, Bug, Task
from grader.core.fixture import Argument, Fixture, Layout, Truth, Visibility
from grader.core.observation import (
    Exchange,
    Fault,
    Limits,
    Observation,
    Outcome,
    Run,
    Setup,
)
from grader.core.record import Exam, Record
from grader.core.rubric import Criterion, Rubric
from grader.core.slice import DataBasis, Location, Reference, Slice, Statement, Wanted
from grader.core.tensor import DType, RawTensor, pack
from grader.judging.checks import Asked
from grader.judging.judge import MAIN
from grader.judging.plan import calls_for, experiments_for, main_program

__all__ = [
    "BOUND",
    "ROW",
    "answer",
    "asked",
    "assignment",
    "criterion",
    "cut",
    "exam",
    "fixture",
    "gradient_fixture",
    "identity_answers",
    "no_answer",
    "raised",
    "ran",
    "raw",
    "record",
    "statement",
    "task",
]

BOUND: Final = 1e-3
ROW: Final = ((1.0, 2.0),)


def raw(values: ArrayLike, dtype: DType = "float32") -> RawTensor:
    return pack(np.asarray(values), dtype)


def fixture(
    name: str = "values/pair",
    values: ArrayLike = ROW,
    *,
    dtype: DType = "float32",
    visibility: Visibility = "visible",
    scored: bool = True,
    degenerate: bool = False,
    layout: Layout = "contiguous",
    upstream: RawTensor | None = None,
    gradient: Truth | None = None,
) -> Fixture:
    tensor = raw(values, dtype)
    expected = np.asarray(tensor.numbers(), dtype=np.float64)
    return Fixture(
        name=name,
        says=f"the input of {name}",
        kind="ordinary",
        dtype=dtype,
        visibility=visibility,
        scored=scored,
        literal=expected.size <= 4,
        arguments=(Argument("x", tensor, layout),),
        truth=Truth(expected, np.full_like(expected, BOUND)),
        digest=name,
        upstream=upstream,
        gradient=gradient,
        trivial=("zeros",) if degenerate else (),
    )


def gradient_fixture(name: str = "gradient/pair", **changes: Any) -> Fixture:
    """A fixture whose true gradient is its upstream, as the identity's is."""
    upstream = np.array([[1.0, -1.0]])
    truth = Truth(upstream, np.full_like(upstream, BOUND))
    return fixture(name, upstream=raw(upstream), gradient=truth, **changes)


def answer(values: ArrayLike = ROW, dtype: DType = "float32", **changes: Any) -> Observation:
    """A call that came to its end with numbers."""
    return Observation("ok", value=raw(values, dtype), **{"returned": "tensor", **changes})


def no_answer(outcome: Outcome = "ok", **changes: Any) -> Observation:
    """A call without a value."""
    return Observation(outcome, **changes)


def raised(
    type_: str = "ValueError",
    message: str = "bad shape",
    *,
    cell: int | None = 6,
    line: int | None = 3,
    missing_name: str = "",
    **changes: Any,
) -> Observation:
    filename = None if cell is None else f"<cell {cell}>"
    fault = Fault(type_, message, filename, line, missing_name)
    return Observation("raised", fault=fault, **changes)


def ran(
    calls: Mapping[str, Observation] | None = None,
    *,
    setup: Outcome = "ok",
    form: str = "function",
    faults: tuple[tuple[int, Fault], ...] = (),
    **changes: Any,
) -> Run:
    return Run(Setup(setup, form if setup == "ok" else "", faults), dict(calls or {}), **changes)


def statement(
    code: str = "def good_f(x):\n    return x",
    *,
    cell: int = 6,
    line: int = 1,
    file_line: int | None = None,
    binds: tuple[str, ...] = ("good_f",),
    data: DataBasis | None = None,
) -> Statement:
    at = Location(cell, line, f"id{cell}", file_line)
    return Statement(code, f"<cell {cell}>", at, binds, data)


def cut(*statements: Statement, references: Sequence[str] = (), **changes: Any) -> Slice:
    """A slice whose target was found, unless told otherwise."""
    taken = statements or (statement(),)
    told: dict[str, Any] = {
        "role": "forward",
        "state": "found",
        "symbol": "good_f",
        "location": taken[-1].location,
        "statements": taken,
        "references": tuple(Reference(name, taken[-1].location) for name in references),
    }
    return Slice(**{**told, **changes})


def criterion(identifier: str = "values", check: str = "values", **changes: Any) -> Criterion:
    told: dict[str, Any] = {"title": identifier.title(), "points": 4, "check": check}
    return Criterion.model_validate({"id": identifier, **told, **changes})


def task(role: str = "forward", *, symbol: str = "good_f", **changes: Any) -> Task:
    told: dict[str, Any] = {
        "wanted": Wanted(role, (symbol, f"other_{symbol}")),
        "arguments": ("x",),
        "oracle": lambda inputs: inputs["x"],
        "kinds": MappingProxyType({}),
        "trivial": MappingProxyType({}),
        "differentiable": "x",
        "proves": {"pure": "writes", "own-argument": "reaches-out", "from-scratch": "borrowed"},
    }
    return Task(**{**told, **changes})


def assignment(*tasks: Task) -> Assignment:
    bugs = {
        name: Bug(f"It {name}.", f"See where it {name}.")
        for name in ("writes", "reaches-out", "borrowed")
    }
    return Assignment("made", "Made", Path(), tasks or (task(),), bugs)


def exam(
    criteria: Sequence[Criterion],
    fixtures: Sequence[Fixture],
    *,
    tasks: Sequence[Task] = (),
    caps: Sequence[Mapping[str, Any]] = (),
) -> Exam:
    rubric = Rubric.model_validate(
        {
            "id": "made",
            "version": "1.0",
            "title": "Made",
            "assignment": "made",
            "criteria": [each.model_dump() for each in criteria],
            "caps": list(caps),
        }
    )
    return Exam(rubric, "0" * 64, assignment(*tasks), tuple(fixtures), seed=1)


def asked(
    check: str,
    fixtures: Sequence[Fixture],
    run: Run,
    *,
    experiments: Mapping[str, Run] | None = None,
    sliced: Slice | None = None,
    again: Sequence[Fixture] = (),
    task_: Task | None = None,
    **changes: Any,
) -> Asked:
    """The question a criterion `it` with this check is asked."""
    return Asked(
        criterion=criterion("it", check, **changes),
        task=task_ or task(),
        fixtures=tuple(fixtures),
        slice=sliced or cut(),
        run=run,
        experiments={f"it/{name}": each for name, each in (experiments or {}).items()},
        again=tuple(again),
    )


def record(made: Exam, run: Run, sliced: Slice | None = None, **changes: Any) -> Record:
    """A record with `run` as the main run; every experiment called for answers likewise."""
    taken = sliced or cut()
    program = main_program(made, "forward", taken, wide=False)
    exchanges = {MAIN: Exchange(program, run)}
    for name, each in experiments_for(made, "forward", taken, program, run).items():
        calls = {call.key: run.calls[call.key] for call in each.calls}
        exchanges[name] = Exchange(each.program, ran(calls))
    told: dict[str, Any] = {
        "submission_id": "ada-1",
        "source": "ada/work.py",
        "sha256": "1" * 64,
        "format": "script",
        "slices": {"forward": taken},
        "exchanges": {"forward": exchanges},
        "limits": Limits(),
        "isolation": "none",
        "torch": "2.0",
    }
    return Record(**{**told, **changes})


def identity_answers(made: Exam, role: str = "forward") -> dict[str, Observation]:
    """What the identity function answers to every call of the role."""
    return {
        call.key: Observation(
            "ok",
            value=call.arguments[0].tensor,
            returned="tensor",
            gradient=call.upstream,
            flows=call.mode == "gradient",
        )
        for call in calls_for(made, role)
    }
