"""One zygote for the whole package: importing torch is the dear part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest

from grader.core.fixture import Argument, Layout
from grader.core.observation import Call, Poison, Program, Run
from grader.core.slice import Location, Statement
from grader.core.tensor import DType, pack
from grader.sandbox.parent import Sandbox

ROWS = [[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]]
Ask = Callable[..., Run]


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as running:
        yield running


def statement(code: str, cell: int = 1, line: int = 1, **facts: object) -> Statement:
    return Statement(code, f"<cell {cell}>", Location(cell, line), **facts)  # type: ignore[arg-type]  # facts are Statement's own


def call(
    key: str = "a",
    rows: Sequence[Sequence[float]] = ROWS,
    *,
    dtype: DType = "float32",
    layout: Layout = "contiguous",
) -> Call:
    return Call(key, (Argument("x", pack(np.array(rows), dtype), layout),))


def gradient_call(key: str = "g", upstream: Sequence[Sequence[float]] = ROWS) -> Call:
    sent = pack(np.array(upstream), "float32")
    return Call(key, call().arguments, "gradient", sent)


@pytest.fixture
def ask(sandbox: Sandbox) -> Ask:
    """Run `code` (defining `f`, torch imported) and make the calls."""

    def run(code: str, *calls: Call, **facts: object) -> Run:
        statements = (statement("import torch"), statement(code, cell=2))
        program = Program(statements, "f", **facts)  # type: ignore[arg-type]  # facts are Program's own
        return sandbox.run(program, calls or (call(),))

    return run


__all__ = ["ROWS", "Ask", "Poison", "call", "gradient_call", "statement"]
