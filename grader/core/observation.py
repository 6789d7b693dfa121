"""What is asked of a child and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.core.fixture import Argument
from grader.core.slice import Statement
from grader.core.tensor import RawTensor

__all__ = [
    "Call",
    "Exchange",
    "Fault",
    "Limits",
    "Mode",
    "Observation",
    "Outcome",
    "Poison",
    "Program",
    "Run",
    "Setup",
]

Mode = Literal["value", "gradient", "method", "context"]
Outcome = Literal["ok", "raised", "timed_out", "killed", "not_run"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use; times in seconds of wall clock, sizes in bytes.

    call_seconds     base for one call; `per_pair_seconds` is added for each pair of elements of
                     its largest argument, so that slow but right loops finish
    first_call_seconds  base for a program's very first call: it may import what it needs
    setup_seconds    to run the slice's statements
    total_seconds    everything one program does, in all its children
    memory_bytes     address space beyond what the zygote itself maps
    output_bytes     of stdout and stderr kept for one submission, each
    frame_bytes      largest answer
    timeouts         after so many calls that timed out the rest is not run, if none was answered
    timeouts_among_answers  likewise, if some call was: the others still deserve their run
    """

    call_seconds: float = 1.0
    first_call_seconds: float = 5.0
    per_pair_seconds: float = 1e-5
    call_seconds_most: float = 20.0
    setup_seconds: float = 20.0
    total_seconds: float = 90.0
    memory_bytes: int = 2 * 2**30
    output_bytes: int = 64 * 1024
    frame_bytes: int = 64 * 2**20
    timeouts: int = 1
    timeouts_among_answers: int = 1

    def doubled(self) -> Limits:
        """The limits of the second run, made alone, the only one that counts a time-out or kill.

        Times and sizes are doubled. The first run stops at its first time-out, since it will be
        made again; this one goes on with the other calls.
        """
        return Limits(
            call_seconds=2 * self.call_seconds,
            first_call_seconds=2 * self.first_call_seconds,
            per_pair_seconds=2 * self.per_pair_seconds,
            call_seconds_most=2 * self.call_seconds_most,
            setup_seconds=2 * self.setup_seconds,
            total_seconds=2 * self.total_seconds,
            memory_bytes=2 * self.memory_bytes,
            output_bytes=self.output_bytes,
            frame_bytes=self.frame_bytes,
            timeouts=3,
            timeouts_among_answers=30,
        )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the target.

    key       unique in a run: `fixture name`, `fixture name#gradient`, `fixture name#again`
    mode      value: call it; gradient: call it on a non-leaf input that requires grad, then
              backpropagate `upstream` and return the gradient of the differentiable argument;
              method: make an instance, call its `forward`, then `Program.method`; context:
              likewise on the class, with one context object as first argument of both
    wrt       index of the argument the gradient is for
    before    what `forward` is called with, in modes method and context; empty: it is not called
    """

    key: str
    arguments: tuple[Argument, ...]
    mode: Mode = "value"
    upstream: RawTensor | None = None
    wrt: int = 0
    before: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Poison:
    """Make library functions answer falsely, to see whether the target's answer follows.

    ops    operator name patterns (fnmatch) as the dispatcher spells them: `aten::relu`
    names  functions to wrap in the module that holds them: `scipy.special.expit`
    how    nudge: every entry changed by a few ULP in alternating directions, which passes the
           student's own `allclose`; roll: entries moved on by one along the last axis, which
           passes checks on sums. `assert` statements of the slice are compiled away in both
    """

    ops: tuple[str, ...]
    names: tuple[str, ...]
    how: Literal["nudge", "roll"]


@dataclass(frozen=True, slots=True)
class Program:
    """What a child runs before it is asked anything.

    symbol   the module-level name to call
    fills    values for required further parameters, by name
    vary     None, or the number of a variation: sample data (`Statement.data`) is replaced by
             other values of the same shape, another seed and another scale; what the notebook
             computes from it follows. `assert` statements are compiled away
    watch    operator name patterns whose use a value call reports
    method   the method that calls of mode method and context are about
    convention  name of the `Convention` its calls follow; empty where the task has none
    """

    statements: tuple[Statement, ...]
    symbol: str
    fills: Mapping[str, int] = field(default_factory=dict)
    devices: bool = False
    vary: int | None = None
    watch: tuple[str, ...] = ()
    poison: Poison | None = None
    method: str = ""
    convention: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception of the student's code, as text.

    type, message  class name and `str()` of it, cut and with control characters escaped
    filename, line innermost frame in the student's own code (`<cell 6>`), None where there is none
    missing_name   the name of a NameError, else empty
    """

    type: str
    message: str
    filename: str | None = None
    line: int | None = None
    missing_name: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What came back from one call.

    value      what it returned as a dense tensor; None where it raised or returned no numbers
    returned   in words: `tensor`, `numpy array`, `list`, `number`, or `nothing`, or a type's name
    gradient   gradient calls: of the differentiable argument; None where none flowed
    flows      gradient calls: whether the result was attached to the graph
    custom     gradient calls: whether a Python `autograd.Function` of the student's is in the graph
    changed    whether an argument's values were different after the call
    ops        of the watched operators, those used
    fault      the exception, where it raised
    stdout, stderr  what it printed, cut
    seconds    wall time of the call in the child
    """

    outcome: Outcome
    value: RawTensor | None = None
    returned: str = "nothing"
    gradient: RawTensor | None = None
    flows: bool = False
    custom: bool = False
    changed: bool = False
    ops: tuple[str, ...] = ()
    fault: Fault | None = None
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Setup:
    """How running the slice's statements went.

    form       what the symbol turned out to be: function, instance, module, autograd_function
    faults     exceptions of single statements, in order, with the statement's index
    """

    outcome: Outcome
    form: str = ""
    faults: tuple[tuple[int, Fault], ...] = ()
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Everything one program answered.

    calls     by key
    layers    confinement layers that were in force
    notes     what a person should know: a replaced child, a device mapped to the CPU
    seconds   wall time from spawn to reap
    """

    setup: Setup
    calls: Mapping[str, Observation]
    layers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def stopped(self) -> bool:
        """Whether a limit cut anything short: such a run counts only when made alone."""
        outcomes = {self.setup.outcome} | {call.outcome for call in self.calls.values()}
        return bool(outcomes & {"timed_out", "killed"})


@dataclass(frozen=True, slots=True)
class Exchange:
    """A program and its run."""

    program: Program
    run: Run
