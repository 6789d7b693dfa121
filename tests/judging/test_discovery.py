from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.assignment import Task
from grader.core.observation import Exchange, Observation, Program
from grader.core.record import Exam, Record
from grader.core.slice import Kind, Slice
from grader.judging.discovery import DISCOVERY, STAND_IN, Choice, choose, discovery_calls
from grader.store.codec import Aside, decode, encode
from tests.builders import (
    answer,
    backward_exam,
    backward_task,
    candidate,
    cubed,
    played,
    ran,
    task,
)

EXAM = backward_exam()
TASK = EXAM.assignment.task("backward")
TRIED = f"{STAND_IN}/{DISCOVERY}"


def matrix(x: Any) -> Any:
    """Right for `f(x)`, rows of a batch one above the other."""
    return np.stack([np.diag(3 * row**2) for row in x])


def product(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def one_row(x: Any) -> Any:
    """Right for a vector alone: of a batch it makes something else."""
    if x.ndim != 1:
        raise ValueError("a vector, please")
    return np.diag(3 * x**2)


def wrong(*given_: Any) -> Any:
    return given_[0] + 1


def _exchange(found: Slice, function: Callable[..., Any], exam: Exam = EXAM) -> Exchange:
    calls = discovery_calls(exam, exam.assignment.task("backward"), found)
    return Exchange(Program(found.statements, found.symbol), played(calls, function))


def _choose(
    found: Slice,
    function: Callable[..., Any],
    instead: Callable[..., Any] | None = None,
    *,
    exam: Exam = EXAM,
) -> tuple[str, str]:
    exchanges = {DISCOVERY: _exchange(found, function, exam)}
    if instead is not None:
        exchanges[TRIED] = _exchange(found, instead, exam)
    return _told(choose(exam, exam.assignment.task("backward"), found, exchanges))


def _told(choice: Choice) -> tuple[str, str]:
    return choice.convention.name, choice.basis


def _answering(told: Mapping[str, Observation]) -> dict[str, Exchange]:
    return {DISCOVERY: Exchange(Program((), "good_b"), ran(told))}


def test_every_way_is_tried_on_every_discovery_fixture_and_on_no_other() -> None:
    keys = [call.key for call in discovery_calls(EXAM, TASK, candidate("x", "y", required=1))]
    assert keys == [
        "tries/row#f(x)",
        "tries/row#f(cube)",
        "tries/row#f(upstream, x)",
        "tries/row#f(x, upstream)",
        "tries/row#f(row)",
        "tries/batch#f(x)",
        "tries/batch#f(cube)",
        "tries/batch#f(upstream, x)",
        "tries/batch#f(x, upstream)",
    ]


def test_a_vector_is_tried_only_where_there_is_one_row() -> None:
    keys = {call.key for call in discovery_calls(EXAM, TASK, candidate("x"))}
    assert "tries/row#f(row)" in keys
    assert "tries/batch#f(row)" not in keys


def test_only_possible_ways_are_tried() -> None:
    found = discovery_calls(EXAM, TASK, candidate(kind="autograd_function"))
    assert {call.key.partition("#")[2] for call in found} == {"context", "apply"}
    assert {call.mode for call in found} == {"context", "gradient"}
    assert discovery_calls(EXAM, task("backward"), candidate("x")) == ()


@pytest.mark.parametrize(
    ("kind", "function", "name"),
    [
        ("function", matrix, "f(x)"),
        ("function", lambda cube: matrix(np.cbrt(cube)), "f(cube)"),
        ("function", product, "f(upstream, x)"),
        ("function", lambda x, g: product(g, x), "f(x, upstream)"),
        ("function", one_row, "f(row)"),
        ("class", lambda x, g: product(g, x), "method"),
        ("autograd_function", lambda x, g: product(g, x), "context"),
    ],
)
def test_the_way_under_which_it_is_right_is_taken(
    kind: Kind, function: Callable[..., Any], name: str
) -> None:
    assert _choose(candidate(kind=kind), function) == (name, "observed")


def test_names_are_nothing_against_what_was_observed() -> None:
    misleading = candidate("x", "grad")
    assert _choose(misleading, product) == ("f(upstream, x)", "observed")


def test_most_fixtures_decide_before_names_and_order() -> None:
    """Right as a matrix of one row only, and everywhere as a product."""

    def torn(x: Any, upstream: Any = None) -> Any:
        if upstream is not None:
            return product(upstream, x)
        return matrix(x)[0] if len(x) == 1 else x

    found = candidate("y", "h", required=1)
    assert _choose(found, torn) == ("f(x, upstream)", "observed")


def _symmetric(a: Any, b: Any) -> Any:
    """Right both ways round, on inputs made for it."""
    return 3 * a * b


def _even() -> Exam:
    made = backward_exam()
    same = cubed("tries/one", ((1.0, 1.0),), ((1.0, 1.0),))
    return replace(made, fixtures=(same, *(f for f in made.fixtures if f.group != "tries")))


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (("x", "grad"), "f(x, upstream)"),
        (("g", "x"), "f(upstream, x)"),
        (("X", "G"), "f(x, upstream)"),
        (("xs", "b"), "f(upstream, x)"),
        (("a", "grad_output"), "f(x, upstream)"),
        (("z", "b"), "f(x, upstream)"),
        (("a", "b"), "f(upstream, x)"),
        (("a", "x_gradient"), "f(upstream, x)"),
        ((), "f(upstream, x)"),
    ],
)
def test_of_several_the_one_whose_names_fit_best_then_the_first(
    parameters: tuple[str, ...], name: str
) -> None:
    assert _choose(candidate(*parameters), _symmetric, exam=_even()) == (name, "observed")


def test_a_name_is_the_whole_name() -> None:
    """`grad_x` is no `x`; what begins with grad is an upstream, by this task's own words."""
    found = candidate("grad_x", "not_grad")
    assert _choose(found, _symmetric, exam=_even()) == ("f(upstream, x)", "observed")
    found = candidate("not_x", "grad_x")
    assert _choose(found, _symmetric, exam=_even()) == ("f(x, upstream)", "observed")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_without_any_sign_the_tasks_order_decides(order: tuple[int, ...]) -> None:
    kept = [each for each in TASK.conventions if each.name in ("f(x)", "f(cube)", "f(row)")]
    ways = tuple(kept[at] for at in order)
    made = backward_exam(task_=backward_task(conventions=ways))

    def fails(*_: Any) -> Any:
        raise ValueError("no")

    assert _choose(candidate(), fails, exam=made) == (ways[0].name, "guessed")
    assert _choose(candidate(), lambda *_: 7.0, exam=made) == (ways[0].name, "guessed")


def test_right_under_none_is_guessed_by_the_shape_of_results() -> None:
    def shaped(x: Any, upstream: Any = None) -> Any:
        return 2 * matrix(x) if upstream is None else np.zeros(7)

    assert _choose(candidate("a", "b", required=1), shaped) == ("f(x)", "guessed")
    assert _choose(candidate("x", "b", required=1), lambda x, g: -x * g) == (
        "f(x, upstream)",
        "guessed",
    )


def test_the_results_of_a_known_bug_decide_before_shapes() -> None:
    def turned(x: Any, upstream: Any) -> Any:
        return -product(upstream, x)

    found = candidate("a", "b")
    assert _choose(found, turned) == ("f(x, upstream)", "guessed")
    assert _choose(found, wrong, turned) == ("f(x, upstream)", "guessed")


def test_shapes_decide_before_names() -> None:
    def shaped(one: Any, other: Any = None) -> Any:
        return 2 * matrix(one) if other is None else np.zeros(7)

    assert _choose(candidate("grad", "x", required=1), shaped)[0] == "f(x)"


def test_the_shape_that_came_most_often_is_taken() -> None:
    """A vector's shape fits once; a batch's fits on both fixtures."""

    def shaped(x: Any) -> Any:
        return np.zeros((*x.shape, x.shape[-1]))

    assert _choose(candidate("x"), shaped) == ("f(x)", "guessed")

    def only_rows(x: Any) -> Any:
        return np.zeros((3, 3)) if x.ndim == 1 else np.zeros(7)

    assert _choose(candidate("x"), only_rows) == ("f(row)", "guessed")


def test_what_never_answers_is_guessed_by_names() -> None:
    def fails(*_: Any) -> Any:
        raise ValueError("no")

    assert _choose(candidate("y"), fails) == ("f(cube)", "guessed")
    assert _choose(candidate("x", "gradient"), fails) == ("f(x, upstream)", "guessed")
    assert _choose(candidate("h", "k"), fails) == ("f(upstream, x)", "guessed")


def test_without_any_run_it_is_guessed() -> None:
    assert _told(choose(EXAM, TASK, candidate("y"), {})) == ("f(cube)", "guessed")
    nothing = {DISCOVERY: Exchange(Program((), "good_b"), ran({}))}
    assert _told(choose(EXAM, TASK, candidate("y"), nothing)) == ("f(cube)", "guessed")


def test_right_only_with_a_stand_in_is_observed() -> None:
    found = candidate("x", "g")
    assert _choose(found, wrong, product) == ("f(upstream, x)", "observed")


def test_as_handed_in_goes_before_the_stand_in() -> None:
    found = candidate("a", "b")
    assert _choose(found, product, lambda x, g: product(g, x)) == ("f(upstream, x)", "observed")


def test_right_with_a_stand_in_goes_before_shapes_as_handed_in() -> None:
    def shaped(x: Any, upstream: Any) -> Any:
        return np.zeros_like(x)

    found = candidate("a", "b")
    assert _choose(found, shaped, lambda x, g: product(g, x)) == ("f(x, upstream)", "observed")


def test_shapes_with_a_stand_in_are_a_guess_too() -> None:
    def fails(*_: Any) -> Any:
        raise ValueError("no")

    def shaped(one: Any, other: Any = None) -> Any:
        return 2 * matrix(one) if other is None else np.zeros(7)

    found = candidate("g", "x", required=1)
    assert _choose(found, fails, shaped) == ("f(x)", "guessed")


@pytest.mark.parametrize("custom", [True, False])
def test_applying_says_something_only_of_a_function_of_ones_own(*, custom: bool) -> None:
    """The gradient is right, but whose is it?"""
    found = candidate(kind="autograd_function")
    exchange = _exchange(found, lambda x, g: product(g, x))
    calls = {
        key: replace(each, value=answer(((7.0,),)).value, custom=custom)
        for key, each in exchange.run.calls.items()
    }
    choice = choose(EXAM, TASK, found, _answering(calls))
    expected = ("apply", "observed") if custom else ("context", "guessed")
    assert _told(choice) == expected


def test_a_way_that_does_not_exist_is_refused() -> None:
    only = backward_task(conventions=TASK.conventions[:2])
    with pytest.raises(ValueError, match="class"):
        choose(EXAM, only, candidate(kind="class"), {})


def test_only_discovery_fixtures_decide() -> None:
    found = candidate("a", "b")
    calls = {"slope/row#f(x, upstream)": answer(EXAM.fixtures[2].truth.expected)}
    assert _told(choose(EXAM, TASK, found, _answering(calls))) == ("f(upstream, x)", "guessed")
    calls = {"tries/row#f(x, upstream)": answer(EXAM.fixtures[0].truth.expected)}
    assert _told(choose(EXAM, TASK, found, _answering(calls))) == ("f(x, upstream)", "observed")


def test_a_degenerate_fixture_settles_nothing() -> None:
    """Zero times anything is zero: to return zeros shows no way of being called."""
    made = backward_exam()
    flat = cubed("tries/flat", ((0.5, 2.0),), ((0.0, 0.0),), degenerate=True)
    made = replace(made, fixtures=(flat, *(f for f in made.fixtures if f.group != "tries")))
    assert _choose(candidate("x", "g"), lambda x, g: 0 * x, exam=made)[1] == "guessed"


def test_what_the_fixture_has_no_truth_for_is_not_right() -> None:
    """A fixture without an upstream, say, knows no product: then nothing can be compared."""
    made = backward_exam()
    bare = tuple(
        replace(each, accepted={"matrix": each.accepted["matrix"]}) for each in made.fixtures
    )
    made = replace(made, fixtures=bare)
    assert _choose(candidate("g", "x"), product, exam=made) == ("f(upstream, x)", "guessed")


def _round_trip(exchanges: Mapping[str, Exchange], found: Slice) -> Record:
    told = Record(
        "ada-1", "a.py", "1" * 64, "script",
        slices={"backward": found}, exchanges={"backward": exchanges},
    )  # fmt: skip
    aside = Aside()
    document = encode(told, Record, aside)
    back = decode(document, Record, Aside(aside.tensors, aside.clock))
    assert isinstance(back, Record)
    return back


@pytest.mark.parametrize("function", [matrix, product, one_row, wrong, _symmetric])
@pytest.mark.parametrize("parameters", [(), ("x",), ("x", "g"), ("g", "x")])
def test_the_same_observations_give_the_same_choice_also_from_the_store(
    function: Callable[..., Any], parameters: tuple[str, ...]
) -> None:
    found = candidate(*parameters)
    exchanges = {DISCOVERY: _exchange(found, wrong), TRIED: _exchange(found, function)}
    first = choose(EXAM, TASK, found, exchanges)
    assert choose(EXAM, TASK, found, exchanges) == first
    back = _round_trip(exchanges, found)
    assert choose(EXAM, TASK, back.slices["backward"], back.exchanges["backward"]) == first


VALUES = st.sampled_from(
    [
        EXAM.fixtures[0].truth.expected,
        EXAM.fixtures[1].truth.expected,
        EXAM.fixtures[0].accepted["matrix"][0].expected,
        EXAM.fixtures[1].accepted["matrix"][2].expected,
        np.zeros((1, 3)),
        np.full((3, 3), np.nan),
        np.zeros((0,)),
        np.array(np.inf),
    ]
)


@settings(deadline=None)
@given(st.data())
def test_any_answers_lead_to_one_of_the_possible_ways(data: st.DataObject) -> None:
    """Counted here once more, plainly: no way that is right more often is passed over."""
    found = candidate("x", "g", required=1)
    keys = [call.key for call in discovery_calls(EXAM, TASK, found)]
    shuffled = data.draw(st.permutations(keys))
    told = {key: answer(data.draw(VALUES), "float64") for key in shuffled}
    choice = choose(EXAM, TASK, found, _answering(told))
    counts = {each.name: _right(TASK, each, told) for each in TASK.conventions[:5]}
    assert counts[choice.convention.name] == max(counts.values())
    assert (choice.basis == "observed") == (max(counts.values()) > 0)


def _right(task_: Task, convention: Any, told: Mapping[str, Observation]) -> int:
    count = 0
    for fixture in EXAM.fixtures[:2]:
        observation = told.get(f"{fixture.name}#{convention.name}")
        if observation is None or observation.value is None:
            continue
        got = observation.value.numbers()
        count += any(
            got.size == truth.expected.size
            and [n for n in got.shape if n != 1] == [n for n in truth.expected.shape if n != 1]
            and bool(np.allclose(got.ravel(), truth.expected.ravel(), rtol=0, atol=1e-3))
            for truth in fixture.accepted[convention.gives]
        )
    return count
