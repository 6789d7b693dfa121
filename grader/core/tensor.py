"""A tensor as it crosses the trust boundary: dtype, shape, bytes, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["DTYPES", "EPS", "DType", "Float64", "RawTensor", "pack"]

DType = Literal["float64", "float32", "float16", "bfloat16", "int64", "int32", "bool"]
Float64 = NDArray[np.float64]

DTYPES: Final[dict[str, int]] = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "bool": 1,
}
"""Bytes per element of every dtype that may cross."""

EPS: Final[dict[str, float]] = {
    "float64": 2.0**-52,
    "float32": 2.0**-23,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}
"""Machine epsilon (gap between 1 and the next number) of the floating dtypes."""


@dataclass(frozen=True, slots=True)
class RawTensor:
    """Row-major little-endian bytes of a dense tensor."""

    dtype: DType
    shape: tuple[int, ...]
    data: bytes

    def __post_init__(self) -> None:
        count = 1
        for size in self.shape:
            count *= size
        if len(self.data) != count * DTYPES[self.dtype]:
            raise ValueError(f"{self.dtype} {self.shape} is not {len(self.data)} bytes")

    def numbers(self) -> NDArray[Any]:
        """The values: float64 for floating dtypes (exact), int64 for integers, bool for bool."""
        if self.dtype == "bfloat16":
            high = np.frombuffer(self.data, dtype="<u2").astype(np.uint32) << 16
            return high.view(np.float32).astype(np.float64).reshape(self.shape)
        found = np.frombuffer(self.data, dtype=np.dtype(self.dtype).newbyteorder("<"))
        wide = {"f": np.float64, "i": np.int64, "b": np.bool_}[found.dtype.kind]
        return found.astype(wide).reshape(self.shape)


def pack(values: NDArray[Any], dtype: DType) -> RawTensor:
    """Round `values` to `dtype` (to nearest, ties to even) and take the bytes.

    To bfloat16 it goes by way of float32, as torch does it. What is too large becomes infinite.
    """
    array = np.asarray(values)
    with np.errstate(over="ignore"):
        if dtype == "bfloat16":
            data = _to_bfloat16(array.astype(np.float32)).tobytes()
        else:
            data = array.astype(np.dtype(dtype).newbyteorder("<")).tobytes()
    return RawTensor(dtype, tuple(int(size) for size in array.shape), data)


def _to_bfloat16(single: NDArray[np.float32]) -> NDArray[np.uint16]:
    # one NaN for all: the upper half of some others is an infinity
    bits = np.where(np.isnan(single), np.float32(np.nan), single).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    kept = np.where(np.isfinite(single), rounded, bits) >> np.uint32(16)
    return kept.astype(np.dtype(np.uint16).newbyteorder("<"))
