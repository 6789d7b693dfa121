from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.fixture import Fixture
from grader.core.observation import Exchange, Poison, Program, Run
from grader.core.record import Exam
from grader.judging.plan import (
    asked_of,
    before_hidden,
    calls_for,
    chosen,
    criteria_of,
    experiments_for,
    main_program,
    roles,
)
from tests.builders import (
    answer,
    criterion,
    cut,
    exam,
    fixture,
    gradient_fixture,
    ran,
    statement,
    task,
)

TWO = (task("forward"), task("backward", symbol="good_b", fills={"dim": -1}))


def _keys(made: Exam, role: str = "forward") -> list[str]:
    return [call.key for call in calls_for(made, role)]


def test_roles_are_those_asked_about_in_the_assignments_order() -> None:
    back = criterion("back", role="backward", fixtures=("a",))
    front = criterion("front", fixtures=("a",))
    essay = criterion("essay", "manual", role="backward")
    assert roles(exam((back, front), (), tasks=TWO)) == ("forward", "backward")
    assert roles(exam((essay, front), (), tasks=TWO)) == ("forward",)
    assert roles(exam((back,), (), tasks=TWO)) == ("backward",)
    assert roles(exam((essay,), (), tasks=TWO)) == ()


def test_criteria_of_a_role_are_the_automatic_ones_in_order() -> None:
    made = exam(
        (
            criterion("two", role="forward"),
            criterion("essay", "manual"),
            criterion("back", role="backward"),
            criterion("one"),
        ),
        (),
        tasks=TWO,
    )
    assert [each.id for each in criteria_of(made, "forward")] == ["two", "one"]
    assert [each.id for each in criteria_of(made, "backward")] == ["back"]


def test_a_group_is_all_its_fixtures_and_each_is_chosen_once() -> None:
    fixtures = [fixture("a/1"), fixture("a/2"), fixture("b/1"), fixture("ab/1")]
    one = criterion(fixtures=("b/1", "a/2", "a", "missing"))
    names = [each.name for each in chosen(exam((one,), fixtures), one)]
    assert names == ["b/1", "a/2", "a/1"]


def test_visible_first_informational_last_and_the_first_again_at_the_end() -> None:
    fixtures = [
        fixture("a/shown", scored=False),
        fixture("a/hidden", visibility="hidden"),
        fixture("a/seen"),
        fixture("a/dark", visibility="hidden", scored=False),
        fixture("b/seen"),
    ]
    made = exam((criterion("a", fixtures=("a",)), criterion("b", fixtures=("b",))), fixtures)
    assert _keys(made) == ["a/seen", "b/seen", "a/hidden", "a/shown", "a/dark", "a/seen#again"]


def test_each_call_once_though_several_criteria_ask_for_it() -> None:
    made = exam(
        (
            criterion("one", fixtures=("a",)),
            criterion("two", "pure", fixtures=("a/1", "a")),
            criterion("grad", "gradient", fixtures=("g",)),
            criterion("grad-values", "values", fixtures=("g",)),
        ),
        (fixture("a/1"), fixture("a/2"), gradient_fixture("g/1")),
    )
    assert _keys(made) == ["a/1", "a/2", "g/1#gradient", "g/1", "a/1#again"]


def test_the_first_value_call_is_asked_again_and_no_gradient() -> None:
    grad = criterion("grad", "gradient", fixtures=("g",))
    made = exam((grad,), (gradient_fixture("g/1"),))
    assert _keys(made) == ["g/1#gradient"]
    both = (grad, criterion("values", fixtures=("a",)))
    made = exam(both, (gradient_fixture("g/1"), fixture("a/1")))
    again = calls_for(made, "forward")[-1]
    assert (again.key, again.mode) == ("a/1#again", "value")


def test_nothing_asked_for_is_nothing_called() -> None:
    gate = criterion("implemented", "implemented", points=0, gate=True)
    assert _keys(exam((gate,), (fixture("a/1"),))) == []


KINDS = st.tuples(st.sampled_from(("visible", "hidden")), st.booleans(), st.sampled_from("abc"))


@settings(deadline=None)
@given(st.lists(KINDS, max_size=8), st.lists(st.sampled_from("abc"), max_size=3))
def test_the_order_of_calls_whatever_the_exam(kinds: list[Any], groups: list[str]) -> None:
    fixtures: list[Fixture] = [
        fixture(f"{group}/f{at}", visibility=visibility, scored=scored)
        for at, (visibility, scored, group) in enumerate(kinds)
    ]
    criteria = [criterion(f"c{at}", fixtures=(group,)) for at, group in enumerate(groups)]
    keys = _keys(exam((*criteria, criterion("last", "manual")), fixtures))
    assert len(keys) == len(set(keys))
    asked = {each.name for each in fixtures if each.group in groups}
    again = [key for key in keys if key.endswith("#again")]
    assert set(keys) - set(again) == asked
    assert again == ([f"{keys[0]}#again"] if asked else [])
    assert not again or keys[-1] == again[0]
    facts = {each.name: (not each.scored, each.visibility == "hidden") for each in fixtures}
    ranks = [facts[key] for key in keys if key not in again]
    assert ranks == sorted(ranks)


def test_the_main_program_is_the_slice_as_handed_in() -> None:
    sliced = cut(statement(), wide=(statement("import os"), statement()), devices=True)
    watching = [
        criterion("one", "from-scratch", fixtures=("a",), forbid={"ops": ("aten::b", "aten::a")}),
        criterion("two", "from-scratch", fixtures=("a",), forbid={"ops": ("aten::b",)}),
    ]
    back = criterion("back", role="backward")
    made = exam((*watching, back), (fixture("a/1"),), tasks=TWO)
    program = main_program(made, "forward", sliced, wide=False)
    assert (program.statements, program.symbol) == (sliced.statements, "good_f")
    assert program.watch == ("aten::a", "aten::b")
    assert (program.devices, program.vary, program.poison) == (True, None, None)
    assert main_program(made, "forward", sliced, wide=True).statements == sliced.wide
    assert main_program(made, "backward", sliced, wide=False).watch == ()
    assert main_program(made, "backward", sliced, wide=False).fills == {"dim": -1}


def test_experiments_are_named_after_their_criterion_and_handed_back_to_it() -> None:
    data = statement("z = [1.0]", binds=("z",), data="literal")
    sliced = cut(data, statement(), references=("torch.relu",))
    made = exam(
        (
            criterion("own", "own-argument", fixtures=("a",)),
            criterion("scratch", "from-scratch", fixtures=("a",), forbid={"names": ["torch.relu"]}),
            criterion("scratch-2", "from-scratch", fixtures=("a",)),
        ),
        (fixture("a/1"),),
    )
    run = ran({"a/1": answer()})
    program = main_program(made, "forward", sliced, wide=False)
    wanted = experiments_for(made, "forward", sliced, Exchange(program, run))
    assert list(wanted) == ["own/vary-1", "own/vary-2", "scratch/nudge", "scratch/roll"]
    assert wanted["scratch/roll"].program.poison == Poison((), ("torch.relu",), "roll")
    runs = {name: ran() for name in wanted}
    for each, mine in ((0, ["own/vary-1", "own/vary-2"]), (2, [])):
        question = asked_of(made, made.rubric.criteria[each], sliced, Exchange(program, run), runs)
        assert list(question.experiments) == mine


def _main(run: Run) -> Exchange:
    return Exchange(Program((), "good_f"), run)


def test_a_question_knows_what_was_asked_again() -> None:
    own = criterion("own", "own-argument", fixtures=("b",))
    made = exam((criterion(fixtures=("a",)), own), (fixture("a/1"), fixture("b/1")))
    run = ran({"a/1": answer(), "b/1": answer(), "a/1#again": answer()})
    question = asked_of(made, own, cut(), _main(run), {})
    assert [each.name for each in question.fixtures] == ["b/1"]
    assert [each.name for each in question.again] == ["a/1"]
    assert asked_of(made, own, cut(), _main(ran()), {}).again == ()


@pytest.mark.parametrize("names", list(itertools.permutations(("a/1", "a/1#gradient", "h/1"))))
def test_what_came_before_any_hidden_input(names: tuple[str, ...]) -> None:
    made = exam((criterion(),), (fixture("a/1"), fixture("h/1", visibility="hidden")))
    run = ran({name: answer() for name in (*names, "a/1#again")})
    assert list(before_hidden(made, run)) == list(names[: names.index("h/1")])


def test_an_unknown_fixture_counts_as_hidden() -> None:
    made = exam((criterion(),), (fixture("a/1"),))
    run = ran({"a/1": answer(), "gone/1": answer(), "a/1#again": answer()})
    assert list(before_hidden(made, run)) == ["a/1"]
