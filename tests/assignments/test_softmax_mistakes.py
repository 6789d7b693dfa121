"""Wrong forward passes in the styles of students, each to be named for exactly what is wrong."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from grader.assignments.softmax.mistakes import MISTAKES, Formula, bugs_of, evaluate
from grader.batch.plan import ExamSpec, load_exam
from grader.core.assignment import Mistake
from grader.core.fixture import Fixture
from grader.core.observation import Exchange, Observation
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult
from grader.core.tensor import DType
from grader.diagnosis.finding import Finding
from grader.diagnosis.matched import matches
from grader.fixtures.closeness import within
from grader.judging.judge import MAIN, judge
from grader.judging.plan import chosen, criteria_of, main_program
from grader.judging.score import score
from tests.assignments.softmax_styles import RIGHT, WRONG
from tests.builders import answer, cut, raised, ran

torch.set_num_threads(1)  # waking a second thread costs more than any of these calls

Style = Callable[[Any], Any]


@cache
def _exam() -> Exam:
    return load_exam(ExamSpec("softmax", 1))


@cache
def _fixtures() -> tuple[Fixture, ...]:
    exam = _exam()
    criteria = [each for each in criteria_of(exam, "forward") if each.check == "values"]
    found = {each.name: each for one in criteria for each in chosen(exam, one)}
    return tuple(found.values())


def _observed(style: Style, fixture: Fixture) -> Observation:
    x = torch.from_numpy(fixture.arguments[0].tensor.numbers()).to(getattr(torch, fixture.dtype))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = style(x)
    except Exception as error:  # noqa: BLE001 - as a child does
        return raised(type(error).__name__, str(error))
    kind = next(each for each in get_args(DType) if getattr(torch, each) == found.dtype)
    return answer(found.detach().double().numpy(), kind)


def _graded(style: Style) -> tuple[tuple[CriterionResult, ...], tuple[Finding, ...]]:
    return _matched({each.name: _observed(style, each) for each in _fixtures()})


def _matched(
    calls: Mapping[str, Observation],
) -> tuple[tuple[CriterionResult, ...], tuple[Finding, ...]]:
    exam = _exam()
    sliced = cut(symbol="good_softmax")
    main = Exchange(main_program(exam, "forward", sliced, wide=False), ran(calls))
    record = Record(
        "ada-1", "ada/work.py", "1" * 64, "script",
        slices={"forward": sliced}, exchanges={"forward": {MAIN: main}},
    )  # fmt: skip
    rows = score(exam.rubric, judge(record, exam), main_role="forward").rows
    return rows, matches(record, exam, rows)


def _named(style: Style) -> dict[str, tuple[str, ...]]:
    return {each.bug: each.criteria for each in _graded(style)[1]}


# Right styles.


def _over(e: Tensor, axis: str = "row") -> Tensor:
    match axis:
        case "all":
            return e / e.sum()
        case "column":
            return e / e.sum(0, keepdim=True)
        case "flat":
            return e / e.sum(-1)
        case _:
            return e / e.sum(-1, keepdim=True)


def _top(x: Tensor) -> Tensor:
    return x - x.amax(-1, keepdim=True)


def _one_liner(x: Tensor) -> Tensor:
    return _top(x).exp().div(_top(x).exp().sum(-1, keepdim=True))


def _by_columns(x: Tensor) -> Tensor:
    top = x[:, 0]
    for column in x.unbind(1)[1:]:
        top = torch.where(column > top, column, top)
    powers = torch.stack([torch.exp(column - top) for column in x.unbind(1)], dim=1)
    return powers / powers.sum(1, keepdim=True)


MORE_RIGHT: Final[Mapping[str, Style]] = {
    "one-liner": _one_liner,
    "by columns": _by_columns,
    "shifted by a little more": lambda x: _over(torch.exp(_top(x) - 1)),
    "batches only": lambda x: (
        (e := torch.exp(x - x.max(1)[0].view(x.shape[0], 1))) / e.sum(1).view(x.shape[0], 1)
    ),
    "raises on vectors": lambda x: (
        (e := torch.exp(x - x.max(1, keepdim=True)[0])) / e.sum(1, keepdim=True)
    ),
}


@pytest.mark.parametrize("style", [*RIGHT, *MORE_RIGHT])
def test_what_is_right_is_never_named(style: str) -> None:
    rows, found = _graded({**RIGHT, **MORE_RIGHT}[style])
    lost = {row.id for row in rows if row.status in ("failed", "partial")}
    assert not lost & {"values", "stable", "batch", "per-row-shift"}
    assert found == ()


@pytest.mark.parametrize("style", ["uniform", "one-hot", "zeros", "identity", "sigmoid", "rounded"])
def test_what_no_bug_explains_is_not_named(style: str) -> None:
    assert _graded(WRONG[style][0])[1] == ()


# Wrong ones: by hand, each with all that is wrong with it.


def _naive_loops(x: Tensor) -> Tensor:
    out = torch.empty_like(x)
    for i in range(x.shape[0]):
        total = torch.zeros((), dtype=x.dtype)
        for j in range(x.shape[1]):
            total += torch.exp(x[i, j])
        for j in range(x.shape[1]):
            out[i, j] = torch.exp(x[i, j]) / total
    return out


def _naive_lists(x: Tensor) -> Tensor:
    done = []
    for row in x.tolist():
        powers = [math.exp(value) for value in row]
        done.append([power / sum(powers) for power in powers])
    return torch.tensor(done, dtype=x.dtype)


def _global_max_rows(x: Tensor) -> Tensor:
    top = torch.max(x)
    return torch.stack([torch.exp(row - top) / torch.exp(row - top).sum() for row in x])


def _global_max_numpy(x: Tensor) -> Tensor:
    a = x.numpy()
    e = np.exp(a - np.max(a))
    return torch.from_numpy(e / np.sum(e, axis=1, keepdims=True))


def _whole_numpy(x: Tensor) -> Tensor:
    a = x.numpy()
    e = np.exp(a - np.max(a))
    return torch.from_numpy(e / np.sum(e))


def _seed(x: Tensor) -> Tensor:
    z = x - max(x)
    return torch.exp(z) / torch.sum(torch.exp(z))


def _builtin_sum(x: Tensor) -> Tensor:
    e = torch.exp(_top(x))
    return e / sum(e)


def _columns_einsum(x: Tensor) -> Tensor:
    e = torch.exp(x - x.amax(0))
    return torch.einsum("bn,n->bn", e, 1 / torch.einsum("bn->n", e))


def _running_total(x: Tensor) -> Tensor:
    """One total for all rows, never set back to zero before the next one is done."""
    e, total = torch.exp(_top(x)), torch.zeros(())
    for row in e:
        for value in row:
            total = total + value
    return e / total


def _log_of(x: Tensor) -> Tensor:
    return torch.log(_over(torch.exp(_top(x))))


def _difference(x: Tensor) -> Tensor:
    top = x.amax(-1, keepdim=True)
    return x - (top + torch.exp(x - top).sum(-1, keepdim=True).log())


WRONG_ONES: Final[tuple[tuple[str, Style], ...]] = (
    ("no-shift", lambda x: _over(torch.exp(x))),
    ("no-shift", lambda x: _over(x.exp().double()).float()),
    ("no-shift", lambda x: _over(torch.exp(x.double())).to(x.dtype)),
    ("no-shift", lambda x: _over(torch.pow(math.e, x.double())).to(x.dtype)),
    ("no-shift", _naive_loops),
    ("no-shift", _naive_lists),
    ("no-shift", lambda x: torch.einsum("bn,b->bn", e := x.exp(), 1 / e.sum(1))),
    ("no-shift", lambda x: torch.nan_to_num(_over(torch.exp(x)))),
    ("no-shift", lambda x: (e := x.exp()) / (e.sum(-1, keepdim=True) + 1e-8)),
    ("no-shift", lambda x: _over(torch.nan_to_num(torch.exp(x)))),
    ("global-max", lambda x: _over(torch.exp(x - x.max()))),
    ("global-max", lambda x: _over(torch.exp(x - float(x.max())))),
    ("global-max", lambda x: _over(torch.exp((x - x.max()).double())).to(x.dtype)),
    ("global-max", lambda x: torch.nan_to_num(_over(torch.exp(x - x.max())))),
    ("global-max", _global_max_rows),
    ("global-max", _global_max_numpy),
    ("global-max", lambda x: _over(torch.exp(torch.clamp(x - x.max(), min=-50)))),
    ("builtin-max", lambda x: _over(torch.exp(x - max(x)))),
    ("builtin-max sum-over-all", _seed),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.amin(-1, keepdim=True)))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.mean(-1, keepdim=True)))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.mean()))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.min()))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.median(-1, keepdim=True)[0]))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x[:, :1]))),
    ("wrong-shift", lambda x: _over(torch.exp(x - x.abs().max()))),
    ("wrong-shift", lambda x: _over(torch.exp(x - 100))),
    ("wrong-shift", lambda x: _over(torch.exp(x - 1000.0))),
    ("wrong-shift", lambda x: _over(torch.exp(x.double() - 1000)).float()),
    ("wrong-shift", lambda x: _over(torch.exp(x + x.amax(-1, keepdim=True)))),
    ("inconsistent-shift", lambda x: torch.exp(_top(x)) / x.exp().sum(-1, keepdim=True)),
    ("inconsistent-shift", lambda x: x.exp() / _top(x).exp().sum(-1, keepdim=True)),
    (
        "global-max inconsistent-shift",
        lambda x: torch.exp(x - x.max()) / x.exp().sum(-1, keepdim=True),
    ),
    ("inconsistent-shift sum-over-all", lambda x: torch.exp(_top(x)) / x.exp().sum()),
    ("rescaled-input", lambda x: _over(torch.exp(x / x.abs().amax(-1, keepdim=True)))),
    ("rescaled-input", lambda x: _over(torch.exp(x / x.norm(dim=-1, keepdim=True)))),
    ("rescaled-input", lambda x: _over(torch.exp(_top(x) / 2))),
    ("rescaled-input", lambda x: _over(torch.exp(_top(x * 0.1)))),
    ("rescaled-input", lambda x: _over(torch.exp(_top(x / math.sqrt(x.shape[-1]))))),
    (
        "rescaled-input",
        lambda x: _over(
            torch.exp((x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-8))
        ),
    ),
    ("no-shift rescaled-input", lambda x: _over(torch.exp(x / 10))),
    ("rescaled-input sum-over-all", lambda x: _over(torch.exp(_top(x) / 2), "all")),
    ("sum-over-all", lambda x: _over(torch.exp(_top(x)), "all")),
    ("sum-over-all", _running_total),
    ("global-max sum-over-all", _whole_numpy),
    ("global-max sum-over-all", lambda x: x.flatten().softmax(0).view(x.shape)),
    ("no-shift sum-over-all", lambda x: _over(torch.exp(x), "all")),
    ("no-shift sum-over-all", lambda x: _over(torch.exp(x.double()), "all").to(x.dtype)),
    ("sum-over-all wrong-shift", lambda x: _over(torch.exp(x - x.mean()), "all")),
    ("wrong-axis", lambda x: x.softmax(0)),
    ("wrong-axis", _builtin_sum),
    ("wrong-axis", _columns_einsum),
    ("wrong-axis", lambda x: _over(torch.exp(x - x.amax(0)))),
    ("no-shift wrong-axis", lambda x: _over(torch.exp(x), "column")),
    ("global-max wrong-axis", lambda x: _over(torch.exp(x - x.max()), "column")),
    ("missing-keepdim", lambda x: _over(torch.exp(_top(x)), "flat")),
    ("missing-keepdim", lambda x: _over(torch.exp(x - x.max(-1)[0]))),
    ("missing-keepdim", lambda x: _over(torch.exp(x - x.max(1).values), "flat")),
    ("missing-keepdim no-shift", lambda x: _over(torch.exp(x), "flat")),
    ("global-max missing-keepdim", lambda x: _over(torch.exp(x - x.max()), "flat")),
    ("missing-keepdim sum-over-all", lambda x: _over(torch.exp(x - x.amax(-1)), "all")),
    ("not-normalised", lambda x: torch.exp(_top(x))),
    ("not-normalised", lambda x: (e := torch.exp(_top(x))) / e.mean(-1, keepdim=True)),
    ("no-shift not-normalised", torch.exp),
    ("global-max not-normalised", lambda x: torch.exp(x - x.max())),
    ("returns-log", _log_of),
    ("returns-log", _difference),
    ("no-shift returns-log", lambda x: torch.log(_over(torch.exp(x)))),
    ("no-shift returns-log", lambda x: x - torch.log(torch.exp(x).sum(-1, keepdim=True))),
    ("returns-log sum-over-all", lambda x: _top(x) - _top(x).exp().sum().log()),
    ("clamped", lambda x: _over(torch.exp(x.clamp(max=80)))),
    ("clamped", lambda x: _over(torch.exp(x.clip(-50, 50)))),
    ("clamped", lambda x: _over(torch.exp(x.double().clamp(-700, 700))).to(x.dtype)),
    ("clamped", lambda x: _over(torch.exp(torch.minimum(x, torch.tensor(88.0))))),
    ("clamped", lambda x: _over(torch.exp(_top(x).clamp(min=-10)))),
    ("clamped sum-over-all", lambda x: _over(torch.exp(x.clamp(-80, 80)), "all")),
    ("epsilon", lambda x: (e := torch.exp(_top(x))) / (e.sum(-1, keepdim=True) + 1e-3)),
    ("epsilon", lambda x: (e := torch.exp(_top(x))) / (e.sum(-1, keepdim=True) + 1e-5)),
    ("epsilon", lambda x: _over(torch.exp(_top(x)) + 1e-4)),
    ("epsilon no-shift", lambda x: (e := torch.exp(x)) / (e.sum(-1, keepdim=True) + 1e-3)),
    ("epsilon global-max", lambda x: (e := (x - x.max()).exp()) / (e.sum(1)[:, None] + 1e-3)),
    ("epsilon sum-over-all", lambda x: (e := torch.exp(_top(x))) / (e.sum() + 1e-3)),
)  # fmt: skip


@pytest.mark.parametrize("at", range(len(WRONG_ONES)), ids=[bugs for bugs, _ in WRONG_ONES])
def test_a_wrong_style_is_named_for_what_is_wrong_with_it(at: int) -> None:
    bugs, style = WRONG_ONES[at]
    rows, found = _graded(style)
    assert {each.bug for each in found} == set(bugs.split())
    lost = {row.id for row in rows if row.status in ("failed", "partial")}
    explained = {name for each in found for name in each.criteria}
    assert explained == lost & {"values", "stable", "batch", "per-row-shift"}
    assert {(each.role, each.confidence, each.at) for each in found} == {
        ("forward", "matched", None)
    }


def test_each_bug_of_a_combination_explains_what_is_lost_to_it() -> None:
    """The rest of the rows is the other's; where either would do, both."""
    assert _named(lambda x: _over(torch.exp(x), "all")) == {
        "no-shift": ("stable",),
        "sum-over-all": ("batch",),
    }
    assert _named(lambda x: _over(torch.exp(x - x.max()), "column")) == {
        "wrong-axis": ("values", "stable", "batch"),
        "global-max": ("batch",),
    }


# The catalogue itself.

STRIDE: Final = 7
"""A seventh of the mistakes at a time: whatever step is wrong is wrong in many of them."""


def _played(at: int) -> dict[str, Observation]:
    found = {}
    for each in _fixtures():
        results = MISTAKES[at].results(each.inputs, each.dtype).get("", (None,))
        found[each.name] = raised() if results[0] is None else answer(results[0], each.dtype)
    return found


@pytest.mark.parametrize("start", [0, 3])
def test_every_mistake_is_found_by_its_own_results_and_by_no_other_bugs(start: int) -> None:
    for at in range(start, len(MISTAKES), STRIDE * 6):
        found = {each.bug for each in _matched(_played(at))[1]}
        assert found <= set(MISTAKES[at].bugs), MISTAKES[at]
        assert found, MISTAKES[at]


def test_every_id_of_results_is_among_the_mistakes() -> None:
    assert {bug for each in MISTAKES for bug in each.bugs} == {
        "no-shift", "global-max", "builtin-max", "wrong-shift", "inconsistent-shift",
        "rescaled-input", "sum-over-all", "wrong-axis", "missing-keepdim", "not-normalised",
        "returns-log", "clamped", "epsilon",
    }  # fmt: skip
    assert all(list(each.bugs) == sorted(set(each.bugs)) for each in MISTAKES)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_the_formula_without_a_mistake_is_right(dtype: DType) -> None:
    assert bugs_of(Formula()) == ()
    for each in _exam().fixtures:
        x = each.inputs["x"]
        if each.role == "forward" and x.ndim == 2 and x.size and each.dtype == dtype:
            found = evaluate(Formula(), x, dtype)
            assert found is not None
            assert within(found, each.truth), each.name


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(MISTAKES), st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_results_are_of_the_dtype_and_never_warn(
    mistake: Mistake, rows: int, classes: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-192, 192, (rows, classes)) / 64 + rng.choice([-1000.0, 0.0, 100.0, 1000.0])
    (found,) = mistake.results({"x": x}, "float32")[""]
    (wide,) = mistake.results({"x": x}, "float64")[""]
    if found is not None:
        assert found.dtype == np.float64
        assert np.array_equal(found, found.astype(np.float32), equal_nan=True)
        assert wide is None or wide.shape == found.shape


def test_nothing_is_said_of_shapes_that_a_function_need_not_bear() -> None:
    for shape in ((0, 5), (2, 3, 4), (0,)):
        assert MISTAKES[0].results({"x": np.zeros(shape)}, "float32") == {}


@pytest.mark.parametrize(
    ("formula", "bugs"),
    [
        (Formula(above="", below=""), "no-shift"),
        (Formula(above="max", below="max", over="all"), "global-max sum-over-all"),
        (Formula(above="column max", below="column max", over="column"), "wrong-axis"),
        (Formula(above="flat max", below="flat max", over="flat"), "missing-keepdim"),
        (Formula(below=""), "inconsistent-shift"),
        (Formula(above="", below="", over="nothing"), "no-shift not-normalised"),
        (Formula(before="below 80", above="", below=""), "clamped"),
        (Formula(above="max", below="max", after="above -50"), "global-max"),
        (Formula(above="", below="", beside=1e-8), "no-shift"),
        (Formula(above="", below="", beside=1e-3), "epsilon no-shift"),
    ],
)
def test_the_bugs_of_a_formula_are_what_an_expert_would_say(formula: Formula, bugs: str) -> None:
    assert bugs_of(formula) == tuple(bugs.split())
