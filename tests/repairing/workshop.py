"""Small targets with planted bugs, rules that undo them, and a runner without a child.

The task is that of `tests.builders`: `good_f` answers with its argument. Rules replace text, so
that a test says in one line what is mended.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from grader.core.assignment import Bug
from grader.core.fixture import Inputs
from grader.core.observation import Call, Exchange, Limits, Observation, Program, Run, Setup
from grader.core.record import Exam
from grader.core.repair import Edit, Fix, Patch, Rule
from grader.core.rubric import Criterion
from grader.core.slice import Slice
from grader.core.tensor import Float64
from grader.editing import Code
from grader.judging.judge import MAIN
from grader.observing import observe_target
from grader.repairing.edits import mended
from tests.builders import answer, criterion, cut, exam, fixture, raised, statement, task

__all__ = [
    "BUGS",
    "DATA",
    "FIXTURES",
    "Workshop",
    "edit",
    "made",
    "observed",
    "parts",
    "repaired",
    "swap",
    "target",
]

BUGS: Final = MappingProxyType(
    {
        "writes": Bug("It writes.", ""),
        "reaches-out": Bug("It reaches out.", ""),
        "borrowed": Bug("It is borrowed.", ""),
        "added": Bug("Something is added.", ""),
        "turned": Bug("The sign is turned.", ""),
        "cut-off": Bug("Large entries are cut off.", "", shows=("large",)),
        "one-row": Bug("Only the first row is seen.", "", shows=("batch",)),
    }
)
FIXTURES: Final = (
    fixture("values/pair"),
    fixture("values/other", ((-3.0, 0.5, 4.0),)),
    fixture("large/row", ((20.0, 90.0, -70.0),)),
    fixture("batch/rows", ((1.0, 2.0), (3.0, 5.0), (-1.0, 0.25))),
)
DATA: Final = statement("far = 3.0", cell=2, binds=("far",), data="literal")


def swap(
    old: str,
    new: str,
    bug: str = "added",
    *,
    name: str = "",
    variant: str = "",
    seen: Callable[[Inputs, Float64], bool] | None = None,
) -> Rule:
    """A rule that puts `new` wherever `old` stands."""

    def find(code: Code) -> Iterator[Fix]:
        for at, each in enumerate(code.statements):
            for found in re.finditer(re.escape(old), each.code):
                span = found.span()
                yield Fix(at, span, (Patch(*span, new),), variant)

    return Rule(name or f"{old} -> {new}", bug, find, seen)


def edit(name: str, at: int, *, bug: str = "added", statement_: int = 0, size: int = 1) -> Edit:
    """One edit that replaces `size` characters from `at`."""
    span = (at, at + size)
    return Edit(name, bug, (Fix(statement_, span, (Patch(*span, "y" * size),)),))


def target(body: str, *, reads: bool = False) -> Slice:
    """`good_f` with this body, one statement a line; `reads` gives it sample data, `far`."""
    code = "def good_f(x):\n    " + "\n    ".join(body.splitlines())
    return cut(*((DATA,) if reads else ()), statement(code))


def made(*rules: Rule, criteria: Sequence[Criterion] = (), bugs: Mapping[str, Bug] = BUGS) -> Exam:
    """An exam on values, large entries and batches, that knows these rules."""
    wanted = criteria or (
        criterion("values", fixtures=("values",)),
        criterion("large", fixtures=("large",)),
        criterion("batch", fixtures=("batch",)),
        criterion("own", "own-argument", fixtures=("values",)),
        criterion("pure", "pure", fixtures=("values",)),
    )
    found = exam(wanted, FIXTURES, tasks=(task(repairs=rules),))
    return replace(found, assignment=replace(found.assignment, bugs=bugs))


@dataclass
class Workshop:
    """A runner that executes programs here, over arrays, and is its own bench.

    run_  programs that were run in a child of their own
    tried programs that were tried on a bench
    """

    run_: list[Program] = field(default_factory=list)
    tried: list[Program] = field(default_factory=list)
    benches: int = 0
    most: int = 10**6
    isolation: str = "none"
    torch: str = "2.0"
    limits: Limits = field(default_factory=Limits)
    _function: Any = None

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        self.run_.append(program)
        setup, function = _started(program)
        return Run(setup, {call.key: _called(function, call) for call in calls})

    def bench(self) -> Workshop:
        self.benches += 1
        return self

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *_: object) -> None:
        self._function = None

    @property
    def spent(self) -> bool:
        return len(self.tried) >= self.most

    def start(self, program: Program) -> Setup:
        self.tried.append(program)
        setup, self._function = _started(program)
        return setup

    def ask(self, call: Call) -> Observation:
        return _called(self._function, call)


def _started(program: Program) -> tuple[Setup, Any]:
    names: dict[str, Any] = {"np": np}
    for each in program.statements:
        try:
            exec(each.code, names)  # noqa: S102 - source of the tests
        except Exception:  # noqa: BLE001 - as a child does
            return Setup("raised"), None
        if program.vary is not None and each.data is not None:
            names |= {name: names[name] + 7.0 * program.vary for name in each.binds}
    return Setup("ok", "function"), names[program.symbol]


def _called(function: Any, call: Call) -> Observation:
    given = call.arguments[0].tensor.numbers().astype(np.float64)
    before = given.copy()
    try:
        found = np.asarray(function(given))
    except Exception as error:  # noqa: BLE001 - as a child does
        return raised(type(error).__name__, str(error), changed=not np.array_equal(given, before))
    return answer(found, changed=not np.array_equal(given, before))


def observed(exam_: Exam, sliced: Slice, runner: Workshop | None = None) -> dict[str, Exchange]:
    """The target as handed in, and its experiments."""
    return observe_target(exam_, "forward", sliced, runner or Workshop(), alone=False)


def parts(exam_: Exam, sliced: Slice, prefix: str, *edits: Edit) -> dict[str, Exchange]:
    """The target with these edits, as what is called `prefix` in a record."""
    changed = replace(sliced, statements=mended(sliced.statements, edits))
    return {f"{prefix}/{name}": each for name, each in observed(exam_, changed).items()}


def repaired(exchanges: Mapping[str, Exchange], prefix: str = "repair") -> str:
    """The source of the last statement in the main exchange called `prefix`."""
    return exchanges[f"{prefix}/{MAIN}"].program.statements[-1].code
