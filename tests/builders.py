"""Small exams, runs and records, made by hand: one task that answers with its argument.

The task is called `forward`, its function `good_f`, its oracle the identity, its tolerance 1e-3
an entry. A second task, `backward`, leaves its calling convention to the student: the derivative
of the cube, entry by entry, alone or times an upstream. Nothing here needs torch, a file or a
child.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from grader.core.assignment import Assignment, Bug, Mistake, Task
from grader.core.convention import Convention, StandIn
from grader.core.fixture import Argument, Fixture, Inputs, Layout, Truth, Visibility
from grader.core.observation import (
    Call,
    Exchange,
    Fault,
    Limits,
    Observation,
    Outcome,
    Program,
    Run,
    Setup,
)
from grader.core.record import Exam, Record, key_of
from grader.core.rubric import Criterion, Rubric
from grader.core.slice import DataBasis, Location, Reference, Slice, Statement, Wanted
from grader.core.tensor import DType, Float64, RawTensor, pack
from grader.judging.checks import Asked
from grader.judging.judge import MAIN
from grader.judging.plan import calls_for, experiments_for, main_program
from grader.observing import observe_target

__all__ = [
    "BOUND",
    "ROW",
    "Player",
    "answer",
    "asked",
    "assignment",
    "backward_exam",
    "backward_record",
    "backward_task",
    "candidate",
    "criterion",
    "cubed",
    "cut",
    "exam",
    "fixture",
    "gradient_fixture",
    "identity_answers",
    "no_answer",
    "played",
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
    for name, each in experiments_for(made, "forward", taken, exchanges[MAIN]).items():
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


def _results(slope: Float64, upstream: Float64) -> dict[str, tuple[Float64, ...]]:
    """Both kinds of results of a map with these slopes, one an entry."""
    rows, columns = slope.shape
    each = np.stack([np.diag(row) for row in slope])
    whole = np.diag(slope.ravel())
    shapes = (each, whole.reshape(rows, columns, rows, columns), whole)
    return {"matrix": shapes, "product": (slope * upstream,)}


def _bug(name: str, slope: Callable[[Float64], Float64]) -> Mistake:
    return Mistake((name,), lambda inputs, _: _results(slope(inputs["x"]), inputs["upstream"]))


def _accepted(inputs: Inputs, _: DType) -> dict[str, tuple[Truth, ...]]:
    found = _results(3 * inputs["x"] ** 2, inputs["upstream"])
    return {
        gives: tuple(Truth(each, np.full_like(each, BOUND)) for each in results)
        for gives, results in found.items()
    }


def backward_task(**changes: Any) -> Task:
    """The derivative of the cube, called in one of eight ways."""
    upstream = ("upstream",)
    told: dict[str, Any] = {
        "wanted": Wanted("backward", ("good_b",), like=("grad",)),
        "arguments": ("x", "upstream"),
        "oracle": lambda inputs: 3 * inputs["x"] ** 2 * inputs["upstream"],
        "differentiable": None,
        "proves": {"uncalled": "never-called", "from-scratch": "borrowed"},
        "fills": {"dim": -1},
        "conventions": (
            Convention("f(x)", "matrix", "matrix", ("x",)),
            Convention("f(cube)", "matrix", "matrix", ("cube",), spares=("far",)),
            Convention("f(upstream, x)", "product", "product", ("upstream", "x")),
            Convention("f(x, upstream)", "product", "product", ("x", "upstream")),
            Convention("f(row)", "matrix", "matrix", ("x",), vector=True),
            Convention("method", "module", "product", upstream, "method", ("x",)),
            Convention("context", "autograd_function", "product", upstream, "context", ("x",)),
            Convention("apply", "autograd_function", "product", upstream, "apply", ("x",)),
        ),
        "derived": {"cube": lambda inputs: inputs["x"] ** 3},
        "accepted": _accepted,
        "spelt": {"x": "x|z", "cube": "y|cubed?", "upstream": "g|grad.*"},
        "discovery": "tries",
        "mistakes": (_bug("flipped", lambda x: -3 * x**2), _bug("linear", lambda x: 3 * x)),
        "stand_in": StandIn("forward", "def {name}(x):\n    return x**3"),
    }
    return task(**{**told, **changes})


def cubed(
    name: str = "slope/row",
    x: ArrayLike = ((0.5, 2.0, -1.5),),
    upstream: ArrayLike = ((1.0, -2.0, 0.25),),
    *,
    kind: str = "ordinary",
    **changes: Any,
) -> Fixture:
    """A fixture of the task `backward`."""
    base = fixture(name, x, **changes)
    given = replace(base, arguments=(*base.arguments, Argument("upstream", raw(upstream))))
    accepted = _accepted(given.inputs, given.dtype)
    return replace(
        given, kind=kind, role="backward", truth=accepted["product"][0], accepted=accepted
    )


def backward_exam(*more: Fixture, task_: Task | None = None, **changes: Any) -> Exam:
    """`slope` counts with a stand-in too, `far` only as handed in; tried on a row and a batch."""
    batch = ((0.5, 2.0, -1.5), (3.0, -0.25, 1.25)), ((1.0, -2.0, 0.25), (0.5, 1.5, -1.0))
    fixtures = (
        cubed("tries/row", ((1.5, -0.5, 2.5),), ((0.5, 2.0, -1.0),)),
        cubed("tries/batch", *batch),
        cubed("slope/row"),
        cubed("slope/batch", *batch),
        cubed("far/row", ((20.0, 30.0, -40.0),), kind="far"),
        *more,
    )
    told: dict[str, Any] = {"role": "backward", "bonus": True}
    slope = {"fixtures": ("slope",), "stand_in": True, **told, **changes}
    criteria = (criterion("slope", **slope), criterion("far", fixtures=("far",), **told))
    tasks = (task(), task_ or backward_task())
    made = exam(criteria, fixtures, tasks=tasks)
    own = {name: Bug(f"It is {name}.", "") for name in ("never-called", "flipped", "linear")}
    return replace(made, assignment=replace(made.assignment, bugs={**made.assignment.bugs, **own}))


def candidate(*parameters: str, required: int | None = None, **changes: Any) -> Slice:
    """A definition that may be the backward pass; parameters that cannot be told where none."""
    told: dict[str, Any] = {
        "role": "backward",
        "symbol": "good_b",
        "parameters": parameters or None,
        "required": len(parameters) if required is None else required,
    }
    return cut(**{**told, **changes})


Played = Callable[..., Any]
"""What a target does, over arrays: with what `forward` got, its arguments, and the upstream."""


def played(calls: Sequence[Call], function: Played) -> Run:
    """What `function` answers, as a child would tell it."""
    return ran({call.key: _played(call, function) for call in calls})


def _played(call: Call, function: Played) -> Observation:
    given = [each.tensor.numbers() for each in (*call.before, *call.arguments)]
    if call.mode == "gradient" and call.upstream is not None:
        # the arguments are what `apply` gets
        given.append(call.upstream.numbers())
    try:
        found = raw(function(*given))
    except Exception as error:  # noqa: BLE001 - as a child does
        return raised(type(error).__name__, str(error))
    if call.mode != "gradient":
        return Observation("ok", value=found, returned="tensor")
    return Observation(
        "ok", call.arguments[0].tensor, "tensor", gradient=found, flows=True, custom=True
    )


@dataclass
class Player:
    """A runner that asks `function`, or `instead` where the program ends with a stand-in."""

    function: Played
    instead: Played | None = None
    asked: list[tuple[Program, tuple[Call, ...]]] = field(default_factory=list)
    isolation: str = "none"
    torch: str = "2.0"
    limits: Limits = field(default_factory=Limits)

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        self.asked.append((program, tuple(calls)))
        replaced = program.statements[-1].filename == "<handout>"
        return played(calls, self.instead if replaced and self.instead else self.function)


def backward_record(made: Exam, *told: tuple[Slice, Played | Player], **changes: Any) -> Record:
    """A record of the candidates, observed as each answers; nothing is known of `forward`."""
    slices = {key_of("backward", at): each for at, (each, _) in enumerate(told)}
    exchanges = {
        key_of("backward", at): observe_target(
            made, "backward", each, one if isinstance(one, Player) else Player(one), alone=False
        )
        for at, (each, one) in enumerate(told)
    }
    base = Record("ada-1", "ada/work.py", "1" * 64, "script", isolation="none", torch="2.0")
    return replace(base, **{"slices": slices, "exchanges": exchanges, **changes})
