"""The backward pass of softmax: its truth and tolerances, what is refused, and its fixtures."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from grader import assignments, fixtures
from grader.assignments.softmax import oracle
from grader.assignments.softmax.backward import BACKWARD as TASK
from grader.assignments.softmax.backward import MOST, accepted
from grader.assignments.softmax.backward_conventions import EXTREME
from grader.assignments.softmax.jacobians import diagonals, forms, jacobians
from grader.core.assignment import Mistake
from grader.core.fixture import Fixture, Truth
from grader.core.tensor import DType, Float64, RawTensor, pack
from grader.fixtures.closeness import errors, excess, within
from grader.judging.compare import closest

from .softmax_backward_styles import MATRICES, PRODUCTS, of_probs

torch.set_num_threads(1)  # waking a second thread costs more than any of these calls

ASSIGNMENT = assignments.load("softmax", Path())
FOLDER = assignments.fixture_folder("softmax", Path())
DECIDING = ("backward-values", "backward-batch")


@cache
def _fixtures(seed: int = fixtures.DEFAULT_SEED) -> tuple[Fixture, ...]:
    return fixtures.load(FOLDER, TASK, seed)


def _group(name: str) -> list[Fixture]:
    return [each for each in _fixtures() if each.group == name]


def _logits(seed: int, shape: tuple[int, int], size: float = 2.0) -> dict[str, Float64]:
    rng = np.random.default_rng(seed)
    return {"x": rng.uniform(-size, size, shape), "upstream": rng.uniform(-2, 2, shape)}


def _tensor(values: Float64, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.from_numpy(np.array(values)).to(dtype)


# The oracle.

SHAPES = [(1, 2), (1, 7), (3, 5), (4, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_truth_is_what_finite_differences_give(shape: tuple[int, int]) -> None:
    inputs = _logits(1, shape)
    step = 1e-6
    whole = np.zeros((*shape, *shape))
    for at in np.ndindex(shape):
        bump = np.zeros(shape)
        bump[at] = step
        ahead = oracle.softmax({"x": inputs["x"] + bump})
        behind = oracle.softmax({"x": inputs["x"] - bump})
        whole[(..., *at)] = (ahead - behind) / (2 * step)
    found = accepted(inputs, "float64")
    size = shape[0] * shape[1]
    block = next(each for each in found["jacobian"] if each.expected.size == size**2)
    assert np.allclose(block.expected.reshape(whole.shape), whole, atol=1e-9)
    product = np.einsum("bi,bicj->cj", inputs["upstream"], whole)
    assert np.allclose(found["vjp"][0].expected, product, atol=1e-9)


@pytest.mark.parametrize(("seed", "shape"), list(enumerate(SHAPES)))
def test_the_truth_is_what_autograd_gives(seed: int, shape: tuple[int, int]) -> None:
    inputs = _logits(seed, shape, size=5.0)
    x = _tensor(inputs["x"]).requires_grad_()
    (product,) = torch.autograd.grad(x.softmax(-1), x, _tensor(inputs["upstream"]))
    whole = torch.autograd.functional.jacobian(lambda rows: rows.softmax(-1), x)  # type: ignore[no-untyped-call] # torch leaves it untyped
    found = accepted(inputs, "float64")
    assert np.allclose(TASK.oracle(inputs), product.numpy(), atol=1e-14)
    assert np.allclose(found["vjp"][0].expected, product.numpy(), atol=1e-14)
    block = torch.einsum("bibj->bij", whole)
    assert np.allclose(found["jacobian"][0].expected, block.numpy(), atol=1e-14)


def test_every_form_of_a_jacobian_is_accepted_and_has_its_bound() -> None:
    found = accepted(_logits(2, (3, 5)), "float32")
    shapes = [truth.expected.shape for truth in found["jacobian"]]
    assert shapes == [(3, 5, 5), (3, 5, 3, 5), (15, 15), (75,)]
    single = accepted(_logits(2, (1, 5)), "float32")
    assert [truth.expected.shape for truth in single["jacobian"]] == [(1, 5, 5), (25,)]
    for truth in (*found["jacobian"], *found["vjp"], *single["jacobian"], *single["vjp"]):
        assert truth.bound.shape == truth.expected.shape
        assert np.all((truth.bound > 1e-9) & (truth.bound < 1e-4))


def test_a_row_has_one_bound_between_rows_too() -> None:
    inputs = _logits(2, (2, 3))
    inputs["x"][1] += 100.0
    blocks, whole, square, flat = accepted(inputs, "float32")["jacobian"]
    small, large = blocks.bound[0, 0, 0], blocks.bound[1, 0, 0]
    assert large > 5 * small
    assert np.all(whole.bound[0] == small)
    assert np.all(whole.bound[1] == large)
    assert np.all(square.bound[:3] == small)
    assert np.all(flat.bound[9:] == large)


@settings(deadline=None)
@given(st.integers(2, 4), st.integers(2, 5), st.integers(0, 2**32 - 1))
def test_all_forms_hold_the_same_numbers(rows: int, classes: int, seed: int) -> None:
    blocks = np.random.default_rng(seed).uniform(-1, 1, (rows, classes, classes))
    same, whole, square, flat = forms(blocks)
    assert np.array_equal(same, blocks)
    assert np.array_equal(np.einsum("bibj->bij", whole), blocks)
    assert np.count_nonzero(whole) == np.count_nonzero(blocks)
    assert np.array_equal(square, torch.block_diag(*map(_tensor, blocks)).numpy())  # type: ignore[no-untyped-call] # torch leaves it untyped
    assert np.array_equal(flat, blocks.ravel())


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_both_results_agree_and_every_row_of_them_sums_to_zero(
    rows: int, classes: int, seed: int
) -> None:
    inputs = _logits(seed, (rows, classes), size=8.0)
    found = accepted(inputs, "float64")
    blocks, product = found["jacobian"][0].expected, found["vjp"][0].expected
    assert np.allclose(np.einsum("bij,bi->bj", blocks, inputs["upstream"]), product, atol=1e-13)
    assert np.allclose(blocks.sum(-1), 0, atol=1e-13)
    assert np.allclose(blocks, blocks.transpose(0, 2, 1), atol=0)
    assert np.array_equal(blocks, jacobians(oracle.softmax(inputs)))


# Right styles stay inside the bounds, and known bugs do not.


def _ratio(got: Tensor, truths: tuple[Truth, ...]) -> float:
    value = got.double().numpy()
    for truth in truths:
        if truth.expected.size == value.size and value.squeeze().ndim == (
            truth.expected.squeeze().ndim
        ):
            apart = errors(value.reshape(truth.expected.shape), truth.expected)
            return float(excess(apart, truth.bound).max())
    raise AssertionError(got.shape)


def _single(fixture: Fixture, name: str) -> Tensor:
    return _tensor(fixture.inputs[name], torch.float32)


@pytest.mark.parametrize("style", PRODUCTS)
def test_a_right_product_is_far_inside_the_bound(style: str) -> None:
    worst = 0.0
    for seed in (fixtures.DEFAULT_SEED, 2, 3, 4):
        for fixture in _fixtures(seed):
            got = PRODUCTS[style](_single(fixture, "x"), _single(fixture, "upstream"))
            worst = max(worst, _ratio(got, fixture.accepted["vjp"]))
    assert worst < 0.5


@pytest.mark.parametrize("style", MATRICES)
def test_a_right_jacobian_is_far_inside_the_bound(style: str) -> None:
    worst = 0.0
    for seed in (fixtures.DEFAULT_SEED, 2, 3):
        for fixture in _fixtures(seed):
            got = MATRICES[style](_single(fixture, "x"))
            worst = max(worst, _ratio(got, fixture.accepted["jacobian"]))
    assert worst < 0.5


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 4),
    st.integers(2, 20),
    st.sampled_from([0.0, -40.0, 100.0, 1000.0, -10000.0]),
    st.integers(0, 2**32 - 1),
)
def test_a_right_product_is_inside_the_bound_whatever_the_sizes(
    rows: int, classes: int, offset: float, seed: int
) -> None:
    drawn = _logits(seed, (rows, classes), size=6.0)
    drawn["upstream"] *= 10.0 ** np.random.default_rng(seed).integers(-3, 4, (rows, classes))
    given_ = {name: pack(values, "float32").numbers() for name, values in drawn.items()}
    given_["x"] = pack(given_["x"] + offset, "float32").numbers()
    truths = accepted(given_, "float32")
    x, g = (_tensor(given_[name], torch.float32) for name in ("x", "upstream"))
    for style in ("elementwise", "matmul", "two terms"):
        assert _ratio(PRODUCTS[style](x, g), truths["vjp"]) < 1


def _passes(fixture: Fixture, gives: str, result: Float64) -> bool:
    return closest(pack(result, fixture.dtype), fixture.accepted[gives]).ok


def _returned(mistake: Mistake, fixture: Fixture) -> dict[str, list[Float64]]:
    results = mistake.results(fixture.inputs, fixture.dtype)
    return {gives: [each for each in found if each is not None] for gives, found in results.items()}


def _wrong_somewhere(mistake: Mistake, gives: str, at: int) -> bool:
    return any(
        not _passes(fixture, gives, found[at])
        for group in DECIDING
        for fixture in _group(group)
        if at < len(found := _returned(mistake, fixture)[gives])
    )


def _mistakes(*, without: frozenset[str] = frozenset()) -> list[Any]:
    return [
        pytest.param(each, id=f"{each.bugs[0]}-{at}")
        for at, each in enumerate(TASK.mistakes)
        if not without & set(each.bugs)
    ]


def test_the_known_bugs_are_those_that_results_can_tell() -> None:
    assert {bug for each in TASK.mistakes for bug in each.bugs} == {
        "diagonal-only", "missing-correction", "sign-flipped", "ignores-upstream", "wrong-axis",
        "sum-over-all", "fused-cross-entropy", "unstable-forward",
    }  # fmt: skip


EXTREME_ONLY = frozenset({"unstable-forward"})


@pytest.mark.parametrize("mistake", _mistakes(without=EXTREME_ONLY))
def test_no_mistake_is_right_throughout(mistake: Mistake) -> None:
    results = _returned(mistake, _group("backward-batch")[1])
    assert results
    for gives, found in results.items():
        assert all(_wrong_somewhere(mistake, gives, at) for at in range(len(found))), gives


def test_a_backward_pass_has_one_bug_a_mistake_and_never_raises() -> None:
    for each in TASK.mistakes:
        assert len(each.bugs) == 1
        for fixture in _group("backward-batch"):
            results = each.results(fixture.inputs, fixture.dtype)
            assert all(one is not None for found in results.values() for one in found)


ON_BATCHES_ONLY = frozenset({"sum-over-all"})


@pytest.mark.parametrize("mistake", _mistakes(without=ON_BATCHES_ONLY | EXTREME_ONLY))
def test_most_bugs_are_wrong_on_every_single_row(mistake: Mistake) -> None:
    for fixture in _group("backward-values"):
        for gives, found in _returned(mistake, fixture).items():
            assert not any(_passes(fixture, gives, result) for result in found), fixture.name


def test_an_unstable_forward_is_wrong_on_extreme_logits_alone() -> None:
    (unstable,) = [each for each in TASK.mistakes if each.bugs == ("unstable-forward",)]
    for group in ("values", "batch", "stable"):
        for fixture in _group(f"backward-{group}"):
            for gives, found in _returned(unstable, fixture).items():
                right = [_passes(fixture, gives, result) for result in found]
                assert right == [group != "stable"] * len(found), (fixture.name, gives)


def _key(fixture: Fixture, result: Float64) -> tuple[float, ...]:
    room = max(truth.bound.max() for truths in fixture.accepted.values() for truth in truths)
    return tuple(np.round(result.ravel() / (4 * room)).tolist())


def test_no_two_bugs_return_the_same_for_a_batch() -> None:
    for fixture in _group("backward-batch"):
        seen: dict[tuple[str, tuple[int, ...], tuple[float, ...]], tuple[str, ...]] = {}
        for each in TASK.mistakes:
            for gives, found in _returned(each, fixture).items():
                for result in found:
                    key = (gives, result.shape, _key(fixture, result))
                    assert seen.setdefault(key, each.bugs) == each.bugs, (fixture.name, gives)


def test_known_bugs_return_what_their_words_say() -> None:
    inputs = _logits(3, (2, 3))
    p, g = oracle.softmax(inputs), inputs["upstream"]
    known: dict[str, list[Any]] = {}
    for each in TASK.mistakes:
        known.setdefault(each.bugs[0], []).append(each.results(inputs, "float64"))
    slope = p * (1 - p)
    (diagonal,) = known["diagonal-only"]
    assert np.allclose(diagonal["jacobian"][0], slope)
    assert np.allclose(diagonal["jacobian"][1], diagonals(slope))
    assert np.allclose(known["missing-correction"][0]["vjp"][0], p * g)
    assert [np.allclose(each["vjp"][0], p - g) for each in known["fused-cross-entropy"]] == [
        True,
        False,
    ]
    assert np.allclose(known["sign-flipped"][0]["vjp"][0], -TASK.oracle(inputs))
    assert not any("jacobian" in each for each in known["ignores-upstream"])
    one = {name: values[:1] for name, values in inputs.items()}
    for each in TASK.mistakes:
        if each.bugs == ("sum-over-all",):
            for found in each.results(one, "float64").get("vjp", ()):
                assert found is not None
                assert np.allclose(found, TASK.oracle(one))


@pytest.mark.parametrize("seed", [fixtures.DEFAULT_SEED, 2, 3])
def test_zeros_pass_no_fixture_under_any_form(seed: int) -> None:
    for fixture in _fixtures(seed):
        for truths in fixture.accepted.values():
            for truth in truths:
                assert not within(np.zeros(truth.expected.shape), truth), fixture.name
        assert not fixture.trivial


def test_trivial_answers_have_the_shape_of_a_product() -> None:
    inputs = _logits(0, (2, 3))
    assert {answer(inputs).shape for answer in TASK.trivial.values()} == {(2, 3)}


# What is refused.

PAIR = [[0.0, 1.0]]
UP = [[1.0, 0.0]]
REFUSED: dict[str, tuple[str, Any, Any, DType]] = {
    "equal upstream": ("ordinary", PAIR, [[2.0, 2.0]], "float32"),
    "one row of equal upstream": ("ordinary", PAIR * 2, [[1.0, 0.0], [3.0, 3.0]], "float32"),
    "infinite upstream": ("ordinary", PAIR, [[np.inf, 0.0]], "float32"),
    "nan logits": ("ordinary", [[np.nan, 0.0]], UP, "float32"),
    "an impossible class": ("ordinary", [[-np.inf, 0.0, 1.0]], [[1.0, 2.0, 3.0]], "float32"),
    "one class": ("ordinary", [[1.0]], [[1.0]], "float32"),
    "one-hot probabilities": ("ordinary", [[0.0, 30.0]], UP, "float32"),
    "a small upstream": ("ordinary", PAIR, [[0.001, 0.0]], "float32"),
    "an upstream without effect": ("ordinary", [[0.0, 1.0, -30.0]], [[0.0, 0.0, 1.0]], "float32"),
    "large logits": ("ordinary", [[60.0, 61.0]], UP, "float32"),
    "moderate logits": ("extreme", PAIR, UP, "float32"),
    "not yet overflowing": ("extreme", [[88.0, 87.0]], UP, "float32"),
    "too large logits": ("extreme", [[20000.0, 20001.0]], UP, "float32"),
    "other shapes": ("ordinary", PAIR, [[1.0, 0.0], [0.0, 1.0]], "float32"),
    "no batch axis": ("ordinary", PAIR[0], UP[0], "float32"),
    "nothing": ("ordinary", np.zeros((0, 3)), np.zeros((0, 3)), "float32"),
    "too many": ("ordinary", [[*range(4)] * 6] * 10, [[*range(4)] * 6] * 10, "float32"),
    "too large for halves": ("ordinary", [[0.0, 6.0]], UP, "float16"),
    "integers": ("ordinary", PAIR, np.array([[1, 0]]), "float32"),
    "no floating dtype": ("ordinary", PAIR, UP, "int64"),
}


def _refused(kind: str, x: Any, upstream: Any, dtype: DType) -> str | None:
    values = upstream if isinstance(upstream, np.ndarray) else np.array(upstream, np.float64)
    given_ = {"x": np.array(x, np.float64), "upstream": values}
    return TASK.kinds[kind].refuse(given_, dtype, np.zeros_like(given_["x"]))


@pytest.mark.parametrize("case", REFUSED)
def test_a_fixture_that_decides_nothing_is_refused(case: str) -> None:
    assert _refused(*REFUSED[case])


def test_sound_fixtures_are_not_refused() -> None:
    assert MOST < 10 * 24
    assert _refused("ordinary", PAIR, UP, "float32") is None
    assert _refused("ordinary", PAIR, UP, "float16") is None
    assert _refused("ordinary", [[0.0, 30.0], [1.0, 0.0]], [[1.0, 0.0]] * 2, "float32") is None
    assert _refused("extreme", [[10000.0, 10001.0]], UP, "float32") is None
    assert _refused("extreme", [[-120.0, -121.0]], UP, "float32") is None


# The fixtures.


def test_the_groups_and_their_fixtures() -> None:
    counts = {name: len(_group(f"backward-{name}")) for name in ("values", "batch", "stable")}
    assert counts == {"values": 8, "batch": 8, "stable": 6}
    assert {each.role for each in _fixtures()} == {"backward"}
    assert all(each.upstream is None and each.gradient is None for each in _fixtures())
    assert {each.kind for each in _group("backward-stable")} == {EXTREME}
    assert {each.kind for each in _fixtures() if each.group != "backward-stable"} == {"ordinary"}


def test_values_are_single_rows_and_batches_differ_by_row() -> None:
    assert {each.inputs["x"].shape[0] for each in _group("backward-values")} == {1}
    shapes = {each.inputs["x"].shape for each in _group("backward-batch")}
    assert any(rows == classes for rows, classes in shapes)
    assert min(rows for rows, _ in shapes) > 1
    for each in _group("backward-batch"):
        assert len(np.unique(each.inputs["x"], axis=0)) == each.inputs["x"].shape[0]
    layouts = {one.layout for each in _group("backward-batch") for one in each.arguments}
    assert {"contiguous", "transposed", "expanded"} <= layouts


@pytest.mark.parametrize("seed", [fixtures.DEFAULT_SEED, 2, 3])
def test_discovery_tells_conventions_apart(seed: int) -> None:
    found = [each for each in _fixtures(seed) if each.group == TASK.discovery]
    shapes = [each.inputs["x"].shape for each in found]
    assert sorted(shapes) == [(1, 5), (1, 5), (3, 5), (3, 5)]
    for each in found:
        p = oracle.softmax(each.inputs)
        assert each.visibility == "hidden"
        assert np.all((p > 0.005) & (p < 0.9))
        assert np.all(np.ptp(p, axis=-1) > 0.1)
        assert np.all(np.count_nonzero(each.inputs["upstream"], axis=-1) >= 4)
        other = oracle.softmax({"x": each.inputs["upstream"]})
        swapped = oracle.softmax_vjp({"x": each.inputs["upstream"]}, each.inputs["x"])
        of_probs = other * (p - (other * p).sum(-1, keepdims=True))
        for wrong in (swapped, of_probs, p * (each.inputs["x"] - (p * each.inputs["x"]).sum())):
            assert not _passes(each, "vjp", wrong)


def test_a_plain_forward_fails_on_extreme_fixtures_only() -> None:
    for fixture in _fixtures():
        x, g = _single(fixture, "x"), _single(fixture, "upstream")
        p = torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)
        raw = RawTensor("float32", tuple(x.shape), of_probs(p, g).numpy().tobytes())
        right = closest(raw, fixture.accepted["vjp"]).ok
        assert right == (fixture.kind != EXTREME), fixture.name


ODD_LAYOUTS = {"backward-batch/transposed", "backward-batch/one-upstream"}


@pytest.mark.parametrize("name", ["values", "batch", "stable"])
def test_every_group_starts_with_a_visible_literal(name: str) -> None:
    first = _group(f"backward-{name}")[0]
    assert (first.visibility, first.literal) == ("visible", True)
    for each in _group(f"backward-{name}"):
        assert each.scored == (each.name not in ODD_LAYOUTS)
        assert each.literal or each.visibility == "hidden"
