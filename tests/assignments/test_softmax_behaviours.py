"""Softmaxes that are wrong for a reason of their own: what is said of them, and what is not."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from grader.assignments.softmax.assignment import ASSIGNMENT
from grader.assignments.softmax.behaviours import RELATIONS, SYMPTOMS
from grader.assignments.softmax.oracle import softmax
from grader.batch.plan import ExamSpec, load_exam
from grader.core.fixture import Argument, Fixture
from grader.core.observation import Call, Exchange, Observation
from grader.core.record import Exam, Record
from grader.core.relation import Answer, Relation
from grader.core.tensor import DType, pack
from grader.diagnosis.behaviour import (
    RELATION,
    behaviours,
    relation_calls,
    relation_program,
)
from grader.judging.judge import MAIN, judge
from grader.judging.plan import chosen, criteria_of, main_program
from grader.judging.score import score
from tests.assignments.softmax_styles import RIGHT
from tests.builders import answer, cut, raised, ran

torch.set_num_threads(1)  # waking a second thread costs more than any of these calls

Style = Callable[[Tensor], Tensor]
LOST: Final = ("failed", "partial", "skipped")


@cache
def _exam() -> Exam:
    return load_exam(ExamSpec("softmax", 1))


@cache
def _fixtures() -> tuple[Fixture, ...]:
    criteria = [each for each in criteria_of(_exam(), "forward") if each.check == "values"]
    found = {each.name: each for one in criteria for each in chosen(_exam(), one)}
    return tuple(found.values())


@dataclass(frozen=True)
class _Named:
    """Diagnoses by lost criterion, and how sure each is."""

    by_row: Mapping[str, str]
    sure: Mapping[str, str]

    @property
    def bugs(self) -> set[str]:
        return set(self.sure)


def _asked(style: Style, calls: Sequence[Call]) -> dict[str, Observation]:
    return {each.key: _observed(style, each.arguments[0]) for each in calls}


def _observed(style: Style, given: Argument) -> Observation:
    x = torch.from_numpy(given.tensor.numbers()).to(getattr(torch, given.tensor.dtype))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = style(x)
    except Exception as error:  # noqa: BLE001 - as a child does
        return raised(type(error).__name__, str(error))
    kind = next(each for each in get_args(DType) if getattr(torch, each) == found.dtype)
    return answer(found.detach().double().numpy(), kind)


def _behaves(style: Style, *, every: bool = False) -> _Named:
    """What is said of it, where nothing else explains what it loses.

    every  all that every relation can ask, as if every criterion of values had been lost
    """
    exam, sliced = _exam(), cut(symbol="good_softmax")
    calls = [Call(each.name, each.arguments) for each in _fixtures()]
    main = Exchange(main_program(exam, "forward", sliced, wide=False), ran(_asked(style, calls)))
    record = Record(
        "ada-1", "ada/work.py", "1" * 64, "script",
        slices={"forward": sliced}, exchanges={"forward": {MAIN: main}},
    )  # fmt: skip
    rows = score(exam.rubric, judge(record, exam), main_role="forward").rows
    values = {each.id for each in criteria_of(exam, "forward") if each.check == "values"}
    rows = tuple(row for row in rows if row.id in values and (every or row.status in LOST))
    names = [row.id for row in rows]
    further = _all_calls() if every else relation_calls(exam, "forward", main, names)
    program = relation_program(main.program)
    told = {MAIN: main, RELATION: Exchange(program, ran(_asked(style, further)))}
    record = Record(
        "ada-1", "ada/work.py", "1" * 64, "script",
        slices={"forward": sliced}, exchanges={"forward": told},
    )  # fmt: skip
    found = list(behaviours(record, exam, rows))
    return _Named(
        {name: each.bug for each in found for name in each.criteria},
        {each.bug: each.confidence for each in found},
    )


@cache
def _all_calls() -> tuple[Call, ...]:
    return tuple(
        Call(f"{fixture.name}#{relation.bug}-{at}", _arguments(fixture, x["x"]))
        for fixture in _fixtures()
        for relation in RELATIONS
        for at, x in enumerate(relation.changed(fixture.inputs))
    )


def _arguments(
    fixture: Fixture, x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> tuple[Argument, ...]:
    return (Argument("x", pack(x, fixture.dtype)),)


def _right(x: Tensor) -> Tensor:
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)


# Nothing right is accused.


@pytest.mark.parametrize("style", RIGHT)
def test_a_right_one_keeps_every_relation_and_shows_no_symptom(style: str) -> None:
    assert _behaves(RIGHT[style], every=True).bugs == set()


@pytest.mark.parametrize("style", RIGHT)
def test_a_right_one_is_asked_nothing_further(style: str) -> None:
    exam = _exam()
    calls = [Call(each.name, each.arguments) for each in _fixtures()]
    program = main_program(exam, "forward", cut(symbol="good_softmax"), wide=False)
    main = Exchange(program, ran(_asked(RIGHT[style], calls)))
    names = [each.id for each in criteria_of(exam, "forward")]
    assert relation_calls(exam, "forward", main, names) == ()


ROWS = st.integers(1, 4).flatmap(
    lambda classes: st.lists(
        st.lists(st.integers(-256, 256), min_size=classes, max_size=classes),
        min_size=1,
        max_size=4,
    )
)


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_relations_are_theorems(rows: list[list[int]]) -> None:
    x = np.array(rows, dtype=np.float64) / 64
    for relation in RELATIONS:
        changed = relation.changed({"x": x})
        if changed:
            kept = relation.kept({"x": x}, tuple(map(softmax, changed)))
            np.testing.assert_allclose(kept, softmax({"x": x}), rtol=1e-12)


def _relation(bug: str) -> Relation:
    return next(each for each in RELATIONS if each.bug == bug)


@pytest.mark.parametrize(
    ("bug", "x"),
    [
        ("rows-mixed", np.zeros((1, 4))),
        ("rows-mixed", np.zeros((64, 4))),
        ("rows-mixed", np.zeros(4)),
        ("depends-on-order", np.zeros((3, 1))),
        ("depends-on-offset", np.zeros((0, 3))),
        ("depends-on-offset", np.full((1, 3), 1e30)),
    ],
)
def test_a_relation_asks_nothing_where_it_says_nothing(
    bug: str, x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> None:
    assert _relation(bug).changed({"x": x}) == ()
    assert _relation(bug).changed({"x": np.zeros((2, 2)), "y": np.zeros(1)}) == () or (
        bug == "depends-on-offset"
    )


# What is wrong is told as it behaves.


def _linear(x: Tensor) -> Tensor:
    z = x - x.amin(-1, keepdim=True)
    return z / z.sum(-1, keepdim=True)


def _first_row(x: Tensor) -> Tensor:
    return _right(x[:1])


def _twenty(x: Tensor) -> Tensor:
    top = max(x[0, j] for j in range(20))
    total = sum(torch.exp(x[0, j] - top) for j in range(20))
    return torch.exp(x - top) / total


def _turned_rows(x: Tensor) -> Tensor:
    return torch.roll(_right(x), 1, 0)


def _to_zero(x: Tensor) -> Tensor:
    p = _right(x)
    return torch.where(p < 0.01, 0 * p, p)


def _infinite(x: Tensor) -> Tensor:
    p = _right(x)
    return p * torch.where(x.abs().amax(-1, keepdim=True) > 50, torch.inf, 1.0)


def _by_place(x: Tensor) -> Tensor:
    return _right(x + 0.1 * torch.arange(x.shape[-1]))


WRONG: Final[Mapping[str, tuple[Style, str, str]]] = {
    "each row is its neighbour's": (_turned_rows, "rows-mixed", "proved"),
    "first and last differ": (_by_place, "depends-on-order", "proved"),
    "squashed first": (lambda x: _right(torch.tanh(x)), "depends-on-offset", "proved"),
    "sigmoid": (torch.sigmoid, "depends-on-offset", "proved"),
    "linear": (_linear, "not-exponential", "matched"),
    "uniform": (lambda x: torch.full_like(x, 1 / x.shape[-1]), "not-exponential", "matched"),
    "twice": (lambda x: 2 * _right(x), "not-normalised", "matched"),
    "four decimals": (lambda x: torch.round(_right(x), decimals=4), "imprecise", "matched"),
    "in half precision": (lambda x: _right(x).half().float(), "imprecise", "matched"),
    "zeros": (torch.zeros_like, "vanishes", "matched"),
    "small ones left out": (_to_zero, "vanishes", "matched"),
    "infinite for large ones": (_infinite, "overflows", "matched"),
    "a number a row": (lambda x: torch.logsumexp(x, -1, keepdim=True), "wrong-shape", "matched"),
    "a number": (lambda x: x.logsumexp(-1).sum(), "wrong-shape", "matched"),
    "turned over": (lambda x: _right(x).T, "wrong-shape", "matched"),
    "first row": (_first_row, "hard-coded-shape", "matched"),
    "twenty classes": (_twenty, "hard-coded-shape", "matched"),
    "one row": (lambda x: _right(x.view(1, x.numel()))[:, : x.shape[1]].repeat(1, len(x)),
                "hard-coded-shape", "matched"),
}  # fmt: skip


@pytest.mark.parametrize("style", WRONG)
def test_what_nothing_explains_is_told_as_it_behaves(style: str) -> None:
    function, bug, confidence = WRONG[style]
    found = _behaves(function)
    assert found.sure == {bug: confidence}


@pytest.mark.parametrize("bug", sorted({bug for _, bug, _ in WRONG.values()}))
def test_every_behaviour_has_words(bug: str) -> None:
    words = ASSIGNMENT.words("forward", bug)
    assert words.message.endswith(".")
    assert words.hint


def test_what_a_repair_or_a_known_result_may_name_is_no_mere_behaviour() -> None:
    told = ASSIGNMENT.task("forward").behaviours
    assert told >= {each.bug for each in RELATIONS} | {"imprecise", "overflows", "vanishes"}
    assert not told & {"not-normalised", "wrong-shape", "hard-coded-shape"}


def test_a_relation_is_told_of_the_criteria_on_whose_inputs_it_breaks() -> None:
    found = _behaves(_turned_rows)
    assert found.by_row == {"batch": "rows-mixed", "per-row-shift": "rows-mixed"}


@pytest.mark.parametrize(
    ("style", "kept"),
    [
        (lambda x: _right(x / 2), {"rows-mixed", "depends-on-order", "depends-on-offset"}),
        (lambda x: torch.exp(x) / torch.exp(x).sum(-1, keepdim=True), {"depends-on-offset"}),
        (torch.exp, {"rows-mixed", "depends-on-order"}),
        (lambda x: 1000 * x, {"rows-mixed", "depends-on-order"}),
    ],
    ids=["temperature", "naive", "exp", "large"],
)
def test_a_wrong_one_is_not_accused_of_what_it_does_not_do(style: Style, kept: set[str]) -> None:
    """Also where rounding makes its own two answers differ, or one of them overflows."""
    assert not _behaves(style, every=True).bugs & kept


# Symptoms, by hand.


def _answer(
    got: Sequence[Sequence[float]] | None, expected: Sequence[Sequence[float]], *, right: bool
) -> Answer:
    shape = np.asarray(expected, dtype=np.float64)
    value = None if got is None else np.asarray(got, dtype=np.float64)
    return Answer({"x": np.zeros_like(shape)}, shape, got is None, value, right)


ROW = [[0.25, 0.75]]
OFF = [[0.5, 0.5]]


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each.bug)
def test_one_wrong_answer_shows_nothing(symptom: object) -> None:
    others = [_answer(ROW, ROW, right=True)] * 3
    for got in (None, OFF, [[0.0, 1.0]], [[0.5, 1.0]], [[0.251, 0.749]], [[np.nan, 1.0]], [[1.0]]):
        answers = [*others, _answer(got, ROW, right=False)]
        assert not any(each.seen(answers) for each in SYMPTOMS if each is symptom)


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda each: each.bug)
def test_no_symptom_is_seen_where_all_is_right_or_nothing_is_known(symptom: object) -> None:
    for answers in ([], [_answer(ROW, ROW, right=True)] * 4):
        assert not any(each.seen(answers) for each in SYMPTOMS if each is symptom)


def test_wrong_numbers_for_batches_are_no_fixed_number_of_rows() -> None:
    """They may have many causes: what is told is what an experiment has shown."""
    found = _behaves(lambda x: torch.exp(x - x.max()) / torch.exp(x - x.max()).sum())
    assert "hard-coded-shape" not in found.bugs
    assert found.by_row["batch"] == "rows-mixed"
