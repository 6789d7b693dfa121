from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from grader import assignments, fixtures
from grader.core.tensor import pack
from grader.fixtures.closeness import errors, excess

ASSIGNMENT = assignments.load("numpy_softmax", Path())
TASK = ASSIGNMENT.tasks[0]
FOLDER = assignments.fixture_folder("numpy_softmax", Path())
SEEDED = fixtures.load(FOLDER, TASK) + fixtures.load(FOLDER, TASK, 7)

Array = NDArray[np.floating]
Style = Callable[[Array], Array]


def _plain(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _by_log(x: Array) -> Array:
    z = x - x.max(axis=-1, keepdims=True)
    return np.asarray(np.exp(z - np.log(np.exp(z).sum(axis=-1, keepdims=True))))


def _by_rows(x: Array) -> Array:
    result = np.empty_like(x)
    for at in np.ndindex(x.shape[:-1]):
        e = np.exp(x[at] - x[at].max())
        result[at] = e / e.sum()
    return result


@pytest.mark.parametrize("style", [_plain, _by_log, _by_rows])
def test_right_styles_are_right_and_far_from_the_bound(style: Style) -> None:
    for fixture in SEEDED:
        x = fixture.inputs["x"].astype(fixture.dtype)
        answer = style(x)
        assert answer.dtype == x.dtype
        error = errors(pack(answer, fixture.dtype).numbers(), fixture.truth.expected)
        assert np.max(excess(error, fixture.truth.bound), initial=0.0) < 0.6, fixture.name


def test_every_fixture_hands_over_an_array_of_a_dtype_that_numpy_has() -> None:
    for fixture in SEEDED:
        assert [argument.layout for argument in fixture.arguments] == ["array"]
        assert fixture.dtype in ("float64", "float32", "float16")
        assert fixture.upstream is None


def test_it_is_softmax_without_a_gradient() -> None:
    x = np.array([[0.0, 1.0], [1000.0, 1001.0]])
    shared = assignments.load("softmax", Path()).task("forward")
    assert np.array_equal(TASK.oracle({"x": x}), shared.oracle({"x": x}))
    assert (TASK.differentiable, TASK.vjp) == (None, None)


def test_it_names_no_bug_that_only_autograd_shows() -> None:
    named = {bug for mistake in TASK.mistakes for bug in mistake.bugs}
    assert named <= {*ASSIGNMENT.bugs}
    assert "breaks-autograd" not in ASSIGNMENT.bugs
    assert not any("tensor" in bug.message + bug.hint for bug in ASSIGNMENT.bugs.values())
