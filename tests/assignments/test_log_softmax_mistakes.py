from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from grader import assignments, fixtures
from grader.assignments.log_softmax.mistakes import MISTAKES, RECIPES, Recipe, scores
from grader.core.assignment import Mistake
from grader.core.fixture import Fixture
from grader.fixtures.closeness import errors, within

ASSIGNMENT = assignments.load("log_softmax", Path())
TASK = ASSIGNMENT.tasks[0]
FIXTURES = tuple(
    fixture
    for fixture in fixtures.load(assignments.fixture_folder("log_softmax", Path()), TASK)
    if fixture.dtype == "float32" and fixture.truth.expected.size
)

Style = Callable[[Tensor], Tensor]


def _z(x: Tensor) -> Tensor:
    return x - x.amax(-1, keepdim=True)


def _p(x: Tensor) -> Tensor:
    return torch.exp(_z(x)) / torch.exp(_z(x)).sum(-1, keepdim=True)


STYLES: dict[str, tuple[tuple[str, ...], Style]] = {
    "naive": (("no-shift",), lambda x: x - torch.log(torch.exp(x).sum(-1, keepdim=True))),
    "log of stable": (("log-of-softmax",), lambda x: torch.log(_p(x))),
    "log of naive": (
        ("log-of-softmax", "no-shift"),
        lambda x: torch.log(torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)),
    ),
    "probabilities": (("returns-probabilities",), _p),
    "one maximum": (
        ("global-max",),
        lambda x: (x - x.max()) - torch.log(torch.exp(x - x.max()).sum(-1, keepdim=True)),
    ),
    "one sum": (("sum-over-all",), lambda x: _z(x) - torch.log(torch.exp(_z(x)).sum())),
    "one of each": (
        ("global-max", "sum-over-all"),
        lambda x: (x - x.max()) - torch.log(torch.exp(x - x.max()).sum()),
    ),
    "columns": (
        ("wrong-axis",),
        lambda x: x - x.amax(0) - torch.log(torch.exp(x - x.amax(0)).sum(0)),
    ),
    "flat sum": (("missing-keepdim",), lambda x: _z(x) - torch.log(torch.exp(_z(x)).sum(-1))),
    "not made good": (
        ("inconsistent-shift",),
        lambda x: x - torch.log(torch.exp(_z(x)).sum(-1, keepdim=True)),
    ),
    "two": (("log-base",), lambda x: _z(x) - torch.log2(torch.exp(_z(x)).sum(-1, keepdim=True))),
    "turned": (
        ("sign-flipped",),
        lambda x: torch.log(torch.exp(_z(x)).sum(-1, keepdim=True)) - _z(x),
    ),
    "shift alone": (("not-normalised",), _z),
    "beside": (("epsilon",), lambda x: torch.log(_p(x) + 1e-8)),
    "least": (("clamped",), lambda x: torch.log(_p(x).clamp(min=1e-12))),
    "mean": (
        ("wrong-shift",),
        lambda x: (
            (x - x.mean(-1, keepdim=True))
            - torch.log(torch.exp(x - x.mean(-1, keepdim=True)).sum(-1, keepdim=True))
        ),
    ),
}


def _is(mistake: Mistake, fixture: Fixture, answer: np.ndarray | None) -> bool:
    (result,) = mistake.results(fixture.inputs, fixture.dtype)["value"]
    if result is None or answer is None:
        return result is answer
    allowed = fixture.truth.bound.max()
    return result.shape == answer.shape and bool((errors(answer, result) <= allowed).all())


def _answer(style: Style, fixture: Fixture) -> np.ndarray | None:
    try:
        return style(torch.tensor(fixture.inputs["x"], dtype=torch.float32)).double().numpy()
    except RuntimeError:
        return None


@pytest.mark.parametrize(("bugs", "style"), STYLES.values(), ids=STYLES)
def test_a_bug_in_torch_is_its_mistake_on_every_fixture(
    bugs: tuple[str, ...], style: Style
) -> None:
    answers = [(fixture, _answer(style, fixture)) for fixture in FIXTURES if fixture.scored]
    named = {
        mistake.bugs
        for mistake in MISTAKES
        if all(_is(mistake, fixture, answer) for fixture, answer in answers)
    }
    assert named == {bugs}


def test_no_mistake_is_right_on_every_fixture() -> None:
    for mistake in MISTAKES:
        results = [(each, mistake.results(each.inputs, "float32")["value"][0]) for each in FIXTURES]
        assert any(
            result is None or not within(result, fixture.truth)
            for fixture, result in results
            if fixture.scored
        ), mistake


def test_every_bug_has_words_and_what_is_named_is_sorted() -> None:
    for recipe in RECIPES:
        assert recipe.bugs
        assert list(recipe.bugs) == sorted(set(recipe.bugs))
        assert {*recipe.bugs} <= {*ASSIGNMENT.bugs}


def test_the_right_recipe_is_right() -> None:
    for fixture in FIXTURES:
        found = scores(Recipe(()), fixture.inputs["x"], "float32")
        assert found is not None
        assert within(found, fixture.truth), fixture.name
