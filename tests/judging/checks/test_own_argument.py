from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from grader.core.observation import Observation, Outcome, Program
from grader.core.verdict import Verdict
from grader.judging.checks import CHECKS
from tests.builders import BOUND, answer, asked, cut, fixture, no_answer, raised, ran, statement

OWN = CHECKS["own-argument"]
PAIR = fixture("own/pair")
SHOWN = fixture("own/shown", scored=False)
RIGHT = answer()
WRONG = answer(((5.0, 5.0),))
NAN = answer(((math.nan, math.nan),))


def _verdict(
    first: Observation, *varied: Observation, calls: Mapping[str, Observation] | None = None
) -> Verdict:
    run = ran({"own/pair": first, **(calls or {})})
    experiments = {f"vary-{at}": ran({"own/pair": each}) for at, each in enumerate(varied, 1)}
    return OWN.verdict(asked("own-argument", (PAIR,), run, experiments=experiments, again=(PAIR,)))


def test_without_sample_data_nothing_is_varied() -> None:
    program = Program(cut().statements, "good_f")
    question = asked("own-argument", (PAIR,), ran({"own/pair": RIGHT}))
    assert OWN.experiments(question, program) == {}
    assert OWN.verdict(question).status == "passed"


def test_sample_data_is_varied_twice_in_programs_of_their_own() -> None:
    data = statement("x = torch.rand(3)", cell=2, binds=("x",), data="random")
    main = Program((data, statement()), "good_f", watch=("aten::a",), devices=True)
    question = asked("own-argument", (PAIR, SHOWN), ran({"own/pair": RIGHT}))
    wanted = OWN.experiments(question, main)
    assert list(wanted) == ["it/vary-1", "it/vary-2"]
    for number, experiment in enumerate(wanted.values(), 1):
        program = experiment.program
        assert (program.vary, program.watch, program.poison) == (number, (), None)
        assert (program.statements, program.devices) == (main.statements, True)
        assert [call.key for call in experiment.calls] == ["own/pair"]


def test_the_same_answer_passes() -> None:
    found = _verdict(RIGHT, RIGHT, RIGHT)
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())
    assert [each.outcome for each in found.evidence] == ["ok"]


def test_a_wrong_answer_that_stays_the_same_passes() -> None:
    assert _verdict(WRONG, WRONG, WRONG).status == "passed"


@pytest.mark.parametrize("varied", [(WRONG, RIGHT), (RIGHT, WRONG), (WRONG, WRONG)])
def test_a_difference_at_either_scale_fails_and_proves_it(
    varied: tuple[Observation, ...],
) -> None:
    found = _verdict(RIGHT, *varied)
    assert (found.status, found.share, found.diagnoses) == ("failed", 0.0, ("reaches-out",))
    assert found.evidence[0].outcome == "wrong"


def test_two_right_answers_may_differ_by_more_than_the_bound() -> None:
    low, high = answer(((1 - 0.9 * BOUND, 2.0),)), answer(((1 + 0.9 * BOUND, 2.0),))
    assert _verdict(low, high).status == "passed"


def test_two_wrong_answers_may_differ_within_the_bound_only() -> None:
    assert _verdict(answer(((5.0, 5.0),)), answer(((5.0, 5.0 + BOUND / 2),))).status == "passed"
    assert _verdict(answer(((5.0, 5.0),)), answer(((5.0, 5.0 + 2 * BOUND),))).status == "failed"


def test_nan_is_the_same_as_nan_and_as_nothing_else() -> None:
    assert _verdict(NAN, NAN).status == "passed"
    assert _verdict(NAN, RIGHT).status == "failed"
    assert _verdict(RIGHT, NAN).status == "failed"
    inf = answer(((math.inf, 2.0),))
    assert _verdict(inf, inf).status == "passed"


def test_an_answer_of_another_shape_must_be_the_same() -> None:
    vector, off = answer((1.0, 2.0)), answer((1.0, 2.0 + BOUND / 2))
    assert _verdict(vector, vector).status == "passed"
    assert _verdict(vector, off).status == "failed"
    assert _verdict(vector, RIGHT).status == "failed"


@pytest.mark.parametrize("outcome", ["timed_out", "killed", "not_run"])
def test_a_run_that_a_limit_stopped_says_nothing(outcome: Outcome) -> None:
    stopped, calls = no_answer(outcome), {"other": RIGHT}
    assert _verdict(RIGHT, stopped).status == "passed"
    assert _verdict(stopped, RIGHT, calls=calls).status == "passed"
    assert _verdict(RIGHT, stopped, WRONG).status == "failed"


def test_raising_with_other_data_is_a_difference_and_raising_alike_is_none() -> None:
    assert _verdict(RIGHT, raised()).status == "failed"
    assert _verdict(raised(), RIGHT, calls={"other": RIGHT}).status == "failed"
    assert _verdict(raised(), raised(message="other"), calls={"other": RIGHT}).status == "passed"


def test_numbers_against_none_are_a_difference() -> None:
    text = no_answer(returned="str")
    assert _verdict(RIGHT, text).status == "failed"
    assert _verdict(text, text).status == "passed"


def test_information_decides_nothing() -> None:
    run = ran({"own/pair": RIGHT, "own/shown": RIGHT})
    varied = {"vary-1": ran({"own/pair": RIGHT, "own/shown": WRONG})}
    found = OWN.verdict(asked("own-argument", (PAIR, SHOWN), run, experiments=varied))
    assert found.status == "passed"
    assert [each.fixture for each in found.evidence] == ["own/pair"]


def test_without_any_answer_there_is_nothing_to_say() -> None:
    found = _verdict(raised(), RIGHT)
    assert (found.status, found.share) == ("skipped", 0.0)


def test_another_answer_when_asked_again_is_named_for_that_alone() -> None:
    found = _verdict(RIGHT, RIGHT, calls={"own/pair#again": WRONG})
    assert (found.status, found.share, found.diagnoses) == ("failed", 0.0, ("unsteady",))
    assert [each.text for each in found.evidence] == ["another answer when asked again"]
    assert "asked again" in found.feedback


def test_the_question_asked_again_may_be_another_criterions() -> None:
    first = fixture("values/pair")
    calls = {"values/pair": RIGHT, "own/pair": RIGHT, "values/pair#again": raised()}
    found = OWN.verdict(asked("own-argument", (PAIR,), ran(calls), again=(first,)))
    assert (found.status, found.evidence[0].fixture) == ("failed", "values/pair")


@pytest.mark.parametrize(
    "again", [RIGHT, no_answer("timed_out"), no_answer("killed"), no_answer("not_run")]
)
def test_the_same_answer_or_none_when_asked_again_is_no_crime(again: Observation) -> None:
    assert _verdict(RIGHT, RIGHT, calls={"own/pair#again": again}).status == "passed"


def test_an_observation_never_made_is_an_error() -> None:
    found = OWN.verdict(asked("own-argument", (PAIR,), ran({"other": RIGHT})))
    assert (found.status, found.share) == ("error", 0.0)
