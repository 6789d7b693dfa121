from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.notebook import Note
from grader.core.observation import Exchange
from grader.core.record import Record, key_of, role_of
from grader.core.repair import Repair
from grader.core.slice import Location, Slice, Wanted
from grader.judging.judge import MAIN, judge
from grader.judging.settle import best_key, settle
from tests.builders import (
    Player,
    backward_exam,
    backward_record,
    backward_task,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    identity_answers,
    ran,
    record,
    task,
)

EXAM = backward_exam()
Played = Callable[..., Any]


def right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def right_near(upstream: Any, x: Any) -> Any:
    return right(upstream, x) if np.abs(x).max() < 10 else np.zeros_like(x)


def right_on_rows(upstream: Any, x: Any) -> Any:
    return right_near(upstream, x) if len(x) == 1 else np.zeros_like(x)


def right_when_tried(upstream: Any, x: Any) -> Any:
    """Right on the discovery fixtures alone."""
    return right(upstream, x) if x[0, 0] == 1.5 else np.zeros_like(x)


def wrong(upstream: Any, x: Any) -> Any:
    return upstream + x


def _named(symbol: str, **changes: Any) -> Slice:
    told: dict[str, Any] = {"location": Location(6, 1), **changes}
    return candidate("upstream", "x", symbol=symbol, **told)


def _taken(one: Record) -> str:
    return one.slices["backward"].symbol


def _mains(one: Record) -> dict[str, Exchange]:
    return {key: named[MAIN] for key, named in one.exchanges.items() if MAIN in named}


def test_one_definition_a_role_is_left_alone() -> None:
    one = backward_record(EXAM, (_named("only"), wrong))
    assert settle(one, EXAM) == one
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"),))
    plain = record(made, ran(identity_answers(made)))
    assert settle(plain, made) == plain


@pytest.mark.parametrize("change", [{"fault": "the zygote is gone"}, {"ungradable": "not JSON"}])
def test_what_was_not_run_or_read_is_left_alone(change: dict[str, Any]) -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right), **change)
    assert settle(one, EXAM) == one


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_one_that_earns_most_is_taken_wherever_it_stands(order: tuple[int, ...]) -> None:
    told = [
        (_named("all"), right),
        (_named("near"), right_near),
        (_named("rows"), right_on_rows),
        (_named("none"), wrong),
    ]
    one = backward_record(EXAM, *(told[at] for at in order))
    found = settle(one, EXAM)
    assert _taken(found) == "all"
    verdicts = judge(found, EXAM)
    assert {each.status for each in verdicts.values()} == {"passed"}


def test_a_part_is_more_than_nothing() -> None:
    one = backward_record(EXAM, (_named("none"), wrong), (_named("rows"), right_on_rows))
    assert _taken(settle(one, EXAM)) == "rows"


@pytest.mark.parametrize("function", [right, right_near, wrong])
def test_of_equals_the_first_is_taken(function: Played) -> None:
    one = backward_record(EXAM, *((_named(name), function) for name in ("a", "b", "c")))
    assert _taken(settle(one, EXAM)) == "a"


def test_shares_decide_where_points_do_not() -> None:
    """All or nothing: half is no point, and yet the better attempt."""
    for made in (backward_exam(partial=False), backward_exam(points=0)):
        one = backward_record(made, (_named("none"), wrong), (_named("rows"), right_on_rows))
        assert _taken(settle(one, made)) == "rows"


def test_shares_decide_before_what_was_observed() -> None:
    def right_on_one(upstream: Any, x: Any) -> Any:
        return right(upstream, x) if len(x) == 1 and x[0, 0] == 0.5 else np.zeros_like(x)

    made = backward_exam(points=0)
    tried, one_ = (_named("tried"), right_when_tried), (_named("one"), right_on_one)
    assert _taken(settle(backward_record(made, tried, one_), made)) == "one"


def test_points_decide_before_shares() -> None:
    """Half of ten points is more than all of four."""
    made = backward_exam(points=10)

    def right_far(upstream: Any, x: Any) -> Any:
        return right(upstream, x) if np.abs(x).max() > 10 else np.zeros_like(x)

    one = backward_record(made, (_named("far"), right_far), (_named("rows"), right_on_rows))
    assert _taken(settle(one, made)) == "rows"


def test_one_whose_convention_was_observed_goes_before_one_guessed() -> None:
    made = backward_exam()
    one = backward_record(made, (_named("none"), wrong), (_named("tried"), right_when_tried))
    assert _taken(settle(one, made)) == "tried"
    turned = backward_record(made, (_named("tried"), right_when_tried), (_named("none"), wrong))
    assert _taken(settle(turned, made)) == "tried"


@pytest.mark.parametrize("state", ["stub", "missing", "unparsed"])
def test_one_that_could_not_be_called_gives_way(state: Any) -> None:
    one = backward_record(EXAM, (_named("empty", state=state), wrong), (_named("b"), right))
    assert _taken(settle(one, EXAM)) == "b"
    both = backward_record(
        EXAM, (_named("empty", state=state), wrong), (_named("void", state=state), wrong)
    )
    assert _taken(settle(both, EXAM)) == "empty"


def test_a_stand_in_counts_in_the_choice() -> None:
    leaning = _named("leaning", leans_on="good_f")
    one = backward_record(EXAM, (_named("none"), wrong), (leaning, Player(wrong, right)))
    assert _taken(settle(one, EXAM)) == "leaning"


FUNCTIONS = (right, right_near, right_on_rows, wrong)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(FUNCTIONS), min_size=2, max_size=5))
def test_exchanges_change_places_and_none_is_lost(functions: list[Played]) -> None:
    told = [(_named(f"s{at}"), function) for at, function in enumerate(functions)]
    one = backward_record(EXAM, *told)
    found = settle(one, EXAM)
    best = min(range(len(functions)), key=lambda at: (FUNCTIONS.index(functions[at]), at))
    order = [best, *(at for at in range(len(functions)) if at != best)]
    assert _taken(found) == f"s{best}"
    assert list(found.slices) == ["backward"]
    assert set(found.exchanges) == set(one.exchanges)
    for to, at in enumerate(order):
        assert found.exchanges[key_of("backward", to)] is one.exchanges[key_of("backward", at)]


def test_the_record_handed_in_is_as_it_was() -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right))
    before = (dict(one.slices), dict(one.exchanges))
    settle(one, EXAM)
    assert (one.slices, one.exchanges) == before


def test_settling_twice_is_settling_once() -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right))
    once = settle(one, EXAM)
    assert settle(once, EXAM) == once


def test_other_roles_keep_their_place() -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right))
    forward = cut()
    both = replace(
        one,
        slices={"forward": forward, **one.slices},
        exchanges={"forward": {}, **one.exchanges},
    )
    found = settle(both, EXAM)
    assert list(found.slices) == ["forward", "backward"]
    assert found.slices["forward"] is forward
    assert {role_of(key) for key in found.exchanges} == {"forward", "backward"}


def test_what_was_taken_is_noted_with_what_was_not() -> None:
    earlier = Note("something else", 1)
    one = backward_record(
        EXAM,
        (_named("a", location=Location(4, 2)), wrong),
        (_named("B", location=Location(9, 7), method="backward", notes=(earlier,)), right),
        (_named("c", location=None), wrong),
    )
    first, note = settle(one, EXAM).slices["backward"].notes
    assert first == earlier
    assert (note.cell, note.line) == (9, 7)
    assert note.text == (
        "3 definitions may be the backward target; taken is the one that earns most, "
        "B.backward (cell 9 line 7), not a (cell 4 line 2), c"
    )


def test_a_note_without_a_place() -> None:
    one = backward_record(
        EXAM, (_named("a", location=None), right), (_named("b", location=None), wrong)
    )
    (note,) = settle(one, EXAM).slices["backward"].notes
    assert (note.cell, note.line) == (None, None)


def test_a_candidate_that_was_never_run_is_judged_as_such() -> None:
    one = backward_record(EXAM, (_named("a"), right), (_named("b"), right))
    lost = replace(one, exchanges={"backward:2": one.exchanges["backward:2"]})
    found = settle(lost, EXAM)
    assert _taken(found) == "b"
    assert MAIN in found.exchanges["backward"]
    assert found.exchanges["backward:2"] == {}


def test_a_role_the_rubric_does_not_ask_about_is_no_question() -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right))
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"),))
    found = settle(one, made)
    assert list(found.slices) == ["backward"]
    assert _taken(found) == "a"
    assert found.exchanges == one.exchanges


def test_candidates_of_a_task_that_knows_no_conventions() -> None:
    """A course may leave the name to the student and the call to nobody."""
    open_name = task("backward", wanted=Wanted("backward", ("good_b",), like=("grad",)))
    back = criterion("back", role="backward", fixtures=("a",))
    made = exam((back,), (fixture("a/1"),), tasks=(task(), open_name))
    one = backward_record(made, (_named("a"), lambda x: x + 1), (_named("b"), lambda x: x))
    assert _taken(settle(one, made)) == "b"


def test_a_way_of_being_called_is_observed_for_every_candidate() -> None:
    """Each is judged as it wants to be called, not as the first of them does."""
    one = backward_record(
        EXAM, (_named("b"), wrong), (_named("a"), lambda x, upstream: right(upstream, x))
    )
    found = settle(one, EXAM)
    assert _taken(found) == "a"
    assert _mains(found)["backward"].program.convention == "f(x, upstream)"
    assert backward_task().conventions[3].name == "f(x, upstream)"


# Repairs are of one definition: they move with it, or go. ---------------------------------------

ONE, OTHER = Repair(tried=1), Repair(tried=2)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_key_is_that_of_the_one_that_earns_most(order: tuple[int, ...]) -> None:
    told = [(_named("all"), right), (_named("rows"), right_on_rows), (_named("none"), wrong)]
    one = backward_record(EXAM, *(told[at] for at in order))
    key = best_key(one, EXAM, "backward")
    assert one.slices[key].symbol == "all"
    assert best_key(settle(one, EXAM), EXAM, "backward") == "backward"


def test_the_key_of_the_only_one_is_the_role() -> None:
    one = backward_record(EXAM, (_named("only"), wrong))
    assert best_key(one, EXAM, "backward") == "backward"


def test_a_role_without_a_definition_has_no_key() -> None:
    with pytest.raises(KeyError):
        best_key(backward_record(EXAM), EXAM, "backward")


def test_a_repair_moves_with_the_definition_it_is_of() -> None:
    one = backward_record(EXAM, (_named("none"), wrong), (_named("rows"), right_on_rows))
    found = settle(replace(one, repairs={"forward": OTHER, "backward:2": ONE}), EXAM)
    assert found.repairs == {"forward": OTHER, "backward": ONE}


def test_a_repair_of_a_definition_that_was_not_taken_goes() -> None:
    """Another rubric may take another definition than the one that was searched."""
    one = backward_record(EXAM, (_named("none"), wrong), (_named("rows"), right_on_rows))
    assert settle(replace(one, repairs={"backward": ONE}), EXAM).repairs == {}
    both = replace(one, repairs={"backward": ONE, "backward:2": OTHER})
    assert settle(both, EXAM).repairs == {"backward": OTHER}


def test_the_repair_of_a_settled_role_stays() -> None:
    one = backward_record(EXAM, (_named("a"), wrong), (_named("b"), right_on_rows))
    once = settle(replace(one, repairs={"backward:2": ONE}), EXAM)
    assert settle(once, EXAM) == once
    alone = replace(backward_record(EXAM, (_named("only"), wrong)), repairs={"backward": ONE})
    assert settle(alone, EXAM) == alone
