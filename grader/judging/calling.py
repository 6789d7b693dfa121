"""From a fixture to the call of it, and from what came back to the answer: by convention."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.core.assignment import Mistake, Task
from grader.core.convention import Convention
from grader.core.fixture import Argument, Fixture, Truth
from grader.core.observation import Call, Observation, Run
from grader.core.slice import Slice
from grader.core.tensor import Float64, RawTensor, pack

__all__ = [
    "UPSTREAM",
    "answers",
    "call_for",
    "convention_of",
    "mistaken",
    "possible",
    "spared",
    "truths_for",
]

UPSTREAM = "upstream"
"""The argument that autograd is given where a target is applied."""

_KINDS = {"call": "function", "method": "class", "context": "autograd_function"}


def convention_of(task: Task, name: str) -> Convention | None:
    """The task's convention of that name, None where `name` is empty. KeyError if there is none."""
    if not name:
        return None
    for convention in task.conventions:
        if convention.name == name:
            return convention
    raise KeyError(name)


def possible(task: Task, cut: Slice) -> tuple[Convention, ...]:
    """The conventions that the slice's kind and parameters leave open; if none, all of its kind."""
    kin = tuple(
        convention
        for convention in task.conventions
        if _KINDS.get(convention.entry, "autograd_function") == cut.kind
        and (not convention.arrays or _uses_arrays(cut))
    )
    return tuple(each for each in kin if _takes(cut, len(each.passes), task)) or kin


def _uses_arrays(cut: Slice) -> bool:
    return any(each.name.partition(".")[0] == "numpy" for each in cut.references)


def _takes(cut: Slice, count: int, task: Task) -> bool:
    if cut.parameters is None:
        return True
    needed = [name for name in cut.parameters[: cut.required] if name not in task.fills]
    return len(needed) <= count <= len(cut.parameters)


def call_for(task: Task, fixture: Fixture, convention: Convention | None, key: str = "") -> Call:
    """The call of `fixture`; its key is the fixture's name where no other is given."""
    key = key or fixture.name
    if convention is None:
        return Call(key, fixture.arguments)
    passed = tuple(_argument(task, fixture, name, convention) for name in convention.passes)
    before = tuple(_argument(task, fixture, name, convention) for name in convention.before)
    match convention.entry:
        case "call":
            return Call(key, passed)
        case "method":
            return Call(key, passed, "method", before=before)
        case "context":
            return Call(key, passed, "context", before=before)
        case "apply":
            return Call(key, before, "gradient", passed[convention.passes.index(UPSTREAM)].tensor)


def _argument(task: Task, fixture: Fixture, name: str, convention: Convention) -> Argument:
    found = next((each for each in fixture.arguments if each.name == name), None)
    if found is None:
        found = Argument(name, pack(task.derived[name](fixture.inputs), fixture.dtype))
    found = _as_row(found) if convention.vector else found
    return replace(found, layout="array") if convention.arrays else found


def _as_row(argument: Argument) -> Argument:
    """One row without its batch axis; a batch as it is."""
    shape = argument.tensor.shape
    if len(shape) < 2 or shape[0] != 1:
        return argument
    return Argument(
        argument.name, RawTensor(argument.tensor.dtype, shape[1:], argument.tensor.data)
    )


def answers(run: Run, convention: Convention | None) -> Run:
    """The run with what each call answered as its value: of an applied target the gradient."""
    if convention is None or convention.entry != "apply":
        return run
    calls = {key: _gradient_as_value(each) for key, each in run.calls.items()}
    return replace(run, calls=calls)


def _gradient_as_value(observation: Observation) -> Observation:
    if observation.outcome != "ok":
        return observation
    if observation.gradient is None or not observation.custom:
        text = "a result that autograd cannot follow back through it"
        return replace(observation, value=None, returned=text)
    return replace(observation, value=observation.gradient, returned="tensor")


def truths_for(fixture: Fixture, convention: Convention | None) -> tuple[Truth, ...]:
    """What a right target may return, best known form first; empty where there is no such form."""
    return (fixture.truth,) if convention is None else fixture.accepted.get(convention.gives, ())


def mistaken(
    mistake: Mistake, fixture: Fixture, convention: Convention | None
) -> tuple[Truth | None, ...]:
    """What a target with the mistake returns, None for an exception; empty where nothing is said.

    As close as a right result must be at its worst entry, in proportion where it is larger.
    """
    truths = truths_for(fixture, convention)
    if not truths:
        return ()
    results = mistake.results(fixture.inputs, fixture.dtype)
    kinds = results.values() if convention is None else (results.get(convention.gives, ()),)
    allowed = max(float(each.bound.max(initial=0.0)) for each in truths)
    right = max(_largest(each.expected) for each in truths)
    return tuple(_near(values, allowed, right) for kind in kinds for values in kind)


def _near(values: Float64 | None, allowed: float, right: float) -> Truth | None:
    if values is None:
        return None
    scale = max(1.0, _largest(values) / right) if right else 1.0
    return Truth(values, np.full_like(values, allowed * scale))


def _largest(values: Float64) -> float:
    """The largest finite size of an entry, 0 where there is none."""
    return float(np.max(np.abs(values), where=np.isfinite(values), initial=0.0))


def spared(fixture: Fixture, convention: Convention | None) -> bool:
    """Whether the fixture says nothing about a target that is called so."""
    return convention is not None and fixture.kind in convention.spares
