"""Behaviours without a cause, read off stored observations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.fixture import Inputs
from grader.core.observation import Exchange, Observation
from grader.core.record import Exam, Record
from grader.core.relation import Answer, Relation, Symptom
from grader.core.report import CriterionResult
from grader.core.tensor import Float64
from grader.diagnosis.behaviour import (
    DRAWN,
    RELATION,
    SLACK,
    behaviours,
    drawn_program,
    relation_calls,
    relation_program,
)
from grader.diagnosis.observed import OWN
from grader.judging.judge import MAIN, judge
from grader.judging.plan import calls_for
from grader.judging.score import score
from tests.builders import (
    BOUND,
    Played,
    answer,
    backward_exam,
    backward_record,
    candidate,
    criterion,
    exam,
    fixture,
    identity_answers,
    no_answer,
    played,
    raised,
    ran,
    record,
    task,
)


def _negated(inputs: Inputs) -> tuple[Inputs, ...]:
    return ({"x": -inputs["x"]},)


def _negated_again(_: Inputs, answers: tuple[Float64, ...]) -> Float64:
    return -answers[0]


ODD = Relation("not-odd", _negated, _negated_again)
SHIFT = Relation(
    "not-additive", lambda inputs: ({"x": inputs["x"] + 1},), lambda _, answers: answers[0] - 1
)


def _large(answers: Sequence[Answer]) -> bool:
    wrong = [each for each in answers if not each.right]
    return bool(wrong) and all(each.value is not None and each.value.max() > 50 for each in wrong)


LARGE = Symptom("large", _large)
ANY = Symptom("anything", lambda answers: any(not each.right for each in answers), last=True)
FIXTURES = (
    fixture("a/1"),
    fixture("a/2", ((3.0, -1.0), (0.25, 4.0))),
    fixture("b/1", ((-2.0, 5.0),)),
    fixture("b/2", ((0.0, 0.0),), degenerate=True),
)


def _exam(**changes: Any) -> Exam:
    criteria = (
        criterion("first", fixtures=("a",)),
        criterion("second", fixtures=("b",)),
        criterion("clean", "pure", fixtures=("a",)),
    )
    told = {"relations": (ODD, SHIFT), "symptoms": (LARGE, ANY), **changes}
    return exam(criteria, FIXTURES, tasks=(task(**told),))


def _observed(made: Exam, function: Played) -> Record:
    """A record with all that its relations ask for."""
    told = record(made, played(calls_for(made, "forward"), function))
    main = told.exchanges["forward"][MAIN]
    calls = relation_calls(made, "forward", main, ["first", "second"])
    further = Exchange(relation_program(main.program), played(calls, function))
    return _with(told, {RELATION: further} if calls else {})


def _with(told: Record, more: Mapping[str, Exchange]) -> Record:
    return replace(told, exchanges={"forward": {**told.exchanges["forward"], **more}})


def _lost(told: Record, made: Exam) -> tuple[CriterionResult, ...]:
    rows = score(made.rubric, judge(told, made), main_role="forward").rows
    return tuple(row for row in rows if row.status in ("failed", "partial"))


def _told(told: Record, made: Exam) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Confidence and criteria by diagnosis."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for each in behaviours(told, made, _lost(told, made)):
        before = found.get(each.bug, ("", ()))[1]
        found[each.bug] = (each.confidence, (*before, *each.criteria))
    return found


def _seen(function: Played, made: Exam | None = None) -> dict[str, tuple[str, tuple[str, ...]]]:
    known = made or _exam()
    return _told(_observed(known, function), known)


def test_what_is_right_is_asked_nothing_and_told_nothing() -> None:
    made = _exam()
    told = _observed(made, lambda x: x)
    assert list(told.exchanges["forward"]) == [MAIN]
    assert list(behaviours(told, made, ())) == []


BOTH = ("first", "second")


@pytest.mark.parametrize(
    ("function", "found"),
    [
        (lambda x: x + 1, {"not-odd": ("proved", BOTH)}),
        (lambda x: 2 * x, {"not-additive": ("proved", BOTH)}),
        (lambda x: x if x.max() == 2 else abs(x), {"not-odd": ("proved", BOTH)}),
        (lambda x: x if len(x) == 1 else 2 * x, {"not-additive": ("proved", ("first",))}),
        (lambda x: x + 100, {"large": ("matched", BOTH)}),
        (lambda x: x + np.sin(2 * np.pi * x), {"anything": ("matched", ("first",))}),
    ],
    ids=["both", "second relation", "two criteria", "one criterion", "symptom", "weak symptom"],
)
def test_the_first_that_is_seen_is_told(
    function: Played, found: dict[str, tuple[str, tuple[str, ...]]]
) -> None:
    assert _seen(function) == found


def test_without_relations_and_symptoms_nothing_is_made_up() -> None:
    assert _seen(lambda x: 2 * x, _exam(relations=(), symptoms=())) == {}


def test_a_criterion_that_wrong_values_cannot_cost_is_not_explained_by_them() -> None:
    made = _exam()
    told = record(
        made, ran({k: answer(((9.0, 9.0),), changed=True) for k in identity_answers(made)})
    )
    assert "clean" in {row.id for row in _lost(told, made)}
    assert _told(told, made) == {"anything": ("matched", BOTH)}


def test_answers_on_degenerate_inputs_show_no_symptom() -> None:
    of_three = Symptom("of three", lambda answers: len(answers) == 3)
    assert set(_seen(lambda x: 2 * x, _exam(symptoms=(of_three,)))) == {"of three"}


def test_an_answer_says_how_it_went() -> None:
    seen: list[Answer] = []

    def keeps(answers: Sequence[Answer]) -> bool:
        seen.extend(answers)
        return True

    def function(x: Any) -> Any:
        if len(x) == 2:
            raise ValueError("one row alone")
        return x if x.max() == 2 else 2 * x

    _seen(function, _exam(symptoms=(Symptom("kept", keeps),)))
    assert [(each.raised, each.right, each.value is None) for each in seen] == [
        (False, True, False),
        (True, False, True),
        (False, False, False),
    ]


# Tolerances.


@settings(max_examples=40, deadline=None)
@given(st.floats(0.0, 2.0 * SLACK))
def test_two_answers_may_be_apart_by_what_rounding_may_do(times: float) -> None:
    off = 5 * SLACK * BOUND  # wrong, and odd

    def function(x: Any) -> Any:
        return x + np.sign(x) * off + times * BOUND * (x.max() > 0)

    made = _exam(relations=(ODD,), symptoms=())
    one = replace(made, fixtures=(fixture("a/1", ((-1.0, -2.0),)),))
    small = float(np.float32(1e-4))  # what storing the answers adds
    found = _seen(function, one)
    if times < SLACK * (1 - small):
        assert found == {}
    if times > SLACK * 1.02:
        assert set(found) == {"not-odd"}


def test_the_error_of_large_answers_is_large() -> None:
    def function(x: Any) -> Any:
        return 1e6 * x + (x.max() > 0)

    made = _exam(relations=(ODD,), symptoms=())
    assert _seen(function, replace(made, fixtures=(fixture("a/1", ((-1.0, -2.0),)),))) == {}


@pytest.mark.parametrize("finite", [True, False])
def test_what_is_not_finite_says_only_something_where_a_relation_says_so(*, finite: bool) -> None:
    made = _exam(relations=(replace(ODD, finite=finite),), symptoms=())
    found = _seen(lambda x: np.where(x > 0, np.nan, x), made)
    assert set(found) == (set() if finite else {"not-odd"})


def test_the_same_nan_on_both_sides_keeps_a_relation() -> None:
    made = _exam(relations=(replace(ODD, finite=False),), symptoms=())
    assert _seen(lambda x: x * np.nan, made) == {}


# What is asked.


def _main(made: Exam, function: Played) -> Exchange:
    return record(made, played(calls_for(made, "forward"), function)).exchanges["forward"][MAIN]


def test_one_wrong_answer_a_criterion_and_relation_is_followed_up() -> None:
    made = _exam()
    calls = relation_calls(made, "forward", _main(made, lambda x: 2 * x), BOTH)
    assert [each.key for each in calls] == [
        "a/1#not-odd-0",
        "a/1#not-additive-0",
        "b/1#not-odd-0",
        "b/1#not-additive-0",
        "a/1#still",
        "b/1#still",
    ]
    assert calls[0].arguments[0].tensor.numbers().tolist() == [[-1.0, -2.0]]
    assert calls[4].arguments == FIXTURES[0].arguments


def test_only_lost_criteria_and_answers_with_a_value_are_followed_up() -> None:
    made = _exam()
    assert relation_calls(made, "forward", _main(made, lambda x: 2 * x), ()) == ()
    calls = relation_calls(made, "forward", _main(made, lambda x: 2 * x), ("second",))
    assert {each.key.partition("#")[0] for each in calls} == {"b/1"}

    def fails(_: Any) -> Any:
        raise ValueError("no")

    assert relation_calls(made, "forward", _main(made, fails), BOTH) == ()


def test_inputs_that_would_be_rounded_are_another_question() -> None:
    wide = fixture("a/1", ((2048.0, 1.0),), dtype="float16")
    made = replace(_exam(), fixtures=(wide,))
    calls = relation_calls(made, "forward", _main(made, lambda x: x / 2), BOTH)
    assert [each.key for each in calls] == ["a/1#not-odd-0", "a/1#still"]


def test_a_target_that_is_called_in_ways_of_its_own_is_not_followed_up() -> None:
    made = backward_exam()
    told = backward_record(made, (candidate("upstream", "x"), lambda g, x: g + x))
    main = told.exchanges["backward"][MAIN]
    assert relation_calls(made, "backward", main, ["slope", "far"]) == ()
    assert _told(told, made) == {}


def test_the_programs_are_the_targets_own() -> None:
    main = _main(_exam(), lambda x: x).program
    watching, drawing = relation_program(main), drawn_program(main)
    assert watching.watch
    assert drawing.poison is not None
    assert drawing.poison.ops == watching.watch
    assert replace(watching, watch=()) == replace(drawing, poison=None) == replace(main, watch=())


# Answers that depend on more than the question.


def test_another_answer_after_other_questions_is_unsteady() -> None:
    count = iter(range(1000))
    assert _seen(lambda x: 2 * x + next(count)) == {"unsteady": ("proved", BOTH)}


def test_another_shape_after_other_questions_is_unsteady() -> None:
    count = iter(range(1000))
    assert set(_seen(lambda x: 2 * x if next(count) < 8 else x[:, :1])) == {"unsteady"}


@pytest.mark.parametrize(("other", "bug"), [(2.5, "draws-random"), (2.0, "not-additive")])
def test_another_answer_under_other_dice_is_drawn(other: float, bug: str) -> None:
    made = _exam()
    told = _observed(made, lambda x: 2 * x)
    relation = told.exchanges["forward"][RELATION]
    calls = relation_calls(made, "forward", told.exchanges["forward"][MAIN], BOTH)
    again = Exchange(drawn_program(relation.program), played(calls, lambda x: other * x))
    assert set(_told(_with(told, {DRAWN: again}), made)) == {bug}


# What is no array of numbers.


def _answered(*told: Observation) -> dict[str, tuple[str, tuple[str, ...]]]:
    """What is said where the fixtures that decide values are answered so."""
    made = _exam()
    calls = dict.fromkeys(identity_answers(made), no_answer())
    names = [each.name for each in FIXTURES]
    calls |= dict(zip(names, told, strict=True))
    return _told(record(made, ran(calls)), made)


NOTHING = no_answer()
TEXT = no_answer(returned="str")
PAIR = answer((((9.0, 9.0),), ((9.0, 9.0),)), returned="tuple")


@pytest.mark.parametrize(
    ("told", "bug"),
    [
        ((NOTHING,) * 4, "returns-nothing"),
        ((answer(), NOTHING, NOTHING, answer(((0.0, 0.0),))), "returns-nothing"),
        ((TEXT,) * 4, "not-numbers"),
        ((TEXT, TEXT, PAIR, PAIR), "not-numbers"),
        ((NOTHING, TEXT, TEXT, TEXT), "not-numbers"),
        ((answer(), TEXT, TEXT, TEXT), "not-numbers"),
    ],
)
def test_what_is_no_array_is_told_so(told: tuple[Observation, ...], bug: str) -> None:
    assert _answered(*told)[bug] == ("proved", BOTH)
    assert bug in OWN


@pytest.mark.parametrize(
    "told",
    [
        (NOTHING, NOTHING, raised(), NOTHING),
        (TEXT, TEXT, raised(), TEXT),
        (PAIR,) * 4,
        (answer(((9.0, 9.0),)), NOTHING, NOTHING, NOTHING),
    ],
)
def test_one_answer_of_another_sort_leaves_it_open(told: tuple[Observation, ...]) -> None:
    assert not set(_answered(*told)) & {"returns-nothing", "not-numbers"}


def test_a_run_that_a_limit_stopped_says_nothing() -> None:
    assert _answered(NOTHING, NOTHING, NOTHING, no_answer("timed_out")) == {}


def test_nothing_is_said_of_a_target_that_never_ran() -> None:
    made = _exam()
    told = record(made, ran(dict.fromkeys(identity_answers(made), NOTHING)))
    rows = _lost(told, made)
    assert rows
    assert list(behaviours(replace(told, exchanges={}), made, rows)) == []
