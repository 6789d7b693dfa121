from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grader import assignments, fixtures
from grader.core.tensor import pack
from grader.fixtures.closeness import errors, excess

TASK = assignments.load("log_softmax", Path()).tasks[0]
FIXTURES = fixtures.load(assignments.fixture_folder("log_softmax", Path()), TASK)
SEEDED = FIXTURES + fixtures.load(assignments.fixture_folder("log_softmax", Path()), TASK, 7)

Row = np.ndarray
Style = Callable[[Row], Row]


def _max(x: Row) -> Row:
    return x.max(-1, keepdims=True)


def _sum(x: Row) -> Row:
    return x.sum(-1, keepdims=True)


def _softmax(x: Row) -> Row:
    e = np.exp(x - _max(x))
    return e / _sum(e)


RIGHT: dict[str, Style] = {
    "shifted": lambda x: x - _max(x) - np.log(_sum(np.exp(x - _max(x)))),
    "lse": lambda x: x - (_max(x) + np.log(_sum(np.exp(x - _max(x))))),
    "both": lambda x: (z := x - _max(x)) - np.log(_sum(np.exp(z))),
}
WRONG: dict[str, tuple[Style, set[str]]] = {
    "naive": (lambda x: x - np.log(_sum(np.exp(x))), {"stable"}),
    "log-of-softmax": (lambda x: np.log(_softmax(x)), {"stable"}),
    "global-max": (lambda x: x - x.max() - np.log(_sum(np.exp(x - x.max()))), {"stable"}),
    "probabilities": (_softmax, {"values", "stable"}),
    "zeros": (np.zeros_like, {"values", "stable"}),
    "axis-0": (
        lambda x: x - x.max(0) - np.log(np.exp(x - x.max(0)).sum(0)),
        {"values", "stable"},
    ),
    "sum-over-all": (
        lambda x: x - _max(x) - np.log(np.exp(x - _max(x)).sum()),
        {"values", "stable"},
    ),
    "epsilon": (lambda x: np.log(_softmax(x) + np.float32(1e-8)), {"values", "stable"}),
}


def _ratios(style: Style) -> dict[str, float]:
    found: dict[str, float] = {}
    with np.errstate(all="ignore"):
        for fixture in SEEDED:
            x = fixture.inputs["x"].astype(np.float32)
            got = pack(style(x), fixture.dtype).numbers()
            ratio = excess(errors(got, fixture.truth.expected), fixture.truth.bound).max()
            found[fixture.group] = max(found.get(fixture.group, 0.0), float(ratio))
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_right_styles_are_right_and_far_from_the_bound(name: str) -> None:
    assert max(_ratios(RIGHT[name]).values()) < 0.6


@pytest.mark.parametrize("name", WRONG)
def test_wrong_styles_fail_where_they_should(name: str) -> None:
    style, groups = WRONG[name]
    assert {group for group, ratio in _ratios(style).items() if ratio > 1} == groups


def test_every_group_starts_with_a_visible_literal_and_none_is_degenerate() -> None:
    assert not any(fixture.degenerate for fixture in FIXTURES)
    for group in ("stable", "values"):
        first = next(fixture for fixture in FIXTURES if fixture.group == group)
        assert first.literal
        assert first.visibility == "visible"


def test_the_logarithm_survives_small_probabilities() -> None:
    assert TASK.oracle({"x": np.array([[0.0, 200.0]])}).tolist() == [[-200.0, 0.0]]
    assert TASK.oracle({"x": np.array([[0.0, -np.inf]])}).tolist() == [[0.0, -np.inf]]


def test_unsound_rows_are_refused() -> None:
    kind = TASK.kinds["ordinary"]
    for x in ([[2e4, 0.0]], [[np.inf, 0.0]], [[0.0] * 1001]):
        assert kind.refuse({"x": np.array(x)}, "float32", np.array(x))
