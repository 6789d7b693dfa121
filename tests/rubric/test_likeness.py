"""Whether two programs did the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.observation import Observation
from grader.core.record import Record
from grader.core.tensor import DType
from grader.rubric.likeness import did_the_same
from tests.builders import answer, criterion, exam, fixture, no_answer, raised, ran, raw, record

EXAM = exam([criterion()], [fixture(), fixture("values/other")])


def did(observation: Observation) -> Record:
    return record(EXAM, ran({"values/pair": observation, "values/other": answer([[5.0, 6.0]])}))


def same(one: Observation, other: Observation) -> bool:
    return did_the_same(did(one), did(other), "forward")


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (answer(), answer(), True),
        (answer([[1.0, 2.0]]), answer([[1.0, 2.001]]), False),
        (answer([[1.0, NAN]]), answer([[1.0, NAN]]), True),
        (answer([[1.0, NAN]]), answer([[1.0, 2.0]]), False),
        (answer([[1.0, NAN]]), answer([[NAN, 1.0]]), False),
        (answer([[1.0, INF]]), answer([[1.0, INF]]), True),
        (answer([[1.0, INF]]), answer([[1.0, -INF]]), False),
        (answer([1.0, 2.0]), answer([[1.0, 2.0]]), False),
        (answer(dtype="float64"), answer(), False),
        (answer(returned="list"), answer(), False),
        (answer(changed=True), answer(), False),
        (answer(), no_answer(), False),
        (raised(), answer(), False),
        (raised("ValueError", "2 rows"), raised("ValueError", "3 rows", line=4), True),
        (raised("ValueError"), raised("IndexError"), False),
        (answer(gradient=raw([[1.0]])), answer(gradient=raw([[2.0]])), False),
        (answer(gradient=raw([[1.0]])), answer(), False),
        (answer([]), answer([]), True),
    ],
)
def test_what_is_the_same(one: Observation, other: Observation, expected: Any) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


@given(
    st.lists(st.floats(-1024, 1024, width=32), min_size=1, max_size=6),
    st.sampled_from(["float32", "float16", "bfloat16"]),
)
def test_rounding_makes_no_difference(values: list[float], dtype: DType) -> None:
    rounded = np.asarray(answer(values, dtype).value.numbers())  # type: ignore[union-attr] # is one
    eps = {"float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}[dtype]
    assert same(answer(rounded, dtype), answer(rounded * (1 + 2 * eps), dtype))
    away = rounded + 1 + np.abs(rounded)
    assert not same(answer(rounded, dtype), answer(away, dtype))


def test_other_definitions_tried_for_the_role_are_another_thing() -> None:
    one, other = did(answer()), did(answer())
    more = {**other.exchanges, "forward:2": other.exchanges["forward"]}
    assert did_the_same(one, other, "forward")
    assert not did_the_same(one, record(EXAM, ran({}), exchanges=more), "forward")
    assert did_the_same(one, record(EXAM, ran({}), exchanges=more), "backward")
