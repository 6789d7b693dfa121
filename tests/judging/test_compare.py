from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from grader.core.fixture import Truth
from grader.core.tensor import DType, RawTensor, pack
from grader.judging.compare import closest, compare, fits, same

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


# Answers whose shape is known but for axes of size one.

WIDE = st.lists(st.integers(2, 4), min_size=1, max_size=3)


def _exact(values: np.ndarray) -> Truth:
    return Truth(values, np.full_like(values, 0.25))


def _counted(shape: tuple[int, ...]) -> np.ndarray:
    """All entries different, by more than any bound here."""
    return np.arange(1.0, math.prod(shape) + 1).reshape(shape)


@st.composite
def _widened(draw: st.DrawFn, values: np.ndarray) -> np.ndarray:
    """The values with axes of size one put in anywhere."""
    shape = list(values.shape)
    for _ in range(draw(st.integers(0, 3))):
        shape.insert(draw(st.integers(0, len(shape))), 1)
    return values.reshape(shape)


@settings(deadline=None)
@given(WIDE, st.data())
def test_axes_of_size_one_are_not_compared(shape: list[int], data: st.DataObject) -> None:
    values = _counted(tuple(shape))
    truth = _exact(data.draw(_widened(values)))
    given_ = _raw(data.draw(_widened(values)))
    assert fits(given_, truth)
    found = closest(given_, (truth,))
    assert (found.ok, found.error, found.text) == (True, 0.0, "")
    assert found.worst is not None
    assert len(found.worst.index) == truth.expected.ndim


@settings(deadline=None)
@given(WIDE, st.data())
def test_values_are_compared_in_their_order(shape: list[int], data: st.DataObject) -> None:
    values = _counted(tuple(shape))
    mixed = np.array(data.draw(st.permutations(values.ravel().tolist()))).reshape(values.shape)
    given_ = _raw(data.draw(_widened(mixed)))
    assert closest(given_, (_exact(values),)).ok == np.array_equal(mixed, values)


@settings(deadline=None)
@given(WIDE, st.data())
def test_axes_that_change_places_make_another_answer(shape: list[int], data: st.DataObject) -> None:
    values = _counted(tuple(shape))
    order = data.draw(st.permutations(range(values.ndim)))
    turned = values.transpose(order)
    given_ = _raw(data.draw(_widened(turned)))
    assert fits(given_, _exact(values)) == (turned.shape == values.shape)
    assert closest(given_, (_exact(values),)).ok == (list(order) == sorted(order))


@settings(deadline=None)
@given(WIDE, WIDE)
def test_only_axes_of_size_one_may_be_missing(one: list[int], other: list[int]) -> None:
    given_, truth = _raw(np.zeros(one)), _exact(np.zeros(other))
    assert fits(given_, truth) == (one == other)
    assert closest(given_, (truth,)).ok == (one == other)


def test_what_is_longer_in_one_axis_is_not_flattened_to_fit() -> None:
    truth = _exact(_counted((2, 3)))
    for shape in ((6,), (3, 2), (2, 3, 2), (1, 6), (2, 1, 1, 2)):
        assert not fits(_raw(np.ones(shape)), truth)
    assert fits(_raw(np.ones((2, 1, 3))), truth)
    assert fits(_raw(5.0), _exact(np.ones((1, 1))))
    assert not fits(_raw(np.zeros((0,))), _exact(np.ones((1, 1))))


def test_the_truth_that_has_the_answers_shape_is_taken() -> None:
    each, whole = _counted((2, 3, 3)), _counted((6, 6))
    truths = (_exact(each), _exact(whole))
    assert closest(_raw(each), truths).ok
    assert closest(_raw(whole), truths).ok
    wrong = closest(_raw(whole + 1), truths)
    assert (wrong.ok, wrong.error) == (False, 1.0)
    assert wrong.text == "2 at (0, 0), expected 1 within 0.25"


def test_of_several_truths_of_that_shape_the_first_is_taken() -> None:
    first, second = _exact(np.array([1.0, 2.0])), _exact(np.array([[5.0, 6.0]]))
    assert closest(_raw([1.0, 2.0]), (first, second)).ok
    assert not closest(_raw([5.0, 6.0]), (first, second)).ok
    assert closest(_raw([5.0, 6.0]), (second, first)).ok


def test_the_entry_is_told_where_the_truth_has_it() -> None:
    found = closest(_raw([1.0, 9.0]), (_exact(np.array([[1.0, 2.0]])),))
    assert found.worst is not None
    assert found.worst.index == (0, 1)
    assert found.text == "9 at (0, 1), expected 2 within 0.25"


def test_an_answer_of_no_right_shape_is_told_every_right_one_once() -> None:
    truths = [_exact(np.ones(shape)) for shape in ((2, 3), (6, 6), (2, 3))]
    found = closest(_raw([1.0, 2.0]), truths)
    assert (found.ok, found.error, found.bound, found.worst) == (False, None, None, None)
    assert found.text == "shape (2,) came back, expected (2, 3) or (6, 6)"


def test_there_must_be_something_to_compare_with() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        closest(_raw([1.0]), ())


@pytest.mark.parametrize("dtype", ["int64", "bool", "bfloat16"])
def test_the_closest_truth_too_is_compared_by_values(dtype: DType) -> None:
    truth = Truth(np.array([[0.0, 1.0]]), np.array([[1e-9, 1e-9]]))
    assert closest(_raw([0, 1], dtype), (truth,)).ok
    assert not closest(_raw([1, 0], dtype), (truth,)).ok
