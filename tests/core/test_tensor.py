from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from grader.core.tensor import DTYPES, EPS, DType, RawTensor, pack

SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
FLOATS: list[DType] = ["float64", "float32", "float16", "bfloat16"]
NAN_BITS = (0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFF800001, 0xFFFFFFFF)


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    return left.shape == right.shape and np.array_equal(left, right, equal_nan=True)


@settings(deadline=None)
@given(st.sampled_from(FLOATS), npst.arrays(np.float64, SHAPES, elements=st.floats(width=64)))
def test_what_was_packed_is_packed_alike_again(dtype: DType, values: np.ndarray) -> None:
    once = pack(values, dtype)
    assert (once.dtype, once.shape) == (dtype, values.shape)
    numbers = once.numbers()
    assert numbers.dtype == np.float64
    assert _equal(pack(numbers, dtype).numbers(), numbers)


@settings(deadline=None)
@given(npst.arrays(np.float64, SHAPES, elements=st.floats(width=64)))
def test_float64_is_kept_to_the_bit(values: np.ndarray) -> None:
    assert pack(values, "float64").data == values.tobytes()
    assert _equal(pack(values, "float64").numbers(), values)


@settings(deadline=None)
@given(npst.arrays(np.int64, SHAPES, elements=st.integers(-(2**31), 2**31 - 1)))
def test_integers_are_kept(values: np.ndarray) -> None:
    for dtype in ("int64", "int32"):
        found = pack(values, dtype)
        assert found.numbers().dtype == np.int64
        assert _equal(found.numbers(), values)


@settings(deadline=None)
@given(npst.arrays(np.bool_, SHAPES))
def test_booleans_are_kept(values: np.ndarray) -> None:
    found = pack(values, "bool")
    assert found.numbers().dtype == np.bool_
    assert _equal(found.numbers(), values)


@settings(deadline=None)
@given(st.sampled_from(FLOATS), st.floats(-200, 200))
def test_rounding_is_within_half_a_gap(dtype: DType, value: float) -> None:
    got = float(pack(np.array(value), dtype).numbers())
    assert abs(got - value) <= abs(value) * EPS[dtype] / 2 + 2.0**-25


@pytest.mark.parametrize("dtype", FLOATS)
def test_eps_is_the_gap_above_one(dtype: DType) -> None:
    gap = EPS[dtype]
    around = pack(np.array([1.0, 1 + gap, 1 + gap / 4]), dtype).numbers()
    assert around.tolist() == [1.0, 1 + gap, 1.0]


def test_a_tie_goes_to_the_even_one() -> None:
    gap = EPS["bfloat16"]
    found = pack(np.array([1 + gap / 2, 1 + 3 * gap / 2, -1 - gap / 2]), "bfloat16").numbers()
    assert found.tolist() == [1.0, 1 + 2 * gap, -1.0]


@settings(deadline=None)
@given(npst.arrays(np.uint32, 16, elements=st.integers(0, 2**32 - 1) | st.sampled_from(NAN_BITS)))
def test_bfloat16_is_rounded_as_torch_does(bits: np.ndarray) -> None:
    torch: Any = pytest.importorskip("torch")
    single = bits.view(np.float32)
    theirs = torch.from_numpy(single.copy()).to(torch.bfloat16).to(torch.float64).numpy()
    assert _equal(pack(single, "bfloat16").numbers(), theirs)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        wide = single.astype(np.float64)
    theirs = torch.from_numpy(wide).to(torch.bfloat16).to(torch.float64).numpy()
    assert _equal(pack(wide, "bfloat16").numbers(), theirs)


@pytest.mark.parametrize("bits", NAN_BITS)
def test_no_nan_becomes_an_infinity(bits: int) -> None:
    single = np.array([bits], dtype=np.uint32).view(np.float32)
    assert np.isnan(pack(single, "bfloat16").numbers()).all()


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_what_is_too_large_becomes_infinite_without_a_warning(dtype: DType) -> None:
    found = pack(np.array([1e300, -1e300, math.inf]), dtype).numbers()
    assert found.tolist() == [math.inf, -math.inf, math.inf]


def test_the_largest_float32_is_too_large_for_bfloat16() -> None:
    assert math.isinf(pack(np.array(3.4028235e38), "bfloat16").numbers())
    assert math.isfinite(pack(np.array(3.3895314e38), "bfloat16").numbers())


@pytest.mark.parametrize("dtype", FLOATS)
def test_views_are_packed_row_by_row(dtype: DType) -> None:
    values = np.arange(12.0).reshape(3, 4)
    for view in (values.T, values[:, ::2], np.broadcast_to(values[:1], (3, 4)), values[::-1]):
        assert _equal(pack(view, dtype).numbers(), np.ascontiguousarray(view))


def test_bytes_are_little_endian_whatever_came_in() -> None:
    big = np.array([1.0, 2.0], dtype=">f8")
    assert pack(big, "float64").data == np.array([1.0, 2.0], dtype="<f8").tobytes()
    assert pack(np.array([1.0]), "bfloat16").data == b"\x80\x3f"


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_size_must_fit(dtype: DType) -> None:
    size = DTYPES[dtype]
    assert RawTensor(dtype, (2, 3), bytes(6 * size)).numbers().shape == (2, 3)
    assert RawTensor(dtype, (), bytes(size)).numbers().shape == ()
    assert RawTensor(dtype, (0, 5), b"").numbers().shape == (0, 5)
    for count in (5, 7, 0):
        with pytest.raises(ValueError, match="bytes"):
            RawTensor(dtype, (2, 3), bytes(count * size))


def test_numbers_may_be_written_into() -> None:
    tensor = pack(np.array([1.0]), "float64")
    tensor.numbers()[0] = 2.0
    assert tensor.numbers().tolist() == [1.0]


def test_equal_tensors_are_equal_and_can_be_keys() -> None:
    one, other = pack(np.array([1.0]), "float32"), pack(np.array([1.0]), "float32")
    assert one == other
    assert len({one, other, pack(np.array([1.0]), "float64")}) == 2
