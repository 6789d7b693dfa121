"""The ways students may have made the same function callable, as an assignment declares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Convention", "Entry", "StandIn"]

Entry = Literal["call", "method", "context", "apply"]


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to call a target and to read what it returns.

    name    as reports say it: `f(upstream, x)`; unique in a task
    form    what the report calls a target that is called so
    gives   which of the accepted results it returns: a key of `Task.accepted`
    passes  what is passed, in order: names of the task's arguments or of its derived values
    entry   call: the symbol itself
            method: `forward` on a fresh instance, then the method found in its class
            context: likewise, each with one and the same context object as its first argument
            apply: the class's `apply`, then autograd with the argument called `upstream`
    before  what `forward` or `apply` gets; empty: there is none to call first
    vector  a single row is passed without its batch axis
    arrays  numpy arrays are passed; tried only where the slice uses numpy
    spares  kinds of fixtures that say nothing about a target called so
    """

    name: str
    form: str
    gives: str
    passes: tuple[str, ...]
    entry: Entry = "call"
    before: tuple[str, ...] = ()
    vector: bool = False
    arrays: bool = False
    spares: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StandIn:
    """A plain right implementation that takes the place of another role's target.

    role    of the target that is replaced
    source  one statement that defines `{name}`
    """

    role: str
    source: str
