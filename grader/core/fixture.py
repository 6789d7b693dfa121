"""A fixture after expansion: what is sent to the child, and what mathematics says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from grader.core.tensor import DType, Float64, RawTensor

__all__ = ["Argument", "Fixture", "Inputs", "Layout", "Truth", "Visibility"]

Layout = Literal["contiguous", "transposed", "strided", "expanded", "array"]
Visibility = Literal["visible", "hidden"]

Inputs = Mapping[str, Float64]
"""Argument name -> exact values as float64: what an oracle sees."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of the call.

    layout  how the child lays the same values out in memory: `transposed` (a column-major view),
            `strided` (every second column of a wider tensor), `expanded` (rows share memory,
            stride 0; only where all rows are equal), or that it is handed over as a numpy `array`
    """

    name: str
    tensor: RawTensor
    layout: Layout = "contiguous"


@dataclass(frozen=True, slots=True)
class Truth:
    """Expected float64 values and the largest absolute error allowed, of one shape."""

    expected: Float64
    bound: Float64


@dataclass(frozen=True, slots=True)
class Fixture:
    """A named, seeded input.

    name        `group/short-name`, unique in an assignment; the group is the file's stem
    says        the fixture in words, for a student: `one row of 20, all near 1000`
    kind        names the tolerance analysis that holds for it; declared by the assignment
    dtype       of the floating arguments
    scored      False: informational, observed and shown, decides nothing
    literal     written out in the file, each array in at most four numbers: a line to paste
    upstream    the upstream gradient of a differentiable call, None where there is none
    truth       what the target must return
    gradient    what autograd must give for the differentiable argument, None without upstream
    trivial     names of the trivial answers that would pass: not empty means degenerate
    digest      sha256 over arguments and upstream: the fixture's part of an observation's key
    role        of the target it is for
    needs       name of the fixture without which this one is not counted; empty: none
    accepted    what a target with a calling convention may return, by `Convention.gives`
    """

    name: str
    says: str
    kind: str
    dtype: DType
    visibility: Visibility
    scored: bool
    literal: bool
    arguments: tuple[Argument, ...]
    truth: Truth
    digest: str
    upstream: RawTensor | None = None
    gradient: Truth | None = None
    trivial: tuple[str, ...] = ()
    role: str = ""
    needs: str = ""
    accepted: Mapping[str, tuple[Truth, ...]] = field(default_factory=dict)

    @property
    def group(self) -> str:
        return self.name.split("/", 1)[0]

    @property
    def degenerate(self) -> bool:
        """Such a fixture can cost points and never earns any."""
        return bool(self.trivial)

    @property
    def inputs(self) -> Inputs:
        return {argument.name: argument.tensor.numbers() for argument in self.arguments}
