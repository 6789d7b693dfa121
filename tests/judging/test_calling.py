from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.assignment import Mistake
from grader.core.convention import Convention
from grader.core.fixture import Argument, Fixture, Truth
from grader.core.observation import Observation
from grader.core.slice import Kind
from grader.judging.calling import (
    answers,
    call_for,
    convention_of,
    mistaken,
    possible,
    spared,
    truths_for,
)
from tests.builders import (
    BOUND,
    answer,
    backward_task,
    candidate,
    cubed,
    fixture,
    no_answer,
    raised,
    ran,
    raw,
    task,
)

TASK = backward_task()
ROW = cubed("slope/row", ((0.5, 2.0, -1.5),), ((1.0, -2.0, 0.25),))
BATCH = cubed("slope/batch", ((0.5, 2.0), (3.0, 4.0)), ((1.0, -2.0), (0.25, 1.0)))
X, UPSTREAM = ROW.arguments
FUNCTION = ("f(x)", "f(cube)", "f(upstream, x)", "f(x, upstream)", "f(row)")


def _way(name: str) -> Convention:
    found = convention_of(TASK, name)
    assert found is not None
    return found


def _names(cut: Any) -> tuple[str, ...]:
    return tuple(each.name for each in possible(TASK, cut))


def _values(arguments: tuple[Argument, ...]) -> list[Any]:
    return [each.tensor.numbers().tolist() for each in arguments]


def test_a_convention_is_found_by_its_name() -> None:
    assert convention_of(TASK, "apply") is TASK.conventions[-1]
    assert convention_of(TASK, "") is None
    with pytest.raises(KeyError, match="unheard"):
        convention_of(TASK, "unheard")


def test_without_a_convention_the_arguments_are_passed_as_the_fixture_has_them() -> None:
    call = call_for(TASK, ROW, None)
    assert (call.key, call.mode, call.arguments) == ("slope/row", "value", ROW.arguments)
    assert (call.before, call.upstream) == ((), None)


def test_the_key_is_the_fixtures_name_unless_another_is_given() -> None:
    for convention in TASK.conventions:
        assert call_for(TASK, ROW, convention).key == "slope/row"
        assert call_for(TASK, ROW, convention, "tried").key == "tried"
    assert call_for(TASK, ROW, None, "tried").key == "tried"


def test_arguments_are_passed_in_the_conventions_order() -> None:
    for name, passed in (
        ("f(x)", (X,)),
        ("f(upstream, x)", (UPSTREAM, X)),
        ("f(x, upstream)", (X, UPSTREAM)),
    ):
        call = call_for(TASK, ROW, _way(name))
        assert (call.mode, call.arguments, call.before) == ("value", passed, ())
        assert call.upstream is None


def test_a_derived_value_is_computed_from_the_inputs_in_the_fixtures_dtype() -> None:
    (given_,) = call_for(TASK, ROW, _way("f(cube)")).arguments
    assert given_ == Argument("cube", raw(((0.125, 8.0, -3.375),), "float32"))
    half = cubed("slope/half", ((0.5, 2.0, -1.5),), dtype="float16")
    (given_,) = call_for(TASK, half, _way("f(cube)")).arguments
    assert given_.tensor == raw(((0.125, 8.0, -3.375),), "float16")


def test_an_argument_keeps_its_layout() -> None:
    laid = cubed("slope/laid", ((0.5, 2.0, -1.5),), layout="strided")
    assert call_for(TASK, laid, _way("f(x)")).arguments == (Argument("x", X.tensor, "strided"),)


@pytest.mark.parametrize("entry", ["method", "context"])
def test_forward_gets_what_stands_before_and_the_method_what_is_passed(entry: str) -> None:
    call = call_for(TASK, ROW, _way(entry))
    assert (call.mode, call.before, call.arguments) == (entry, (X,), (UPSTREAM,))
    assert call.upstream is None


def test_a_method_without_a_forward_before_it() -> None:
    alone = Convention("m(x, upstream)", "module", "product", ("x", "upstream"), "method")
    call = call_for(TASK, ROW, alone)
    assert (call.mode, call.before, call.arguments) == ("method", (), (X, UPSTREAM))


def test_what_is_applied_gets_the_upstream_through_autograd() -> None:
    call = call_for(TASK, ROW, _way("apply"))
    assert (call.mode, call.arguments, call.before) == ("gradient", (X,), ())
    assert (call.upstream, call.wrt) == (UPSTREAM.tensor, 0)


def test_the_upstream_of_apply_is_found_by_its_name() -> None:
    other = Convention("a", "f", "product", ("x", "upstream"), "apply", ("x",))
    assert call_for(TASK, ROW, other).upstream == UPSTREAM.tensor


def test_a_vector_is_a_single_row_without_its_batch_axis() -> None:
    (given_,) = call_for(TASK, ROW, _way("f(row)")).arguments
    assert given_.tensor.shape == (3,)
    assert _values((given_,)) == [[0.5, 2.0, -1.5]]
    assert call_for(TASK, BATCH, _way("f(row)")).arguments == BATCH.arguments[:1]


def test_every_part_of_a_call_is_a_vector() -> None:
    applied = Convention("a", "f", "product", ("upstream",), "apply", ("x",), vector=True)
    call = call_for(TASK, ROW, applied)
    assert call.upstream is not None
    assert (call.arguments[0].tensor.shape, call.upstream.shape) == ((3,), (3,))
    method = Convention("m", "f", "product", ("cube",), "method", ("x",), vector=True)
    call = call_for(TASK, ROW, method)
    assert (call.arguments[0].tensor.shape, call.before[0].tensor.shape) == ((3,), (3,))


def test_a_vector_of_what_has_no_batch_axis_is_left_alone() -> None:
    flat = Argument("x", raw((0.5,)))
    bare = replace(ROW, arguments=(flat, UPSTREAM))
    assert call_for(TASK, bare, _way("f(row)")).arguments == (flat,)


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_vector_loses_its_batch_axis_and_nothing_else(rows: int, columns: int) -> None:
    x = np.arange(rows * columns, dtype=np.float64).reshape(rows, columns) / 4
    made = cubed("slope/any", x, np.ones_like(x))
    (given_,) = call_for(TASK, made, _way("f(row)")).arguments
    assert given_.tensor.shape == ((columns,) if rows == 1 else (rows, columns))
    assert given_.tensor.data == made.arguments[0].tensor.data


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("function", FUNCTION),
        ("class", ("method",)),
        ("autograd_function", ("context", "apply")),
    ],
)
def test_a_kind_is_entered_in_its_own_ways(kind: Kind, names: tuple[str, ...]) -> None:
    assert _names(candidate(kind=kind)) == names


def test_unknown_parameters_prune_no_convention() -> None:
    assert _names(candidate(required=0)) == FUNCTION
    assert _names(candidate(required=9)) == FUNCTION


@pytest.mark.parametrize(
    ("parameters", "required", "counts"),
    [
        (("x",), 1, {1}),
        (("g", "x"), 2, {2}),
        (("g", "x"), 1, {1, 2}),
        (("g", "x", "eps"), 2, {2}),
        (("x", "eps", "axis"), 1, {1, 2}),
        (("x", "dim"), 2, {1, 2}),
        (("g", "x", "dim"), 3, {2}),
        (("x", "y"), 0, {1, 2}),
    ],
)
def test_arity_and_fills_prune(
    parameters: tuple[str, ...], required: int, counts: set[int]
) -> None:
    passed = {name: len(_way(name).passes) for name in FUNCTION}
    expected = tuple(name for name in FUNCTION if passed[name] in counts)
    assert _names(candidate(*parameters, required=required)) == expected


@pytest.mark.parametrize("parameters", [("a", "b", "c"), ("a", "b", "c", "dim")])
def test_where_arity_leaves_none_all_of_the_kind_are_possible(parameters: tuple[str, ...]) -> None:
    assert _names(candidate(*parameters)) == FUNCTION
    assert _names(candidate(*parameters, kind="class")) == ("method",)


def test_no_parameters_are_known_to_be_none() -> None:
    """`()` is not `None`: nothing fits it, so every way of the kind is tried."""
    assert _names(candidate(parameters=(), required=0)) == FUNCTION


def test_a_task_without_conventions_has_none_to_choose_from() -> None:
    assert possible(task(), candidate("x")) == ()


def test_a_plain_run_is_its_own_answer() -> None:
    run = ran({"a": answer(gradient=raw(((9.0, 9.0),)), custom=True)})
    for name in (*FUNCTION, "method", "context"):
        assert answers(run, _way(name)) == run
    assert answers(run, None) == run


def test_the_gradient_is_the_answer_of_what_was_applied() -> None:
    gradient = raw(((9.0, 8.0),))
    run = ran({"a": answer(gradient=gradient, flows=True, custom=True, ops=("aten::exp",))})
    found = answers(run, _way("apply")).calls["a"]
    assert (found.value, found.returned, found.outcome) == (gradient, "tensor", "ok")
    assert found.ops == ("aten::exp",)


@pytest.mark.parametrize(
    "observation",
    [
        answer(gradient=raw(((9.0, 8.0),)), flows=True, custom=False),
        answer(gradient=None, flows=True, custom=True),
        answer(gradient=None, flows=False, custom=False),
        no_answer(returned="a generator"),
    ],
)
def test_without_a_custom_function_in_the_graph_there_is_no_answer(
    observation: Observation,
) -> None:
    found = answers(ran({"a": observation}), _way("apply")).calls["a"]
    assert found.value is None
    assert "autograd cannot follow" in found.returned


@pytest.mark.parametrize("observation", [raised(), no_answer("timed_out"), no_answer("killed")])
def test_what_came_to_no_end_stays_what_it_was(observation: Observation) -> None:
    assert answers(ran({"a": observation}), _way("apply")).calls["a"] == observation


def test_a_run_keeps_all_but_its_values() -> None:
    run = ran({"a": answer(), "b": raised()}, layers=("rlimits",), notes=("n",), seconds=0.5)
    found = answers(run, _way("apply"))
    assert list(found.calls) == ["a", "b"]
    assert (found.setup, found.layers, found.notes) == (run.setup, ("rlimits",), ("n",))
    assert run.calls["a"].value is not None


def test_the_truth_is_the_fixtures_own_or_what_the_convention_gives() -> None:
    assert truths_for(ROW, None) == (ROW.truth,)
    assert truths_for(ROW, _way("f(x)")) == ROW.accepted["matrix"]
    assert truths_for(ROW, _way("apply")) == ROW.accepted["product"]
    assert truths_for(fixture(), _way("f(x)")) == ()


def test_a_convention_spares_the_kinds_it_names() -> None:
    far = cubed("far/row", kind="far")
    assert spared(far, _way("f(cube)"))
    assert not spared(ROW, _way("f(cube)"))
    assert not spared(far, _way("f(x)"))
    assert not spared(far, None)


FLIPPED, LINEAR = TASK.mistakes


def _expected(mistake: Mistake, fixture_: Fixture, way: Convention | None) -> list[Any]:
    return [each and each.expected.shape for each in mistaken(mistake, fixture_, way)]


def test_a_mistake_is_held_to_what_a_right_answer_is_held_to() -> None:
    loose = Truth(ROW.truth.expected, np.array([[1e-3, 0.5, 1e-6]]))
    made = replace(ROW, accepted={**ROW.accepted, "product": (loose,)})
    (found,) = mistaken(FLIPPED, made, _way("apply"))
    assert found is not None
    assert found.expected.tolist() == (-ROW.truth.expected).tolist()
    assert found.bound.tolist() == [[0.5, 0.5, 0.5]]


@pytest.mark.parametrize(("factor", "bound"), [(0.5, 1.0), (1.0, 1.0), (-40.0, 40.0)])
def test_what_is_larger_than_a_right_answer_may_be_off_in_proportion(
    factor: float, bound: float
) -> None:
    larger = Mistake(("larger",), lambda inputs, _: {"": (factor * inputs["x"],)})
    made = fixture("values/row", ((1.0, -4.0, 2.0),))
    (found,) = mistaken(larger, made, None)
    assert found is not None
    assert found.bound.tolist() == [[bound * BOUND] * 3]


@pytest.mark.parametrize("odd", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_says_nothing_of_how_far_off_it_may_be(odd: float) -> None:
    lost = Mistake(("lost",), lambda inputs, _: {"": (np.array([[odd, 1.0]]),)})
    (found,) = mistaken(lost, fixture("values/row", ((1.0, 2.0),)), None)
    assert found is not None
    assert found.bound.tolist() == [[BOUND, BOUND]]


def test_a_mistake_may_raise_or_say_nothing() -> None:
    raising = Mistake(("raising",), lambda inputs, _: {"": (None, inputs["x"])})
    assert _expected(raising, fixture("values/row", ((1.0, 2.0),)), None) == [None, (1, 2)]
    silent = Mistake(("silent",), lambda *_: {})
    assert mistaken(silent, ROW, None) == ()
    empty = fixture("values/none", np.zeros((0, 3)))
    assert _expected(raising, empty, None) == [None, (0, 3)]


def test_a_mistake_gives_what_the_convention_gives() -> None:
    shapes = _expected(LINEAR, BATCH, _way("f(x)"))
    assert shapes == [(2, 2, 2), (2, 2, 2, 2), (4, 4)]
    assert _expected(LINEAR, BATCH, None) == [*shapes, (2, 2)]
    other = Convention("f(x)", "other", "other", ("x",))
    assert mistaken(LINEAR, BATCH, other) == ()
