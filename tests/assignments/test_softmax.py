from __future__ import annotations

import math
import warnings
from collections import defaultdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import assignments, fixtures
from grader.assignments.softmax import oracle
from grader.core.fixture import Fixture, Truth
from grader.core.tensor import RawTensor
from grader.fixtures.closeness import errors, excess
from grader.judging.compare import compare
from grader.pipeline import template_of
from grader.reporting.answered import answers_of
from grader.rubric import load
from grader.slicing.answers import answers

from .softmax_styles import RIGHT, WRONG, WRONG_GRADIENT, Style

torch.set_num_threads(1)  # waking a second thread costs more than any of these calls

ASSIGNMENT = assignments.load("softmax", Path())
TASK = ASSIGNMENT.task("forward")
FOLDER = assignments.fixture_folder("softmax", Path())
OUTSIDE = {"lists", "numpy"}
"""Right styles whose numbers leave the tensor library, so that no gradient flows."""
FORWARD_IDS = {
    "no-shift", "global-max", "builtin-max", "wrong-shift", "inconsistent-shift",
    "rescaled-input", "global-logits", "sum-over-all", "wrong-axis", "missing-keepdim",
    "not-normalised", "returns-log", "clamped", "epsilon", "mutates-input", "breaks-autograd",
    "library-softmax", "wrong-dtype", "hard-coded-shape",
}  # fmt: skip


@cache
def _fixtures(seed: int = fixtures.DEFAULT_SEED) -> tuple[Fixture, ...]:
    return fixtures.load(FOLDER, TASK, seed)


def _tensor(raw: RawTensor) -> torch.Tensor:
    return torch.from_numpy(np.array(raw.numbers())).to(getattr(torch, raw.dtype))


def _laid_out(fixture: Fixture) -> torch.Tensor:
    x = _tensor(fixture.arguments[0].tensor)
    match fixture.arguments[0].layout:
        case "transposed":
            return x.T.contiguous().T
        case "strided":
            return torch.stack([x, x], -1).reshape(*x.shape[:-1], -1)[..., ::2]
        case "expanded":
            return x[:1].clone().expand(x.shape)
    return x


def _raw(value: torch.Tensor) -> RawTensor:
    dense = value.detach().contiguous()
    data = dense.reshape(-1).view(torch.uint8) if dense.numel() else dense.to(torch.uint8)
    return RawTensor(str(dense.dtype)[6:], tuple(dense.shape), data.numpy().tobytes())  # type: ignore[arg-type] # a dtype's name


def _answer(style: Style, fixture: Fixture) -> RawTensor | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _raw(style(_laid_out(fixture)))
        except (RuntimeError, TypeError, IndexError, ValueError):
            return None


def _ratio(answer: RawTensor, truth: Truth) -> float:
    apart = excess(errors(answer.numbers(), truth.expected), truth.bound)
    return float(apart.max(initial=0.0))


def _failed_groups(style: Style) -> set[str]:
    found = set()
    for fixture in _fixtures():
        if not fixture.scored:
            continue
        answer = _answer(style, fixture)
        if answer is None or not compare(answer, fixture.truth).ok:
            found.add(fixture.group)
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_style_is_right_on_every_fixture_and_far_from_the_bound(name: str) -> None:
    worst: dict[str, float] = defaultdict(float)
    for seed in (fixtures.DEFAULT_SEED, 2, 3):
        for fixture in _fixtures(seed):
            answer = _answer(RIGHT[name], fixture)
            if fixture.scored:
                assert answer is not None, fixture.name
                comparison = compare(answer, fixture.truth)
                assert comparison.ok, (fixture.name, comparison.text)
                worst[fixture.dtype] = max(worst[fixture.dtype], _ratio(answer, fixture.truth))
    assert max(worst.values()) < 0.6, dict(worst)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_style_fails_where_it_should(name: str) -> None:
    style, groups = WRONG[name]
    assert set(groups.split()) <= _failed_groups(style)


def test_only_what_is_wrong_is_failed() -> None:
    naive, _ = WRONG["naive"]
    assert _failed_groups(naive) == {"stable", "per-row-shift", "dtype"}
    one_max, _ = WRONG["global-max"]
    assert _failed_groups(one_max) == {"per-row-shift"}


def test_an_epsilon_of_1e_6_beside_the_sum_is_harmless() -> None:
    def style(x: torch.Tensor) -> torch.Tensor:
        powers = torch.exp(x - x.amax(-1, keepdim=True))
        return powers / (powers.sum(-1, keepdim=True) + 1e-6)

    assert _failed_groups(style) == set()


@pytest.mark.parametrize("name", ["zeros", "uniform", "one-hot", "identity"])
def test_a_trivial_answer_passes_degenerate_fixtures_only(name: str) -> None:
    for fixture in _fixtures():
        answer = _answer(WRONG[name][0], fixture)
        passes = answer is not None and compare(answer, fixture.truth).ok
        assert passes == (name in fixture.trivial), fixture.name


@pytest.mark.parametrize("name", [*sorted(RIGHT.keys() - OUTSIDE), *WRONG_GRADIENT])
def test_gradients_of_right_styles_are_right_and_of_cut_ones_wrong(name: str) -> None:
    style = (RIGHT | WRONG_GRADIENT)[name]
    checked = [fixture for fixture in _fixtures() if fixture.gradient and fixture.upstream]
    assert checked
    right = []
    for fixture in checked:
        leaf = _tensor(fixture.arguments[0].tensor).requires_grad_()
        style(leaf * 1).backward(_tensor(fixture.upstream))  # type: ignore[arg-type] # filtered
        assert leaf.grad is not None
        found = _raw(leaf.grad)
        right.append(_ratio(found, fixture.gradient) < 0.6)  # type: ignore[arg-type] # filtered
    assert all(right) if name in RIGHT else not any(right)


def test_every_criterion_tries_a_visible_literal_of_at_most_four_numbers_first() -> None:
    by_name = {fixture.name: fixture for fixture in _fixtures()}
    groups = {fixture.group: fixture for fixture in reversed(_fixtures())}
    criteria = load("softmax", folder=Path()).rubric.criteria
    decided = [each for each in criteria if each.fixtures and each.role in ("", TASK.role)]
    assert len(decided) == 9
    for criterion in decided:
        name = criterion.fixtures[0]
        first = by_name.get(name) or groups[name]
        assert (first.visibility, first.literal) == ("visible", True), criterion.id
        assert all(argument.tensor.numbers().size <= 4 for argument in first.arguments)


@pytest.mark.parametrize(
    "name", ["values", "stable", "batch", "per-row-shift", "differentiable", "dtype"]
)
def test_every_group_starts_with_a_visible_literal_and_hides_the_rest(name: str) -> None:
    group = [fixture for fixture in _fixtures() if fixture.group == name]
    assert group[0].visibility == "visible"
    assert group[0].literal
    assert not group[0].degenerate
    for fixture in group:
        assert fixture.literal or fixture.visibility == "hidden"
        assert fixture.scored
    assert sum(not fixture.degenerate for fixture in group) >= 4


def test_every_dtype_has_a_visible_literal() -> None:
    seen = {
        fixture.dtype
        for fixture in _fixtures()
        if fixture.group == "dtype" and fixture.literal and fixture.visibility == "visible"
    }
    assert seen == {"float64", "float16", "bfloat16"}


def test_informational_fixtures_decide_nothing() -> None:
    told = [fixture for fixture in _fixtures() if not fixture.scored]
    assert {fixture.group for fixture in told} == {"informational"}
    shapes = {fixture.truth.expected.shape for fixture in told}
    assert {(2,), (2, 3, 4), (0, 5)} <= shapes


def test_every_forward_bug_has_words_that_do_not_answer_the_exercise() -> None:
    assert set(ASSIGNMENT.bugs) >= FORWARD_IDS
    assert set(TASK.proves.values()) <= FORWARD_IDS
    for bug in ASSIGNMENT.bugs.values():
        assert bug.message.endswith(".")
        assert bug.hint.endswith((".", "?"))
        assert "keepdim=True" not in bug.message + bug.hint
        assert "amax" not in bug.message + bug.hint


def test_stubs_parse_and_the_handout_s_own_bad_function_is_none() -> None:
    for stub in TASK.wanted.stubs:
        compile(stub, "<stub>", "exec")
        assert "exp" not in stub


def test_the_template_asks_what_the_rubric_has_marked_by_hand() -> None:
    template = template_of(ASSIGNMENT)
    rubric = load("softmax", folder=Path()).rubric
    (found,) = answers_of(answers(template, template), rubric) if template else ()
    assert found.criterion == "discussion"
    assert "numerical problems" in found.question
    assert found.text == ""


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=4, max_size=4), min_size=1, max_size=3),
    st.integers(-1000, 1000),
)
def test_the_oracle_sums_to_one_and_ignores_shifts(rows: list[list[float]], shift: int) -> None:
    x = np.array(rows)
    p = oracle.softmax({"x": x})
    assert np.allclose(p.sum(-1), 1, atol=1e-12)
    assert np.all(p >= 0)
    assert np.allclose(oracle.softmax({"x": x + shift}), p, rtol=1e-10, atol=1e-10)


def test_the_oracle_knows_impossible_classes() -> None:
    x = np.array([[0.0, -np.inf, 0.0], [-np.inf] * 3])
    p = oracle.softmax({"x": x})
    assert p[0].tolist() == [0.5, 0.0, 0.5]
    assert np.isnan(p[1]).all()


def test_the_vjp_is_the_derivative_of_the_oracle() -> None:
    rng = np.random.default_rng(0)
    x, g = rng.uniform(-2, 2, (2, 4)), rng.uniform(-1, 1, (2, 4))
    step = 1e-6
    numeric = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        bump = np.zeros_like(x)
        bump[at] = step
        apart = oracle.softmax({"x": x + bump}) - oracle.softmax({"x": x - bump})
        numeric[at] = (apart * g).sum() / (2 * step)
    assert np.allclose(oracle.softmax_vjp({"x": x}, g), numeric, atol=1e-9)


def _refused(kind: str, rows: list[list[float]], dtype: str = "float32") -> str | None:
    x = np.array(rows)
    return TASK.kinds[kind].refuse({"x": x}, dtype, oracle.softmax({"x": x}))  # type: ignore[arg-type] # some are no dtypes


@pytest.mark.parametrize(
    ("kind", "rows", "dtype"),
    [
        ("ordinary", [[0.0, 20000.0]], "float32"),
        ("ordinary", [[0.0, 26.0]], "float16"),
        ("ordinary", [[0.0, 6.5]], "bfloat16"),
        ("ordinary", [[0.0] * 1001], "float32"),
        ("ordinary", [[0.0] * 21], "float16"),
        ("ordinary", [[0.0, math.nan]], "float32"),
        ("ordinary", [[0.0, math.inf]], "float32"),
        ("ordinary", [[-math.inf, -math.inf]], "float32"),
        ("ordinary", [[0.0, 1.0]], "int64"),
        ("separated", [[3e38, 3e38, 0.0]], "float32"),
        ("separated", [[100.0, 110.0]], "float32"),
        ("separated", [[0.0, 1000.0]], "float32"),
        ("separated", [[-9e4, 0.0]], "float32"),
        ("separated", [[200.0, 100.0], [200.0, 190.0]], "float32"),
        ("separated", [[1e38, 1.0000001e38]], "float32"),
        ("separated", [[5.0]], "float32"),
    ],
)
def test_a_fixture_that_decides_too_little_is_refused(
    kind: str, rows: list[list[float]], dtype: str
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert _refused(kind, rows, dtype)


def test_sound_fixtures_are_not_refused() -> None:
    assert _refused("ordinary", [[1e4, 0.0]]) is None
    assert _refused("ordinary", [[0.0, -math.inf]]) is None
    assert _refused("separated", [[3e38, 1e38, 0.0]]) is None
    assert _refused("separated", [[200.0, 100.0]], "float16") is None


def test_bounds_have_the_shape_of_the_answer_and_follow_the_table() -> None:
    x = np.array([[0.0, 1.0], [100.0, 101.0]])
    p = oracle.softmax({"x": x})
    bound = oracle.ordinary_bound({"x": x}, "float32", p)
    eps = 2.0**-23
    assert bound[0] == pytest.approx(2e-6 * p[0] + 1e-9)
    assert bound[1] == pytest.approx(2 * eps * (1 + 1 + 101) * p[1] + 1e-9)
    assert oracle.softmax_vjp_bound({"x": x}, np.ones_like(x), "float32").shape == x.shape
