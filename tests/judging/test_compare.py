from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from grader.core.fixture import Truth
from grader.core.tensor import DType, RawTensor, pack
from grader.judging.compare import compare, same

TRUTH = Truth(np.array([[0.25, 0.75]]), np.array([[1e-3, 1e-3]]))
FINITE = npst.arrays(np.float64, (2, 3), elements=st.floats(-1e6, 1e6))


def _raw(values: object, dtype: DType = "float64") -> RawTensor:
    return pack(np.asarray(values), dtype)


def test_a_right_answer_has_a_worst_entry_and_no_text() -> None:
    found = compare(_raw([[0.25, 0.7505]]), TRUTH)
    assert found.ok
    assert found.worst is not None
    assert found.worst.index == (0, 1)
    assert found.error == pytest.approx(5e-4)
    assert found.bound == 1e-3
    assert found.text == ""


def test_the_worst_entry_is_the_one_furthest_outside_its_own_bound() -> None:
    truth = Truth(np.array([1.0, 1.0]), np.array([1.0, 1e-6]))
    found = compare(_raw([2.5, 1.001]), truth)
    assert not found.ok
    assert found.worst is not None
    assert found.worst.index == (1,)
    assert found.text == "1.001 at (1,), expected 1 within 1e-06"


def test_another_shape_is_wrong_even_where_it_would_broadcast() -> None:
    found = compare(_raw([0.25, 0.75]), TRUTH)
    assert not found.ok
    assert (found.error, found.bound, found.worst) == (None, None, None)
    assert found.text == "shape (2,) came back, expected (1, 2)"
    assert not compare(_raw(0.25), TRUTH).ok


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_entry_that_is_not_finite_is_infinitely_wrong(bad: float) -> None:
    found = compare(_raw([[0.25, bad]]), TRUTH)
    assert not found.ok
    assert found.error == math.inf
    assert found.worst is not None
    assert found.worst.index == (0, 1)


def test_all_nan_is_said_once() -> None:
    found = compare(_raw([[math.nan, math.nan]]), TRUTH)
    assert found.text == "every entry is nan, expected 0.25 at (0, 0)"


def test_what_is_expected_not_to_be_finite_must_be_the_same() -> None:
    truth = Truth(np.array([math.nan, -math.inf]), np.array([0.0, 0.0]))
    assert compare(_raw([math.nan, -math.inf]), truth).ok
    assert not compare(_raw([math.nan, math.inf]), truth).ok
    assert not compare(_raw([0.0, -math.inf]), truth).ok


@pytest.mark.parametrize("dtype", ["int64", "int32", "bool", "float16", "bfloat16"])
def test_every_dtype_is_compared_by_its_values(dtype: DType) -> None:
    truth = Truth(np.array([[0.0, 1.0]]), np.array([[1e-9, 1e-9]]))
    assert compare(_raw([[0, 1]], dtype), truth).ok
    assert not compare(_raw([[1, 0]], dtype), truth).ok


def test_an_empty_answer_of_the_right_shape_is_right() -> None:
    empty = np.zeros((0, 5))
    assert compare(_raw(empty), Truth(empty, empty)).ok
    assert not compare(_raw(np.zeros((5, 0))), Truth(empty, empty)).ok


@settings(deadline=None)
@given(FINITE, FINITE, st.floats(0, 10))
def test_ok_is_every_error_within_its_bound(
    expected: np.ndarray, noise: np.ndarray, bound: float
) -> None:
    truth = Truth(expected, np.full_like(expected, bound))
    found = compare(_raw(expected + noise), truth)
    assert found.ok == bool(np.all(np.abs((expected + noise) - expected) <= bound))


@settings(deadline=None)
@given(npst.arrays(np.float64, (2, 3), elements=st.floats(width=64)))
def test_an_answer_is_the_same_as_itself(values: np.ndarray) -> None:
    assert same(_raw(values), _raw(values), 0.0)


def test_same_is_strict_about_shape_and_what_is_not_finite() -> None:
    assert same(_raw([1.0, math.nan]), _raw([1.0005, math.nan]), 1e-3)
    assert same(_raw([1.0]), _raw([1.0], "float32"), 0.0)
    assert same(_raw([1.0, 2.0]), _raw([1.1, 2.0]), np.array([0.2, 0.0]))
    assert not same(_raw([1.0, math.nan]), _raw([1.0, 1.0]), 1e-3)
    assert not same(_raw([math.inf]), _raw([-math.inf]), 1e-3)
    assert not same(_raw([[1.0]]), _raw([1.0]), 1e-3)
    assert not same(_raw([1.0]), _raw([1.01]), 1e-3)
