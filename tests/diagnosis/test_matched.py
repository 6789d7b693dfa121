from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.assignment import Mistake
from grader.core.fixture import Fixture
from grader.core.record import Exam, Record
from grader.core.report import CriterionResult
from grader.core.slice import Slice
from grader.diagnosis.finding import Finding
from grader.diagnosis.matched import matches
from grader.judging.judge import judge
from grader.judging.score import score
from tests.builders import (
    BOUND,
    Player,
    answer,
    backward_exam,
    backward_record,
    backward_task,
    candidate,
    criterion,
    cubed,
    exam,
    fixture,
    identity_answers,
    raised,
    ran,
    record,
    task,
)

EXAM = backward_exam()
PRODUCT = candidate("upstream", "x")
LEANING = candidate("upstream", "x", leans_on="good_f")
MATRIX = candidate("x")
Played = Callable[..., Any]


def right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def flipped(upstream: Any, x: Any) -> Any:
    return -3 * x**2 * upstream


def linear(upstream: Any, x: Any) -> Any:
    return 3 * x * upstream


def other(upstream: Any, x: Any) -> Any:
    return upstream + x


def _near(function: Played, far: Played) -> Played:
    """One function on moderate rows, another where the argument is large."""
    return lambda upstream, x: (function if np.abs(x).max() < 10 else far)(upstream, x)


def _rows(
    one: Played | Player, made: Exam = EXAM, cut: Slice = PRODUCT
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Status and diagnoses by criterion."""
    told = backward_record(made, (cut, one))
    rows = score(made.rubric, judge(told, made), main_role="forward").rows
    return {row.id: (row.status, bugs) for row, bugs in _explained(told, made, rows)}


def _explained(
    told: Record, made: Exam, rows: Sequence[CriterionResult]
) -> list[tuple[CriterionResult, tuple[str, ...]]]:
    """The rows, each with the bugs that explain it."""
    found = matches(told, made, rows)
    assert {each.confidence for each in found} <= {"matched"}
    assert all(each.criteria for each in found)
    return [(row, tuple(one.bug for one in found if row.id in one.criteria)) for row in rows]


@pytest.mark.parametrize("bug", [flipped, linear])
def test_a_bug_whose_results_came_back_everywhere_is_named(bug: Played) -> None:
    assert _rows(bug) == {
        "slope": ("failed", (bug.__name__,)),
        "far": ("failed", (bug.__name__,)),
    }


def test_the_results_are_those_of_the_kind_the_convention_gives() -> None:
    found = _rows(lambda x: np.stack([np.diag(-3 * row**2) for row in x]), cut=MATRIX)
    assert found["slope"] == ("failed", ("flipped",))
    whole = _rows(lambda x: np.diag(-3 * x.ravel() ** 2), cut=MATRIX)
    assert whole["slope"] == ("failed", ("flipped",))
    # as a matrix this is right, and its product with the upstream was not asked for
    assert _rows(lambda x: np.diag(3 * x.ravel() ** 2), cut=MATRIX)["slope"] == ("passed", ())


def test_what_was_applied_is_matched_by_its_gradient() -> None:
    applied = candidate(kind="autograd_function", method="backward")

    def forward_or_gradient(x: Any, upstream: Any) -> Any:
        return flipped(upstream, x)

    made = backward_exam(task_=backward_task(conventions=backward_task().conventions[-1:]))
    assert _rows(forward_or_gradient, made, applied)["slope"] == ("failed", ("flipped",))


def test_what_is_right_is_accused_of_nothing() -> None:
    assert _rows(right) == {"slope": ("passed", ()), "far": ("passed", ())}


def test_what_is_wrong_in_its_own_way_has_no_name() -> None:
    assert _rows(other) == {"slope": ("failed", ()), "far": ("failed", ())}


def test_what_never_answers_has_no_name() -> None:
    def fails(*_: Any) -> Any:
        raise ValueError("no")

    # it may have been called in a way it was not made for: an exception proves nothing then
    assert {diagnoses for _, diagnoses in _rows(fails).values()} == {()}
    nothing = replace(backward_record(EXAM, (PRODUCT, fails)), exchanges={})
    rows = score(EXAM.rubric, judge(nothing, EXAM), main_role="forward").rows
    assert matches(nothing, EXAM, rows) == ()


def test_one_answer_of_its_own_is_enough_to_name_nothing() -> None:
    """On every fixture, or not at all."""
    assert _rows(lambda g, x: flipped(g, x) if len(x) == 1 else other(g, x)) == {
        "slope": ("failed", ()),
        "far": ("failed", ("flipped",)),
    }
    assert _rows(lambda g, x: flipped(g, x) if len(x) == 1 else right(g, x))["slope"] == (
        "partial",
        (),
    )


def test_a_bug_that_explains_one_row_alone_is_named_there() -> None:
    assert _rows(_near(flipped, other)) == {
        "slope": ("failed", ("flipped",)),
        "far": ("failed", ()),
    }
    assert _rows(_near(flipped, linear)) == {
        "slope": ("failed", ("flipped",)),
        "far": ("failed", ("linear",)),
    }


def test_a_row_that_is_right_says_nothing_against_any_bug() -> None:
    assert _rows(_near(right, flipped)) == {
        "slope": ("passed", ()),
        "far": ("failed", ("flipped",)),
    }
    assert _rows(_near(flipped, right)) == {
        "slope": ("failed", ("flipped",)),
        "far": ("passed", ()),
    }


MINUS_ONE = cubed("slope/minus", ((-1.0, -1.0),), ((1.0, 2.0),))
"""Here both known bugs give the same."""


def _only(*fixtures: Fixture) -> Exam:
    """An exam whose `slope` is decided on these."""
    kept = [each for each in EXAM.fixtures if each.group != "slope"]
    return replace(EXAM, fixtures=(*kept, *fixtures))


def test_where_two_bugs_explain_it_none_is_named() -> None:
    made = _only(MINUS_ONE)
    assert _rows(_near(flipped, right), made)["slope"] == ("failed", ())
    assert _rows(_near(flipped, other), made)["slope"] == ("failed", ())


def test_another_row_tells_two_bugs_apart() -> None:
    made = _only(MINUS_ONE)
    assert _rows(flipped, made) == {
        "slope": ("failed", ("flipped",)),
        "far": ("failed", ("flipped",)),
    }
    assert _rows(linear, made)["slope"] == ("failed", ("linear",))


def test_another_fixture_tells_two_bugs_apart() -> None:
    made = _only(MINUS_ONE, cubed("slope/row"))
    assert _rows(_near(linear, other), made)["slope"] == ("failed", ("linear",))


def test_a_bug_that_is_right_on_some_inputs_is_named_for_the_others() -> None:
    unit = cubed("slope/unit", ((1.0, 0.0),), ((1.0, 2.0),))
    assert _rows(linear, _only(unit, cubed("slope/row")))["slope"] == ("partial", ("linear",))


def test_the_results_of_another_kind_are_no_match() -> None:
    """A diagonal alone is no matrix, whatever it would be with an upstream of ones."""
    made = _only(cubed("slope/ones", ((0.5, 2.0, -1.5),), ((1.0, 1.0, 1.0),)))
    assert _rows(lambda x: -3 * x**2, made, MATRIX)["slope"] == ("failed", ())


def test_a_fixture_that_tells_of_it_only_does_not_decide() -> None:
    shown = cubed("slope/shown", ((0.5, 0.25),), ((1.0, 2.0),), scored=False)
    made = backward_exam(shown)

    def odd(upstream: Any, x: Any) -> Any:
        return other(upstream, x) if x[0, 1] == 0.25 else flipped(upstream, x)

    assert _rows(odd, made)["slope"] == ("failed", ("flipped",))


def test_fixtures_a_convention_spares_do_not_decide() -> None:
    def from_cube(y: Any) -> Any:
        x = np.cbrt(y)
        slope = -3 * x**2 if np.abs(x).max() < 10 else x
        return np.stack([np.diag(row) for row in slope])

    found = _rows(from_cube, cut=candidate("y"))
    assert found == {"slope": ("failed", ("flipped",)), "far": ("not_applicable", ())}


def test_a_spared_row_does_not_tell_two_bugs_apart() -> None:
    def from_cube(y: Any) -> Any:
        return np.stack([np.diag(-3 * np.cbrt(row) ** 2) for row in y])

    assert _rows(from_cube, _only(MINUS_ONE), candidate("y"))["slope"] == ("failed", ())


def test_a_bug_that_only_shows_in_a_spared_row_is_not_named_for_it() -> None:
    alone = backward_task(mistakes=backward_task().mistakes[:1])
    made = backward_exam(task_=alone)

    def from_cube(y: Any) -> Any:
        return np.stack([np.diag(3 * np.cbrt(row) ** 2) for row in y])

    found = _rows(from_cube, made, candidate("y"))
    assert found == {"slope": ("passed", ()), "far": ("not_applicable", ())}


@pytest.mark.parametrize("instead", [flipped, linear])
def test_what_the_other_target_hides_is_matched_with_a_stand_in(instead: Played) -> None:
    """Its own forward spoils every answer; with a right one the bug is plain to see."""
    found = _rows(Player(other, instead), cut=LEANING)
    assert found["slope"] == ("failed", (instead.__name__,))


def test_as_handed_in_goes_before_the_stand_in() -> None:
    assert _rows(Player(flipped, linear), cut=LEANING)["slope"] == ("failed", ("flipped",))


def test_what_is_right_with_a_stand_in_is_accused_of_nothing() -> None:
    """Only its forward breaks down: that its own part is right says nothing against any bug."""
    found = _rows(Player(_near(right, other), right), cut=LEANING)
    assert found == {"slope": ("passed", ()), "far": ("failed", ())}
    found = _rows(Player(other, right), cut=LEANING)
    assert found == {"slope": ("passed", ()), "far": ("failed", ())}


def test_what_is_right_with_a_stand_in_is_not_the_one_bug_that_is_known() -> None:
    """Also where exactly one bug is known, which a right row does not speak against."""
    alone = backward_task(mistakes=backward_task().mistakes[:1])
    made = backward_exam(task_=alone)
    found = _rows(Player(other, right), made, LEANING)
    assert found == {"slope": ("passed", ()), "far": ("failed", ())}


def test_a_bug_is_not_named_for_a_row_that_it_leaves_right() -> None:
    """With a stand-in the far row is right: whatever failed there is not what fails elsewhere."""
    found = _rows(Player(other, _near(flipped, right)), cut=LEANING)
    assert found == {"slope": ("failed", ("flipped",)), "far": ("failed", ())}


@pytest.mark.parametrize("status", ["passed", "skipped", "not_applicable", "error"])
def test_only_rows_that_lost_points_are_explained(status: Any) -> None:
    told = backward_record(EXAM, (PRODUCT, flipped))
    rows = score(EXAM.rubric, judge(told, EXAM), main_role="forward").rows
    rows = tuple(row.model_copy(update={"status": status}) for row in rows)
    assert matches(told, EXAM, rows) == ()
    lost = (rows[0].model_copy(update={"status": "failed"}), rows[1])
    assert matches(told, EXAM, lost) == (Finding("backward", "flipped", "matched", ("slope",)),)


def test_only_values_are_matched() -> None:
    scratch = criterion("pure", "pure", role="backward", fixtures=("slope",), points=1)
    rubric = EXAM.rubric.model_copy(update={"criteria": (*EXAM.rubric.criteria, scratch)})
    made = replace(EXAM, rubric=rubric)
    told = backward_record(made, (PRODUCT, flipped))
    rows = score(made.rubric, judge(told, made), main_role="forward").rows
    lost = tuple(row.model_copy(update={"status": "failed"}) for row in rows)
    assert [each.criteria for each in matches(told, made, lost)] == [("slope", "far")]


def test_a_task_without_conventions_may_know_bugs_too() -> None:
    knowing = task(mistakes=(Mistake(("doubled",), lambda inputs, _: {"": (2 * inputs["x"],)}),))
    made = exam((criterion("values", fixtures=("a",)),), (fixture("a/1"),), tasks=(knowing,))
    for factor, named in ((2, ("doubled",)), (1, ()), (3, ())):
        one = record(made, ran({"a/1": answer(((factor * 1.0, factor * 2.0),))}))
        rows = score(made.rubric, judge(one, made)).rows
        ((_, bugs),) = _explained(one, made, rows)
        assert bugs == named


def test_a_task_that_knows_none_names_none() -> None:
    made = exam((criterion("values", fixtures=("a",)),), (fixture("a/1"),))
    one = record(made, ran({key: answer(((9.0, 9.0),)) for key in identity_answers(made)}))
    rows = score(made.rubric, judge(one, made)).rows
    assert matches(one, made, rows) == ()


def test_a_fixture_without_a_right_answer_of_that_kind_names_nothing() -> None:
    bare = tuple(
        replace(each, accepted={"matrix": each.accepted["matrix"]})
        if each.group == "slope"
        else each
        for each in EXAM.fixtures
    )
    told = backward_record(EXAM, (PRODUCT, flipped))
    rows = score(EXAM.rubric, judge(told, EXAM), main_role="forward").rows
    found = _explained(told, replace(EXAM, fixtures=bare), rows)
    assert [bugs for _, bugs in found] == [(), ("flipped",)]


@settings(deadline=None, max_examples=40)
@given(st.floats(-2 * BOUND, 2 * BOUND))
def test_a_match_is_as_close_as_a_right_answer_must_be(off: float) -> None:
    made = _only(cubed("slope/row", ((0.5, 2.0, -1.5),), ((1.0, -2.0, 0.25),)))
    found = _rows(lambda g, x: flipped(g, x) + off, made)
    if abs(off) < 0.99 * BOUND:
        assert found["slope"] == ("failed", ("flipped",))
    if abs(off) > 1.01 * BOUND:
        assert found["slope"] == ("failed", ())


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([right, flipped, linear, other]), min_size=3, max_size=3))
def test_a_name_is_given_only_where_its_results_came_back(functions: list[Played]) -> None:
    row, batch, far = functions

    def mixed(upstream: Any, x: Any) -> Any:
        if np.abs(x).max() > 10:
            return far(upstream, x)
        return (row if len(x) == 1 else batch)(upstream, x)

    found = _rows(mixed)
    for name, played in (("slope", (row, batch)), ("far", (far,))):
        same = len(set(played)) == 1 and played[0] in (flipped, linear)
        assert found[name][1] == ((played[0].__name__,) if same else ())


# Several bugs at once, by a task without conventions: wide rows double, tall batches negate.

WIDE: Final = Mistake(("wide",), lambda inputs, _: {"": (_wide(inputs["x"]),)})
TALL: Final = Mistake(("tall",), lambda inputs, _: {"": (_tall(inputs["x"]),)})
BOTH: Final = Mistake(("tall", "wide"), lambda inputs, _: {"": (_tall(_wide(inputs["x"])),)})
RAISES: Final = Mistake(
    ("raises",), lambda inputs, _: {"": (None if len(inputs["x"]) > 1 else inputs["x"],)}
)
FIXTURES: Final = (
    fixture("wide/row", ((1.0, 2.0, 3.0),)),
    fixture("tall/batch", ((1.0, 2.0), (3.0, 4.0))),
    fixture("mixed/batch", ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))),
    replace(fixture("shown/row", ((7.0, 8.0, 9.0),)), scored=False),
)


def _wide(x: Any) -> Any:
    return 2 * x if x.shape[-1] > 2 else x


def _tall(x: Any) -> Any:
    return -x if len(x) > 1 else x


def _told(answers: Played, *mistakes: Mistake, shown: Played | None = None) -> dict[str, Any]:
    """Bugs by the criteria they explain, of a task with these mistakes."""
    told = (("wide", ("wide", "shown")), ("tall", ("tall",)), ("mixed", ("mixed",)))
    criteria = [criterion(name, "values", fixtures=names) for name, names in told]
    made = exam(criteria, FIXTURES, tasks=(task(mistakes=mistakes),))
    calls = {}
    for each in FIXTURES:
        found = (answers if each.scored or shown is None else shown)(each.inputs["x"])
        calls[each.name] = raised() if found is None else answer(found)
    one = record(made, ran(calls))
    rows = score(made.rubric, judge(one, made)).rows
    return {each.bug: each.criteria for each in matches(one, made, rows)}


def test_a_combination_names_all_and_each_criterion_for_those_it_takes() -> None:
    """Where each of the two alone would lose it, it is lost to both."""
    assert _told(lambda x: _tall(_wide(x)), WIDE, TALL, BOTH) == {
        "wide": ("wide", "mixed"),
        "tall": ("tall", "mixed"),
    }


def test_a_combination_without_its_parts_explains_all_by_all() -> None:
    every = ("wide", "tall", "mixed")
    assert _told(lambda x: _tall(_wide(x)), BOTH) == {"tall": every, "wide": every}


def test_a_part_is_named_alone_where_the_other_is_not_there() -> None:
    assert _told(_wide, WIDE, TALL, BOTH) == {"wide": ("wide", "mixed")}
    assert _told(_tall, WIDE, TALL, BOTH) == {"tall": ("tall", "mixed")}


def test_what_all_that_match_have_in_common_is_named() -> None:
    more = replace(WIDE, bugs=("other", "wide"))
    assert _told(_wide, WIDE, more) == {"wide": ("wide", "mixed")}
    assert _told(_wide, more, replace(WIDE, bugs=("third", "wide"))) == {"wide": ("wide", "mixed")}
    assert _told(_wide, WIDE, replace(WIDE, bugs=("other",))) == {}


def test_an_exception_is_a_result() -> None:
    def raises(x: Any) -> Any:
        return None if len(x) > 1 else x

    assert _told(raises, RAISES, TALL) == {"raises": ("tall", "mixed")}
    assert _told(lambda x: None, RAISES) == {}
    assert _told(_tall, RAISES) == {}


def test_exceptions_alone_do_not_explain_a_single_row() -> None:
    """They have many causes: only the whole picture tells of one."""

    def odd(x: Any) -> Any:
        return None if len(x) > 1 else 3 * x

    assert _told(odd, RAISES) == {}


def test_one_number_throughout_does_not_explain_a_single_row() -> None:
    flat = Mistake(("flat",), lambda inputs, _: {"": (0 * inputs["x"] + len(inputs["x"]),)})
    assert _told(lambda x: 0 * x + len(x), flat) == {"flat": ("wide", "tall", "mixed")}
    assert _told(lambda x: 0 * x + 1, flat) == {}


def test_what_is_shown_only_speaks_too_where_a_mistake_says_something_of_it() -> None:
    assert _told(_wide, WIDE, BOTH, shown=lambda x: 5 * x) == {"wide": ("wide", "mixed")}
    assert _told(lambda x: _tall(_wide(x)), BOTH, shown=lambda x: 5 * x) == {}

    def silent(inputs: Any, _: Any) -> Any:
        return {} if inputs["x"][0, 0] == 7.0 else {"": (_tall(_wide(inputs["x"])),)}

    quiet = replace(BOTH, results=silent)
    every = ("wide", "tall", "mixed")
    found = _told(lambda x: _tall(_wide(x)), quiet, shown=lambda x: 5 * x)
    assert found == {"tall": every, "wide": every}


def test_of_what_is_right_nothing_is_named_whatever_matches() -> None:
    idle = Mistake(("idle",), lambda inputs, _: {"": (inputs["x"],)})
    assert _told(lambda x: x, idle, WIDE) == {}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from([WIDE, TALL, BOTH, RAISES]), unique=True))
def test_what_is_named_was_among_the_mistakes(mistakes: list[Mistake]) -> None:
    known = {bug for each in mistakes for bug in each.bugs}
    for function in (_wide, _tall, lambda x: _tall(_wide(x)), lambda x: 4 * x):
        assert set(_told(function, *mistakes)) <= known
