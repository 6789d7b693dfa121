"""What slicing makes of a notebook: the target and the statements it needs to run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Literal

from grader.core.notebook import Note

__all__ = [
    "DataBasis",
    "Kind",
    "Location",
    "Passage",
    "Reference",
    "Slice",
    "Statement",
    "TargetState",
    "Wanted",
]

Kind = Literal["function", "class", "autograd_function"]
TargetState = Literal["found", "missing", "stub", "unparsed"]
DataBasis = Literal["random", "passed", "literal"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an assignment asks slicing to look for.

    role    the assignment's word for it, for example `forward`
    names   accepted names, best first
    stubs   source text of the function as the handout gives it, before the student's work
    given   import statements that the handout itself gives; used where the file lost them

    Where the handout gives no name, every definition that may be meant is a candidate:

    like    regular expressions, searched for in the lower-case name of a function or of a method
            of a class
    unlike  likewise: what is called so is something else (a check, another function)
    others  likewise, for the name of a class: its methods do something else's work
    surely  likewise: a method called so is meant even in a class that is trained
    prose   regular expressions, searched for in text cells: a derivation in words or formulas
    """

    role: str
    names: tuple[str, ...]
    stubs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    surely: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Location:
    """Where something stands: 1-based code cell and line in it; line in the file if known."""

    cell: int
    line: int
    cell_id: str | None = None
    file_line: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What a student wrote in a text cell, as it stands there; `location.cell` as in `Cell`."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Statement:
    """One top-level statement, ready to run.

    code      its source; compiled so that its first line is `location.line` of `filename`
    filename  `<cell 6>`: what tracebacks and warnings show
    binds     names it binds at module level
    data      why its value counts as the notebook's sample data, None if it does not:
              drawn by an RNG, passed to the target by the notebook, or literal float data
    tolerant  its failure is noted and the next statement runs (star imports, wide slices)
    """

    code: str
    filename: str
    location: Location
    binds: tuple[str, ...] = ()
    data: DataBasis | None = None
    tolerant: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A library name the slice mentions: `torch.nn.functional.relu`, or `.relu` for a method."""

    name: str
    location: Location


@dataclass(frozen=True, slots=True)
class Slice:
    """The smallest set of statements the target needs, in notebook order.

    role        from `Wanted`
    state       found, missing, stub, or unparsed (its cell is not valid Python, so no kernel
                could have defined it)
    symbol      the name taken; empty where missing
    location    of the definition taken, or of the cell that does not parse
    statements  to run, in order
    wide        more of the notebook, every statement tolerant: run instead of `statements` where
                these reach for names that slicing cannot see; empty where nothing more is there
    dynamic     the slice looks names up at run time (`globals()`, `exec`): run `wide` at once
    devices     the slice mentions an accelerator; the child maps it to the CPU
    references  library names used by the slice, resolved through imports and aliases
    near        names close to an accepted one, for a hint
    notes       what was taken and left, for a person

    Of a candidate (`Wanted.like`):

    kind        autograd_function also stands for a class whose methods take a context first
    method      the method meant, where the symbol is a class or an instance of one
    parameters  positional parameters of what is called, without self or context, and how many of
                them have no default; None where they cannot be told
    required    see `parameters`
    leans_on    the name of another role's target, where it is among the statements
    uncalled    a method that autograd never calls, in a notebook that calls it nowhere and lets
                autograd run
    """

    role: str
    state: TargetState
    symbol: str = ""
    location: Location | None = None
    statements: tuple[Statement, ...] = ()
    wide: tuple[Statement, ...] = ()
    dynamic: bool = False
    devices: bool = False
    references: tuple[Reference, ...] = ()
    near: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    kind: Kind = "function"
    method: str = ""
    parameters: tuple[str, ...] | None = None
    required: int = 0
    leans_on: str = ""
    uncalled: bool = False

    @property
    def digest(self) -> str:
        """sha256 of what would run: the key of this slice's stored observations."""
        told: dict[str, object] = {
            "symbol": self.symbol,
            "dynamic": self.dynamic,
            "devices": self.devices,
            "statements": [asdict(statement) for statement in self.statements],
            "wide": [asdict(statement) for statement in self.wide],
        }
        if self.method or self.leans_on:
            told |= {"method": self.method, "leans_on": self.leans_on}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
