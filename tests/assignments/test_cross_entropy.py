from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from grader import assignments, fixtures
from grader.assignments.cross_entropy import oracle
from grader.assignments.cross_entropy.backward import accepted
from grader.assignments.cross_entropy.mistakes import LOSSES, MISTAKES, Loss, losses
from grader.core.fixture import Fixture
from grader.core.tensor import pack
from grader.fixtures.closeness import errors, excess, within

ASSIGNMENT = assignments.load("cross_entropy", Path())
FORWARD, BACKWARD = ASSIGNMENT.tasks
FOLDER = assignments.fixture_folder("cross_entropy", Path())
LOADED = fixtures.load(FOLDER, FORWARD)
SEEDED = LOADED + fixtures.load(FOLDER, FORWARD, 7) + fixtures.load(FOLDER, FORWARD, 11)
PASSES = fixtures.load(FOLDER, BACKWARD)
DTYPES = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}

Style = Callable[[Tensor, Tensor], Tensor]


def _logarithms(x: Tensor) -> Tensor:
    z = x - x.amax(1, keepdim=True)
    return z - torch.log(torch.exp(z).sum(1, keepdim=True))


def _picked(rows: Tensor, target: Tensor) -> Tensor:
    return rows[torch.arange(len(rows)), target]


def _by_loop(x: Tensor, target: Tensor) -> Tensor:
    total = torch.zeros((), dtype=x.dtype)
    for row, label in zip(x, target, strict=True):
        top = row.max()
        total = total + (torch.log(torch.exp(row - top).sum()) + top - row[label])
    return total / len(x)


def _by_logsumexp(x: Tensor, target: Tensor) -> Tensor:
    top = x.amax(1)
    return (top + torch.log(torch.exp(x - top[:, None]).sum(1)) - _picked(x, target)).mean()


RIGHT: dict[str, Style] = {
    "picked": lambda x, t: -_picked(_logarithms(x), t).mean(),
    "one-hot": lambda x, t: (
        -(_logarithms(x) * torch.eye(x.shape[1], dtype=x.dtype)[t]).sum() / len(x)
    ),
    "loop": _by_loop,
    "logsumexp": _by_logsumexp,
}


def _given(fixture: Fixture) -> tuple[Tensor, Tensor]:
    x = torch.tensor(fixture.inputs["x"]).to(DTYPES[fixture.dtype])
    return x, torch.tensor(fixture.inputs["target"])


@pytest.mark.parametrize("name", RIGHT)
def test_right_styles_are_right_and_far_from_the_bound(name: str) -> None:
    for fixture in SEEDED:
        if not fixture.scored:
            continue
        answer = RIGHT[name](*_given(fixture)).double().numpy()
        ratio = excess(errors(answer, fixture.truth.expected), fixture.truth.bound)
        assert ratio < 0.6, fixture.name


@pytest.mark.parametrize("name", RIGHT)
def test_their_gradients_are_right_and_far_from_the_bound(name: str) -> None:
    for fixture in SEEDED:
        if fixture.gradient is None or fixture.upstream is None:
            continue
        x, target = _given(fixture)
        leaf = x.requires_grad_()
        upstream = torch.tensor(fixture.upstream.numbers()).float()
        (gradient,) = torch.autograd.grad(RIGHT[name](leaf, target), leaf, upstream)
        error = errors(gradient.double().numpy(), fixture.gradient.expected)
        assert excess(error, fixture.gradient.bound).max() < 0.5, fixture.name


@given(
    rows=st.integers(1, 6),
    classes=st.integers(1, 9),
    offset=st.sampled_from([0.0, 1000.0, -1000.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_oracle_is_torch_s_in_float64(
    rows: int, classes: int, offset: float, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    x = draw.integers(-256, 256, (rows, classes)).astype(np.float64) / 64 + offset
    target = draw.integers(0, classes, rows)
    inputs: dict[str, Any] = {"x": x, "target": target}
    leaf = torch.tensor(x, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(target))
    (gradient,) = torch.autograd.grad(2.5 * loss, leaf)
    assert np.allclose(oracle.cross_entropy(inputs), loss.item(), rtol=1e-9, atol=1e-10)
    product = oracle.cross_entropy_vjp(inputs, np.asarray(2.5))
    assert np.allclose(product, gradient.numpy(), rtol=1e-9, atol=1e-10)


def test_a_loss_may_be_tiny_or_huge() -> None:
    x = np.array([[0.0, 3e38], [1000.0, 0.0]])
    assert oracle.cross_entropy({"x": x[:1], "target": np.array([0])}) == 3e38
    assert oracle.cross_entropy({"x": x[1:], "target": np.array([0])}) == 0.0


@pytest.mark.parametrize(
    ("x", "target"),
    [
        ([[0.0, 1.0]], [2]),
        ([[0.0, 1.0]], [-1]),
        ([[0.0, 1.0]], [0, 1]),
        ([0.0, 1.0], [0]),
        ([[0.0, 1.0]], [0.0]),
        ([[2e4, 0.0]], [0]),
    ],
)
def test_unsound_inputs_are_refused(x: list[object], target: list[float]) -> None:
    inputs = {"x": np.array(x), "target": np.array(target)}
    assert oracle.refuse(inputs, "float32", np.zeros(()))


def test_few_fixtures_are_degenerate() -> None:
    known = {"batch/one-class", "stable/certain", "values/one-class"}
    assert {fixture.name for fixture in (*LOADED, *PASSES) if fixture.degenerate} == known


def test_every_group_starts_with_a_visible_literal() -> None:
    first = {fixture.group: fixture for fixture in reversed((*LOADED, *PASSES))}
    for group, fixture in first.items():
        if group in ("informational", "pure", "backward-discovery"):
            continue
        assert (fixture.literal, fixture.visibility) == (True, "visible"), group


WRONG: dict[str, tuple[tuple[str, ...], Style]] = {
    "sum": (("sum-not-mean",), lambda x, t: -_picked(_logarithms(x), t).sum()),
    "per row": (("per-row",), lambda x, t: -_picked(_logarithms(x), t)),
    "minus": (("missing-minus",), lambda x, t: _picked(_logarithms(x), t).mean()),
    "entries": (
        ("mean-over-entries",),
        lambda x, t: -(torch.eye(x.shape[1])[t] * _logarithms(x)).mean(),
    ),
    "no log": (("missing-log",), lambda x, t: -_picked(_logarithms(x).exp(), t).mean()),
    "log of p": (
        ("log-of-softmax",),
        lambda x, t: (
            -torch.log(
                _picked((p := torch.exp(x - x.amax(1, keepdim=True))) / p.sum(1, keepdim=True), t)
            ).mean()
        ),
    ),
    "from one": (("wrong-target",), lambda x, t: -_picked(_logarithms(x), t - 1).mean()),
    "every pair": (("wrong-target",), lambda x, t: -_logarithms(x)[:, t].mean()),
    "likeliest": (("ignores-target",), lambda x, t: -_logarithms(x).amax(1).mean()),
    "naive sum": (
        ("no-shift", "sum-not-mean"),
        lambda x, t: (torch.log(torch.exp(x).sum(1)) - _picked(x, t)).sum(),
    ),
}


@pytest.mark.parametrize(("bugs", "style"), WRONG.values(), ids=WRONG)
def test_a_bug_in_torch_is_its_mistake_on_every_fixture(
    bugs: tuple[str, ...], style: Style
) -> None:
    single = [each for each in LOADED if each.dtype == "float32" and each.scored]
    answers = [(each, style(*_given(each)).double().numpy()) for each in single]
    named = {
        mistake.bugs
        for mistake in MISTAKES
        if all(
            any(
                result is not None
                and result.shape == answer.shape
                and bool((errors(answer, result) <= fixture.truth.bound).all())
                for result in mistake.results(fixture.inputs, "float32")["value"]
            )
            for fixture, answer in answers
        )
    }
    assert named == {bugs}


def test_the_right_loss_is_right_and_no_mistake_is() -> None:
    scored = [each for each in LOADED if each.dtype == "float32" and each.scored]
    for fixture in scored:
        found = losses(Loss(()), fixture.inputs, "float32")
        assert found is not None
        assert within(found, fixture.truth), fixture.name
    for loss in LOSSES:
        results = [(each, losses(loss, each.inputs, "float32")) for each in scored]
        assert any(one is None or not within(one, each.truth) for each, one in results), loss


def test_every_bug_has_words_for_its_role() -> None:
    for task in ASSIGNMENT.tasks:
        for mistake in task.mistakes:
            assert list(mistake.bugs) == sorted(set(mistake.bugs))
            for bug in mistake.bugs:
                assert ASSIGNMENT.words(task.role, bug).message


def test_a_mistaken_gradient_is_never_an_accepted_one() -> None:
    for mistake in BACKWARD.mistakes:
        for gives in ("gradient", "vjp"):
            found = [
                (result, accepted(each.inputs, each.dtype)[gives][0])
                for each in PASSES
                if each.scored
                for result in mistake.results(each.inputs, each.dtype)[gives]
            ]
            right = [result is not None and within(result, truth) for result, truth in found]
            assert not found or not all(right), mistake.bugs


def test_conventions_that_leave_the_upstream_out_are_for_the_gradient_alone() -> None:
    for convention in BACKWARD.conventions:
        assert (convention.gives == "vjp") == ("upstream" in convention.passes), convention.name
    assert len({each.name for each in BACKWARD.conventions}) == len(BACKWARD.conventions)


def test_a_scalar_upstream_is_packed_without_axes() -> None:
    for fixture in PASSES:
        assert fixture.arguments[2].tensor == pack(fixture.inputs["upstream"], "float32")
        assert fixture.arguments[2].tensor.shape == ()
