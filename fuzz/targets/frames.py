"""Frames as they come out of a child: head, header, tensor block."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save

from fuzz.holds import must, sentence
from grader.core.tensor import RawTensor
from grader.sandbox import wire

__all__ = ["check", "seeds"]

_MOST = 1 << 16


def seeds() -> tuple[bytes, ...]:
    """Frames of every kind, a block for every dtype, and tables that lie."""
    blocks = [save({"value": np.zeros((2, 3), dtype=kind)}) for kind in ("f8", "f2", "i4", "?")]
    blocks.append(save({"value": np.zeros(0, dtype="f4"), "gradient": np.ones((), dtype="i8")}))
    for shape, dtype in (([0, 2**62], "BF16"), ([2**40, 2**40], "F32"), ([1] * 9, "U8")):
        facts = {"value": {"dtype": dtype, "shape": shape, "data_offsets": [0, 0]}}
        table = json.dumps(facts).encode()
        blocks.append(len(table).to_bytes(8, "little") + table)
    headers: tuple[dict[str, object], ...] = (
        {"outcome": "ok", "ops": ["a::b"]},
        {"faults": [[0, {"line": 3}]]},
        {},
        {"n": 1.5},
    )
    told = [json.dumps(header).encode() for header in headers]
    return tuple(
        wire.HEAD.pack(1 + at % 5, 5 * at, 9 * at)
        + bytes([len(told[at % 4])])
        + told[at % 4]
        + block
        for at, block in enumerate(blocks)
    )


def check(data: bytes) -> None:
    """Lengths are within the cap; a header is an object; a tensor is one that numpy can hold.

    The lengths of a head, the header and the block are read on their own, so that a change of one
    does not hide the others: a head's bytes, a byte that says how long the header is, the rest.
    """
    if len(data) <= wire.HEAD.size:
        return
    _head(data[: wire.HEAD.size])
    begin = wire.HEAD.size + 1
    end = begin + data[begin - 1]
    try:
        must(isinstance(wire.unpack_header(data[begin:end]), dict), "no object")
    except wire.WireError as error:
        sentence(str(error))
    try:
        tensors = wire.unpack_tensors(data[end:])
    except wire.WireError as error:
        sentence(str(error))
        return
    for dtype, shape, content in tensors.values():
        must(dtype in wire.OUR_NAMES.values() and len(shape) <= wire.MOST_DIMS, "not refused")
        tensor = RawTensor(dtype, shape, content)  # type: ignore[arg-type]  # just looked up
        must(tensor.numbers().shape == shape, "another shape")


def _head(data: bytes) -> None:
    try:
        kind, header, block = wire.head(data, most=_MOST)
    except wire.WireError as error:
        sentence(str(error))
        return
    must(kind in (wire.SETUP, wire.READY, wire.CALL, wire.ANSWER), "an unknown kind")
    must(header <= wire.HEADER_BYTES and block <= _MOST, "longer than allowed")
