from __future__ import annotations

import pytest

from grader.core.observation import Observation
from grader.core.tensor import DType
from grader.judging.checks import CHECKS
from tests.builders import answer, asked, fixture, no_answer, raised, ran, task

DTYPE = CHECKS["dtype"]
HALF = fixture("dtype/float16", dtype="float16")
BRAIN = fixture("dtype/bfloat16", dtype="bfloat16")
NUMPY = raised("TypeError", "Got unsupported ScalarType BFloat16")


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_the_dtype_that_went_in_comes_out(dtype: DType) -> None:
    one = fixture("dtype/one", dtype=dtype)
    found = DTYPE.verdict(asked("dtype", (one,), ran({"dtype/one": answer(dtype=dtype)})))
    assert (found.status, found.share) == ("passed", 1.0)


@pytest.mark.parametrize("returned", ["tensor", "numpy array"])
def test_right_values_in_another_dtype_are_wrong(returned: str) -> None:
    run = ran({"dtype/float16": answer(dtype="float32", returned=returned)})
    found = DTYPE.verdict(asked("dtype", (HALF,), run))
    assert (found.status, found.share) == ("failed", 0.0)
    assert found.evidence[0].outcome == "wrong"
    assert found.evidence[0].text == "float16 in, float32 out"


@pytest.mark.parametrize("returned", ["list", "number", "tuple"])
def test_what_has_no_dtype_is_judged_by_its_values(returned: str) -> None:
    run = ran({"dtype/float16": answer(dtype="float64", returned=returned)})
    assert DTYPE.verdict(asked("dtype", (HALF,), run)).status == "passed"
    off = ran({"dtype/float16": answer(((1.0, 3.0),), "float64", returned=returned)})
    assert DTYPE.verdict(asked("dtype", (HALF,), off)).status == "failed"


def test_wrong_values_in_the_right_dtype_are_wrong() -> None:
    run = ran({"dtype/float16": answer(((1.0, 3.0),), "float16")})
    found = DTYPE.verdict(asked("dtype", (HALF,), run))
    assert found.status == "failed"
    assert "expected 2" in found.evidence[0].text


def test_that_numpy_has_no_bfloat16_is_not_counted() -> None:
    run = ran({"dtype/float16": answer(dtype="float16"), "dtype/bfloat16": NUMPY})
    found = DTYPE.verdict(asked("dtype", (HALF, BRAIN), run))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())
    assert [each.outcome for each in found.evidence] == ["ok", "not_run"]
    assert found.feedback == "1 of 1 inputs are right."


def test_that_numpy_has_no_bfloat16_cannot_hide_a_wrong_half() -> None:
    run = ran({"dtype/float16": answer(dtype="float32"), "dtype/bfloat16": NUMPY})
    assert DTYPE.verdict(asked("dtype", (HALF, BRAIN), run)).status == "failed"


def test_nothing_left_to_count_earns_nothing() -> None:
    found = DTYPE.verdict(asked("dtype", (BRAIN,), ran({"dtype/bfloat16": NUMPY})))
    assert (found.status, found.share) == ("skipped", 0.0)


@pytest.mark.parametrize(
    "other",
    [
        raised("TypeError", "must be real number"),
        raised("ValueError", "Got unsupported ScalarType BFloat16"),
        no_answer("raised"),
        no_answer("killed"),
    ],
)
def test_any_other_failure_in_bfloat16_counts(other: Observation) -> None:
    run = ran({"dtype/bfloat16": other})
    assert DTYPE.verdict(asked("dtype", (BRAIN,), run)).status == "failed"


def test_the_exemption_is_for_bfloat16_alone() -> None:
    found = DTYPE.verdict(asked("dtype", (HALF,), ran({"dtype/float16": NUMPY})))
    assert found.status == "failed"


def test_an_observation_never_made_is_an_error() -> None:
    run = ran({"dtype/float16": answer(dtype="float16")})
    assert DTYPE.verdict(asked("dtype", (HALF, BRAIN), run)).status == "error"


@pytest.mark.parametrize(
    ("values", "dtype", "named"),
    [
        (((1.0, 2.0),), "float32", ("fixed",)),
        (((1.0, 3.0),), "float32", ()),
        (((1.0, 3.0),), "float16", ()),
    ],
    ids=["right numbers", "wrong numbers", "its own dtype"],
)
def test_another_dtype_is_named_where_only_it_is_wrong(
    values: tuple[tuple[float, ...], ...], dtype: DType, named: tuple[str, ...]
) -> None:
    run = ran({"dtype/float16": answer(values, dtype)})
    proving = task(proves={"dtype": "fixed"})
    found = DTYPE.verdict(asked("dtype", (HALF,), run, task_=proving))
    assert (found.status, found.diagnoses) == ("failed", named)
