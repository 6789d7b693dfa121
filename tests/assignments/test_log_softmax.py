from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from grader import assignments, fixtures
from grader.core.tensor import pack
from grader.fixtures.closeness import errors, excess

TASK = assignments.load("log_softmax", Path()).tasks[0]
FIXTURES = fixtures.load(assignments.fixture_folder("log_softmax", Path()), TASK)
GROUPS = ("values", "stable", "unlikely", "batch", "per-row-shift")
SEEDED = tuple(
    fixture
    for fixture in FIXTURES
    + fixtures.load(assignments.fixture_folder("log_softmax", Path()), TASK, 7)
    if fixture.group in GROUPS
)

Row = np.ndarray
Style = Callable[[Row], Row]


def _max(x: Row) -> Row:
    return np.asarray(x.max(-1, keepdims=True))


def _sum(x: Row) -> Row:
    return np.asarray(x.sum(-1, keepdims=True))


def _softmax(x: Row) -> Row:
    e = np.exp(x - _max(x))
    return np.asarray(e / _sum(e))


RIGHT: dict[str, Style] = {
    "shifted": lambda x: x - _max(x) - np.log(_sum(np.exp(x - _max(x)))),
    "lse": lambda x: x - (_max(x) + np.log(_sum(np.exp(x - _max(x))))),
    "both": lambda x: (z := x - _max(x)) - np.log(_sum(np.exp(z))),
}
_ALL = set(GROUPS)
WRONG: dict[str, tuple[Style, set[str]]] = {
    "naive": (lambda x: x - np.log(_sum(np.exp(x))), {"stable", "unlikely", "per-row-shift"}),
    "log-of-softmax": (lambda x: np.log(_softmax(x)), {"unlikely"}),
    "global-max": (lambda x: x - x.max() - np.log(_sum(np.exp(x - x.max()))), {"per-row-shift"}),
    "probabilities": (_softmax, _ALL),
    "zeros": (np.zeros_like, _ALL),
    "axis-0": (lambda x: x - x.max(0) - np.log(np.exp(x - x.max(0)).sum(0)), _ALL),
    "sum-over-all": (
        lambda x: x - _max(x) - np.log(np.exp(x - _max(x)).sum()),
        {"unlikely", "batch", "per-row-shift"},
    ),
    "epsilon": (lambda x: np.log(_softmax(x) + np.float32(1e-8)), _ALL - {"per-row-shift"}),
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


def test_every_group_starts_with_a_visible_literal() -> None:
    for group in (*GROUPS, "differentiable", "dtype"):
        first = next(fixture for fixture in FIXTURES if fixture.group == group)
        assert first.literal
        assert first.visibility == "visible"


def test_a_single_class_is_all_that_is_degenerate() -> None:
    found = {fixture.name for fixture in FIXTURES if fixture.degenerate and fixture.scored}
    assert found == {"batch/one-class", "values/one-class"}


def _torch_style(x: torch.Tensor) -> torch.Tensor:
    z = x - x.amax(-1, keepdim=True)
    return z - torch.log(torch.exp(z).sum(-1, keepdim=True))


def _torch_sum(x: torch.Tensor) -> torch.Tensor:
    top = x.amax(-1, keepdim=True)
    return x - (top + torch.log(torch.exp(x - top).sum(-1, keepdim=True)))


@pytest.mark.parametrize("style", [_torch_style, _torch_sum])
def test_halves_and_doubles_are_right_and_far_from_the_bound(
    style: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    for fixture in FIXTURES:
        if fixture.group != "dtype":
            continue
        x = torch.tensor(fixture.inputs["x"]).to(getattr(torch, fixture.dtype))
        error = errors(style(x).double().numpy(), fixture.truth.expected)
        assert excess(error, fixture.truth.bound).max() < 0.6, fixture.name


@pytest.mark.parametrize("style", [_torch_style, _torch_sum])
def test_gradients_are_right_and_far_from_the_bound(
    style: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    for fixture in FIXTURES:
        if fixture.upstream is None or fixture.gradient is None:
            continue
        leaf = torch.tensor(fixture.inputs["x"], dtype=torch.float32, requires_grad=True)
        upstream = torch.tensor(fixture.upstream.numbers(), dtype=torch.float32)
        (gradient,) = torch.autograd.grad(style(leaf), leaf, upstream)
        error = errors(gradient.double().numpy(), fixture.gradient.expected)
        assert excess(error, fixture.gradient.bound).max() < 0.5, fixture.name


def test_the_logarithm_survives_small_probabilities() -> None:
    assert TASK.oracle({"x": np.array([[0.0, 200.0]])}).tolist() == [[-200.0, 0.0]]
    assert TASK.oracle({"x": np.array([[0.0, -np.inf]])}).tolist() == [[0.0, -np.inf]]


def test_unsound_rows_are_refused() -> None:
    kind = TASK.kinds["ordinary"]
    for x in ([[2e4, 0.0]], [[np.inf, 0.0]], [[0.0] * 1001]):
        assert kind.refuse({"x": np.array(x)}, "float32", np.array(x))
