from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from grader.core.observation import Observation, Program
from grader.core.verdict import Verdict
from grader.judging.checks import CHECKS
from tests.builders import (
    answer,
    asked,
    criterion,
    cut,
    fixture,
    no_answer,
    raised,
    ran,
)

FROM = CHECKS["from-scratch"]
FORBID: dict[str, Any] = {"names": ("torch.relu", "scipy.expit", ".relu"), "ops": ("aten::relu*",)}
PAIR = fixture("values/pair")
OTHER = fixture("values/other", ((3.0, 4.0),), visibility="hidden")
SHOWN = fixture("values/shown", scored=False)
USED = answer(ops=("aten::relu_",))
CLEAN = answer(((3.0, 4.0),))
NUDGED = answer(((1.0000001, 1.9999999),))
ROLLED = answer(((2.0, 1.0),))


def _verdict(
    nudge: Observation,
    roll: Observation,
    *,
    first: Observation = USED,
    calls: Mapping[str, Observation] | None = None,
    references: Sequence[str] = (),
) -> Verdict:
    run = ran({"values/pair": first, **(calls or {})})
    experiments = {"nudge": ran({"values/pair": nudge}), "roll": ran({"values/pair": roll})}
    return FROM.verdict(
        asked(
            "from-scratch",
            (PAIR,),
            run,
            experiments=experiments,
            sliced=cut(references=references),
            forbid=FORBID,
        )
    )


def _wanted(run: Any, *references: str, **changes: Any) -> Mapping[str, Any]:
    question = asked(
        "from-scratch",
        (PAIR, OTHER, SHOWN),
        run,
        sliced=cut(references=references),
        **{"forbid": FORBID, **changes},
    )
    return FROM.experiments(question, Program(cut().statements, "good_f", watch=("aten::relu*",)))


def test_it_watches_for_the_rubrics_operators() -> None:
    assert FROM.watch(criterion("it", "from-scratch", forbid=FORBID)) == ("aten::relu*",)
    assert FROM.watch(criterion("it", "from-scratch")) == ()


def test_without_a_suspicion_nothing_is_tried() -> None:
    calls = {"values/pair": answer(), "values/other": CLEAN}
    assert _wanted(ran(calls)) == {}
    assert _wanted(ran(calls), "torch.exp", ".relu") == {}
    assert _wanted(ran(calls), "torch.relu", forbid=None) == {}


@pytest.mark.parametrize(
    ("first", "references", "names"),
    [
        (USED, (), ()),
        (answer(), ("scipy.expit", "torch.exp"), ("scipy.expit",)),
        (USED, ("torch.relu",), ("torch.relu",)),
        (answer(), ("scipy",), ("scipy.expit",)),
    ],
)
def test_a_suspicion_is_tried_in_two_ways(
    first: Observation, references: tuple[str, ...], names: tuple[str, ...]
) -> None:
    run = ran({"values/pair": first, "values/other": raised(), "values/shown": USED})
    wanted = _wanted(run, *references)
    assert list(wanted) == ["it/nudge", "it/roll"]
    for how, experiment in zip(("nudge", "roll"), wanted.values(), strict=True):
        poison = experiment.program.poison
        assert (poison.ops, poison.names, poison.how) == (("aten::relu*",), names, how)
        assert (experiment.program.watch, experiment.program.vary) == ((), None)
        assert [call.key for call in experiment.calls] == ["values/pair"]


def test_an_operator_seen_in_any_call_is_a_suspicion() -> None:
    calls = {"values/pair": answer(), "values/other": CLEAN, "elsewhere": USED}
    wanted = _wanted(ran(calls))
    assert [call.key for call in wanted["it/nudge"].calls] == ["values/pair", "values/other"]


def test_no_experiment_is_no_crime() -> None:
    run = ran({"values/pair": answer()})
    found = FROM.verdict(asked("from-scratch", (PAIR,), run, forbid=FORBID))
    assert (found.status, found.share, found.diagnoses) == ("passed", 1.0, ())


def test_a_use_that_the_answer_does_not_follow_is_no_crime() -> None:
    found = _verdict(answer(), answer())
    assert (found.status, found.share) == ("passed", 1.0)
    assert [each.outcome for each in found.evidence] == ["ok"]


@pytest.mark.parametrize(
    ("nudge", "roll"),
    [(NUDGED, ROLLED), (NUDGED, answer()), (answer(), ROLLED), (raised(), ROLLED)],
)
def test_an_answer_that_follows_either_way_is_the_librarys(
    nudge: Observation, roll: Observation
) -> None:
    found = _verdict(nudge, roll)
    assert (found.status, found.share, found.diagnoses) == ("failed", 0.0, ("borrowed",))
    assert found.evidence[0].outcome == "wrong"
    # what a child says it used may be any text: it stands where hidden evidence is dropped
    assert found.feedback == "The answer comes from the library."
    assert found.evidence[0].text == "the answer follows the library's (aten::relu_)"


@pytest.mark.parametrize(
    "stopped",
    [
        raised("AssertionError", ""),
        no_answer("timed_out"),
        no_answer("killed"),
        no_answer("not_run"),
        no_answer(returned="str"),
    ],
)
def test_what_gives_no_numbers_proves_nothing(stopped: Observation) -> None:
    assert _verdict(stopped, stopped).status == "passed"
    assert _verdict(stopped, answer()).status == "passed"


def test_the_same_nan_is_the_same_answer() -> None:
    nan = answer(((math.nan, 1.0),), ops=("aten::relu",))
    assert _verdict(nan, nan, first=nan).status == "passed"


def test_a_library_known_by_name_alone_is_named() -> None:
    found = _verdict(NUDGED, ROLLED, first=answer(), references=("scipy.expit", ".relu"))
    assert (found.status, found.feedback) == (
        "failed",
        "The answer comes from the library (scipy.expit).",
    )


@pytest.mark.parametrize(
    "again", [answer(((1.1, 2.0),)), raised(), no_answer("timed_out"), no_answer("not_run")]
)
def test_answers_that_are_not_steady_prove_nothing(again: Observation) -> None:
    found = _verdict(NUDGED, ROLLED, calls={"values/pair#again": again})
    assert (found.status, found.diagnoses) == ("passed", ())


def test_steadiness_may_be_seen_on_another_question() -> None:
    calls = {"first/one": answer(), "first/one#again": ROLLED}
    assert _verdict(NUDGED, ROLLED, calls=calls).status == "passed"
    calls = {"first/one": raised(), "first/one#again": raised()}
    assert _verdict(NUDGED, ROLLED, calls=calls).status == "failed"


def test_information_decides_nothing() -> None:
    run = ran({"values/pair": USED, "values/shown": USED})
    poisoned = {"nudge": ran({"values/pair": answer(), "values/shown": ROLLED})}
    question = asked("from-scratch", (PAIR, SHOWN), run, experiments=poisoned, forbid=FORBID)
    assert FROM.verdict(question).status == "passed"


def test_without_any_answer_there_is_nothing_to_say() -> None:
    found = _verdict(NUDGED, ROLLED, first=raised())
    assert (found.status, found.share) == ("skipped", 0.0)


def test_an_observation_never_made_is_an_error() -> None:
    run = ran({"values/pair": answer()})
    found = FROM.verdict(asked("from-scratch", (PAIR, OTHER), run, forbid=FORBID))
    assert (found.status, found.share) == ("error", 0.0)
