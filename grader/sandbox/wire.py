"""Frames across the trust boundary, on a stream socket.

A frame is a kind (1 byte), the length of a JSON header (4), the length of a tensor block (8), then
both. Tensors are a safetensors block: dtype, shape and bytes, checked by a parser made for
untrusted input; nothing is unpickled or evaluated. Lengths are checked before anything is read.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Final, Never

import safetensors

__all__ = [
    "ANSWER",
    "CALL",
    "CONTROL",
    "HEAD",
    "MOST_DIMS",
    "MOST_NUMBERS",
    "OUR_NAMES",
    "PID",
    "READY",
    "SETUP",
    "WireError",
    "head",
    "pack",
    "unpack_header",
    "unpack_tensors",
]

SETUP: Final = 1
READY: Final = 2
CALL: Final = 3
ANSWER: Final = 4

CONTROL: Final = 3
"""The zygote's descriptor of its conversation with the parent about children."""

PID: Final = struct.Struct("<cq")
"""A word on that conversation: a letter, and a process id or wait status."""

HEAD: Final = struct.Struct("<BIQ")
HEADER_BYTES: Final = 2**20
TABLE_BYTES: Final = 2**16
"""Of a tensor block: names, dtypes and shapes of a few tensors, not of a million."""


class WireError(Exception):
    """Bytes that are no frame of this protocol."""


def pack(kind: int, header: Mapping[str, Any], tensors: bytes = b"") -> bytes:
    """One whole frame."""
    text = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    return HEAD.pack(kind, len(text), len(tensors)) + text + tensors


def head(data: bytes, *, most: int) -> tuple[int, int, int]:
    """Kind and lengths of a frame; WireError where a length is over `most` or the kind unknown."""
    kind, header, tensors = HEAD.unpack(data)
    if kind not in (SETUP, READY, CALL, ANSWER):
        raise WireError(f"frame of unknown kind {kind}")
    if header > HEADER_BYTES or tensors > most:
        raise WireError(f"frame of {header} + {tensors} bytes is larger than allowed")
    return kind, header, tensors


def unpack_header(text: bytes) -> dict[str, Any]:
    """The JSON object of a frame; WireError for anything else.

    Integers are of at most 63 bits: what a peer sends as a line or an index stays a small number.
    """
    try:
        found = json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("frame header is not JSON") from error
    if not isinstance(found, dict):
        raise WireError("frame header is not an object")
    return found


def _integer(text: str) -> int:
    if len(text) > 20 or abs(value := int(text)) >= 2**63:
        raise ValueError("an integer of more than 63 bits")
    return value


def _no_constant(text: str) -> Never:
    raise ValueError(f"{text} is not JSON")


OUR_NAMES: Final = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "BOOL": "bool",
}
"""dtypes that may cross, by safetensors' name."""

MOST_DIMS: Final = 8
MOST_NUMBERS: Final = 2**40
"""Of a shape with its zeros left out: an empty tensor may claim sizes that no array can have."""


def unpack_tensors(block: bytes) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """(dtype, shape, bytes) by name; WireError for a broken block, another dtype, a huge shape."""
    if not block:
        return {}
    if int.from_bytes(block[:8], "little") > TABLE_BYTES:
        raise WireError("tensor table is larger than allowed")
    try:
        found = safetensors.deserialize(block)  # type: ignore[no-untyped-call]  # a Rust module
    except safetensors.SafetensorError as error:
        raise WireError("tensor block is broken") from error
    tensors: dict[str, tuple[str, tuple[int, ...], bytes]] = {}
    for name, facts in found:
        dtype = OUR_NAMES.get(facts["dtype"])
        if dtype is None or len(facts["shape"]) > MOST_DIMS:
            raise WireError(f"tensor of dtype {facts['dtype']} and {len(facts['shape'])} dims")
        if math.prod(size or 1 for size in facts["shape"]) > MOST_NUMBERS:
            raise WireError("tensor of a shape that no array can have")
        tensors[name] = (dtype, tuple(facts["shape"]), bytes(facts["data"]))
    return tensors
