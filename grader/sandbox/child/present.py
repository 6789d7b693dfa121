"""Turning what a call returned into plain tensors, and arguments into tensors of a given layout.

Every torch function used here is bound when the zygote imports this module, before any student's
code could rebind it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from safetensors.torch import load as load_tensors

__all__ = ["Unpresentable", "arguments", "as_handed", "dense", "encode", "present", "same"]

MOST_ITEMS: Final = 2_000_000
MOST_DEPTH: Final = 8
_SAFE_NAMES: Final = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}
SMALL_INTEGERS: Final = {torch.uint8, torch.int8, torch.int16, torch.uint16, torch.uint32}
FILLER: Final = 1e30  # what a function that reads past a view's own entries would see

_empty = torch.empty
_stack = torch.stack
_tensor = torch.tensor
_no_grad = torch.no_grad
_from_numpy = torch.from_numpy
_isnan = torch.isnan
_equal = torch.equal
_Tensor = torch.Tensor
_numpy_of = torch.Tensor.numpy


class Unpresentable(Exception):
    """The value holds no numbers that could be compared; the message names what it is."""


def arguments(header: Sequence[dict[str, Any]], block: bytes) -> list[torch.Tensor]:
    """The call's arguments, laid out in memory as asked."""
    found = load_tensors(block) if block else {}
    return [_lay_out(_typed(found[item["name"]], item["dtype"]), item["layout"]) for item in header]


def as_handed(header: Sequence[dict[str, Any]], given: Sequence[torch.Tensor]) -> list[Any]:
    """What the target gets: the tensors, or numpy arrays of the same memory where asked."""
    return [
        _numpy_of(tensor) if item["layout"] == "array" else tensor
        for item, tensor in zip(header, given, strict=True)
    ]


def _typed(tensor: torch.Tensor, dtype: str) -> torch.Tensor:
    # numpy has no bfloat16, so the parent sends its bits as integers
    return tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor


def _lay_out(tensor: torch.Tensor, layout: str) -> torch.Tensor:
    if layout == "transposed":
        return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
    if layout == "strided":
        wide = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), FILLER).to(tensor.dtype)
        wide[..., ::2] = tensor
        return wide[..., ::2]
    if layout == "expanded":
        return tensor[:1].clone().expand(tensor.shape)
    return tensor.clone()


def present(value: Any) -> tuple[torch.Tensor | None, str]:
    """A dense CPU tensor of a dtype that may cross, and in words what the call returned."""
    if value is None:
        return None, "nothing"
    try:
        if isinstance(value, _Tensor):
            return dense(value), "tensor"
        if isinstance(value, np.ndarray | np.generic):
            return dense(_of_numpy(value)), "numpy array"
        if isinstance(value, list | tuple):
            return dense(_of_list(value, 0)), "list" if isinstance(value, list) else "tuple"
        if isinstance(value, bool | int | float):
            return _tensor(value, dtype=torch.float64), "number"
    except Unpresentable as error:
        return None, str(error)
    return None, type(value).__name__[:100]


def dense(tensor: torch.Tensor) -> torch.Tensor:
    """A fresh row-major copy; raw storage of lazy or strided views would be wrong."""
    if tensor.is_complex() or tensor.is_quantized:
        raise Unpresentable(f"a tensor of {tensor.dtype}")
    if tensor.is_meta:
        raise Unpresentable("a tensor without data")
    if tensor.numel() > MOST_ITEMS:
        raise Unpresentable(f"a tensor of {tensor.numel()} numbers")
    if tensor.dim() > MOST_DEPTH:
        raise Unpresentable(f"a tensor of {tensor.dim()} dimensions")
    with _no_grad():
        plain = tensor.detach()
        if plain.layout is not torch.strided:
            plain = plain.to_dense()
        dtype = torch.int64 if plain.dtype in SMALL_INTEGERS else plain.dtype
        if dtype not in _SAFE_NAMES:
            raise Unpresentable(f"a tensor of {tensor.dtype}")
        return _empty(plain.shape, dtype=dtype).copy_(plain)


def _of_numpy(value: Any) -> torch.Tensor:
    array = np.ascontiguousarray(value) if np.ndim(value) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise Unpresentable(f"a numpy array of {array.dtype}")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if array.dtype.kind == "u" or not array.dtype.isnative:
        array = array.astype(np.int64 if array.dtype.kind == "u" else array.dtype.newbyteorder("="))
    return _from_numpy(array.copy())


def _of_list(value: list[Any] | tuple[Any, ...], depth: int) -> torch.Tensor:
    if depth >= MOST_DEPTH or len(value) > MOST_ITEMS:
        raise Unpresentable("a list too deep or too long")
    if all(type(item) in (float, int, bool) for item in value):
        return _numbers(value)
    items = []
    for item in value:
        if isinstance(item, list | tuple):
            items.append(_of_list(item, depth + 1))
        else:
            tensor, words = present(item)
            if tensor is None:
                raise Unpresentable(f"a list that holds {words}")
            items.append(tensor)
    if len({item.shape for item in items}) > 1:
        raise Unpresentable("a list of rows of different lengths")
    return _stack(items)


def _numbers(value: Sequence[float]) -> torch.Tensor:
    try:
        return _tensor([float(item) for item in value], dtype=torch.float64)
    except OverflowError as error:
        raise Unpresentable("a list that holds a number beyond every float") from error


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal shape, dtype and values; NaN equals NaN."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    with _no_grad():
        if _equal(left, right):
            return True
        return bool(((left == right) | (_isnan(left) & _isnan(right))).all())


def encode(tensors: dict[str, torch.Tensor]) -> bytes:
    """A safetensors block of dense tensors; empty for no tensors.

    The format is a length, a JSON table and the bytes. Written here, since the library's writer
    costs more than all else in a small call; what reads it on the trusted side is the library.
    """
    if not tensors:
        return b""
    table, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        data = tensor.reshape(-1).view(torch.uint8).numpy().tobytes()
        span = [at, at + len(data)]
        table[name] = {
            "dtype": _SAFE_NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": span,
        }
        parts.append(data)
        at += len(data)
    head = json.dumps(table, separators=(",", ":")).encode("ascii")
    return b"".join((len(head).to_bytes(8, "little"), head, *parts))
