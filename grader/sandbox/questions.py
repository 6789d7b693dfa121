"""Frames for a child: the program to set up, and the calls to make."""

from __future__ import annotations

import functools
import math
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from safetensors.numpy import save as save_tensors

from grader.core.fixture import Argument
from grader.core.observation import Call, Limits, Program
from grader.core.tensor import RawTensor
from grader.sandbox import wire

__all__ = ["call_question", "passed", "seconds_for", "setup_question"]

_NUMPY: Final = {"bfloat16": "uint16"}


def setup_question(program: Program, limits: Limits) -> bytes:
    """The frame that has a child run the program's statements."""
    header = {
        "statements": [
            {
                "code": statement.code,
                "filename": statement.filename,
                "line": statement.location.line,
                "binds": statement.binds,
                "data": statement.data,
            }
            for statement in program.statements
        ],
        "symbol": program.symbol,
        "fills": dict(program.fills),
        "method": program.method,
        "devices": program.devices,
        "vary": program.vary,
        "watch": program.poison.ops if program.poison else program.watch,
        "poison": asdict(program.poison) if program.poison else None,
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": int(limits.total_seconds + limits.setup_seconds) + 10,
    }
    return wire.pack(wire.SETUP, header)


@functools.lru_cache(maxsize=1024)  # a class is asked the same questions over and over
def call_question(call: Call) -> bytes:
    """The frame that asks for one call."""
    given = [(f"a{place}", argument) for place, argument in enumerate(call.arguments)]
    before = [(f"b{place}", argument) for place, argument in enumerate(call.before)]
    header: dict[str, Any] = {
        "mode": call.mode,
        "wrt": call.wrt,
        "arguments": [_describe(name, argument) for name, argument in given],
        "before": [_describe(name, argument) for name, argument in before],
    }
    tensors = {name: _array(argument.tensor) for name, argument in (*given, *before)}
    if call.upstream is not None:
        tensors["upstream"] = _array(call.upstream)
        header["upstream"] = [_describe("upstream", Argument("upstream", call.upstream))]
    return wire.pack(wire.CALL, header, save_tensors(tensors))


def _describe(name: str, argument: Argument) -> dict[str, str]:
    return {"name": name, "dtype": argument.tensor.dtype, "layout": argument.layout}


def _array(tensor: RawTensor) -> Any:
    dtype = np.dtype(_NUMPY.get(tensor.dtype, tensor.dtype)).newbyteorder("<")
    return np.frombuffer(tensor.data, dtype=dtype).reshape(tensor.shape)


def seconds_for(call: Call, limits: Limits, *, first: bool = False) -> float:
    """Wall seconds one call may take: slow but right loops over pairs of elements must finish."""
    most = max((math.prod(argument.tensor.shape) for argument in passed(call)), default=0)
    base = limits.first_call_seconds if first else limits.call_seconds
    return min(base + limits.per_pair_seconds * most**2, limits.call_seconds_most)


def passed(call: Call) -> tuple[Argument, ...]:
    """Every array that is sent with a call."""
    return (*call.before, *call.arguments)
