"""When a repair is a proof: each condition by itself, from runs as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from grader.core.observation import Exchange, Observation
from grader.core.record import Exam
from grader.core.repair import Change, Edit, Repair, RepairSet, Rule
from grader.core.slice import Slice
from grader.editing import Code
from grader.judging.judge import MAIN, judge_run
from grader.repairing.edits import edits_for
from grader.repairing.verified import REPAIR, Verified, verified, without
from tests.builders import backward_exam, candidate, criterion
from tests.repairing.workshop import BUGS, made, observed, parts, swap, target

MORE = swap(" + 1", "")
SIGN = swap("-x", "x", "turned")
CLIP = swap("np.clip(x, -50, 50)", "x", "cut-off")
FAR = swap("far", "0", "reaches-out")


def _edits(sliced: Slice, *rules: Rule) -> tuple[Edit, ...]:
    """Each rule at all of its places."""
    found, failed = edits_for(Code.of(sliced.statements), rules)
    assert failed == ()
    return tuple(next(each for each in found if each.rule == rule.name) for rule in rules)


def _set(sliced: Slice, *bugs: str) -> RepairSet:
    at = sliced.statements[-1].location
    return RepairSet(tuple(Change(bug, bug, (at,)) for bug in bugs), "")


def _recorded(
    exam: Exam, sliced: Slice, *rules: Rule, others: tuple[RepairSet, ...] = ()
) -> tuple[dict[str, Exchange], Repair]:
    """Everything that would be stored of a target which these rules were found to mend."""
    edits = _edits(sliced, *rules)
    exchanges = {**observed(exam, sliced), **parts(exam, sliced, REPAIR, *edits)}
    if len(edits) > 1:
        for at in range(len(edits)):
            exchanges |= parts(exam, sliced, without(at), *edits[:at], *edits[at + 1 :])
    return exchanges, Repair((_set(sliced, *(rule.bug for rule in rules)), *others))


def _verified(
    sliced: Slice, *rules: Rule, others: tuple[RepairSet, ...] = (), exam: Exam | None = None
) -> Verified | None:
    known = exam or made(*rules)
    exchanges, repair = _recorded(known, sliced, *rules, others=others)
    return verified(known, "forward", sliced, exchanges, repair)


def test_one_change_that_makes_everything_right_is_proved() -> None:
    found = _verified(target("return x + 1"), MORE)
    assert found is not None
    assert [change.bug for change in found.changes] == ["added"]
    assert found.explains == (("values", "large", "batch"),)
    assert (found.agreed, found.alone) == (frozenset({"added"}), True)
    assert {verdict.status for verdict in found.verdicts.values()} == {"passed"}


def test_two_changes_are_proved_where_each_mends_something_the_other_does_not() -> None:
    body = "if x.shape[0] > 1:\n    return -x\nreturn np.clip(x, -50, 50)"
    found = _verified(target(body), SIGN, CLIP)
    assert found is not None
    assert found.explains == (("batch",), ("large",))
    assert found.agreed == {"turned", "cut-off"}


def test_a_criterion_that_needs_both_changes_is_explained_by_both() -> None:
    found = _verified(target("return -x + 1"), SIGN, MORE)
    assert found is not None
    assert found.explains == (("values", "large", "batch"),) * 2


def test_a_criterion_that_either_change_mends_alone_is_explained_by_both() -> None:
    # batches are wrong only where both are wrong
    body = "\n".join(
        [
            "first, second = x.shape[0] + 1, 1",
            "off = 2.0",
            "if x.shape[0] > 1:",
            "    return x if off < 2 or second < 1 else -7 * x",
            "return np.where(abs(x) > 9, x + off - 1, x + second)",
        ]
    )
    first = swap("off = 2.0", "off = 1.0", "added", name="first")
    second = swap(", 1\n", ", 0\n", "turned", name="second")
    found = _verified(target(body), first, second)
    assert found is not None
    assert found.explains == (("large", "batch"), ("values", "batch"))


@pytest.mark.parametrize("repair", [None, Repair(), Repair(tried=7)])
def test_without_a_set_nothing_is_proved(repair: Repair | None) -> None:
    sliced = target("return x + 1")
    exchanges, _ = _recorded(made(MORE), sliced, MORE)
    assert verified(made(MORE), "forward", sliced, exchanges, repair) is None


def test_a_set_after_which_a_criterion_is_still_lost_proves_nothing() -> None:
    assert _verified(target("return np.clip(x, -50, 50) + 1"), MORE) is None


def test_a_set_that_breaks_what_was_right_proves_nothing() -> None:
    worse = swap(" + 1", " + 0 * x.sort()", "added")
    assert _verified(target("return x + 1"), worse) is None
    spoilt = swap("cut = 50", "cut = 1e3; x[0, 0] += 0.0; x[0, -1] = x[0, -1] * 1.5", "cut-off")
    assert _verified(target("cut = 50\nreturn np.clip(x, -cut, cut)"), spoilt) is None


def test_a_change_that_the_rest_does_without_proves_nothing() -> None:
    idle = swap("* 1.0", "* 1.00", "turned", name="idle")
    sliced = target("return x * 1.0 + 1")
    assert _verified(sliced, MORE) is not None
    assert _verified(sliced, MORE, idle) is None
    assert _verified(sliced, idle, MORE) is None


def test_a_change_that_mends_nothing_proves_nothing() -> None:
    assert _verified(target("return x * 1.0 + 1"), swap("* 1.0", "* 1.00", "turned")) is None


def test_a_change_that_mends_only_what_another_broke_proves_nothing() -> None:
    """What held as handed in was no bug of the student's."""
    body = "a = 1\nb = 0\nreturn x + a if len(x) == 1 else x + (a - 1) + b"
    first, second = swap("a = 1", "a = 0"), swap("b = 0", "b = 1", "turned")
    sliced = target(body)
    known = made(first, second)
    exchanges, repair = _recorded(known, sliced, first, second)
    after = exchanges[f"{REPAIR}/{MAIN}"]
    assert verified(known, "forward", sliced, exchanges, repair) is None
    # not because anything was left: with both changes nothing is lost
    judged = judge_run(known, "forward", sliced, {MAIN: after})
    assert all(judged[name].status == "passed" for name in ("values", "large", "batch"))


def test_a_bug_that_the_assignment_no_longer_knows_is_not_named() -> None:
    fewer = {name: each for name, each in BUGS.items() if name != "added"}
    assert _verified(target("return x + 1"), MORE) is not None
    assert _verified(target("return x + 1"), MORE, exam=made(MORE, bugs=fewer)) is None


def test_of_a_right_target_nothing_is_proved() -> None:
    assert _verified(target("return x * 1.0"), swap("* 1.0", "* 1.00", "turned")) is None


def test_a_wrapper_under_an_id_that_does_not_show_there_proves_nothing() -> None:
    body = "return np.clip(x, -50, 50)"
    wrapper = swap("np.clip(x, -50, 50)", "0 * np.clip(x, -50, 50) + x", "one-row")
    assert _verified(target(body), wrapper) is None
    assert _verified(target(body), replace(wrapper, bug="cut-off")) is not None


def test_an_id_that_shows_on_one_of_the_mended_criteria_is_enough() -> None:
    mends = swap(" + 1", "", "cut-off")
    found = _verified(target("return x + 1"), mends)
    assert found is not None
    assert found.explains == (("values", "large", "batch"),)


def test_each_change_of_a_set_must_show_on_what_it_mends_itself() -> None:
    body = "if x.shape[0] > 1:\n    return -x\nreturn np.clip(x, -50, 50)"
    assert _verified(target(body), SIGN, replace(CLIP, bug="one-row")) is None
    assert _verified(target(body), replace(SIGN, bug="one-row"), CLIP) is not None
    assert _verified(target(body), replace(SIGN, bug="cut-off"), CLIP) is None


def test_what_an_experiment_named_must_be_named_by_a_set_that_mends_it() -> None:
    sliced = target("return x + far - 3.5", reads=True)
    wrapper = swap("return x + far - 3.5", "return x", "added")
    assert _verified(sliced, wrapper) is None
    found = _verified(sliced, replace(wrapper, bug="reaches-out"))
    assert found is not None
    assert "own" in found.explains[0]


def test_a_write_into_the_argument_is_not_renamed() -> None:
    body = "x += 1\nreturn x"
    wrapper = swap("x += 1\n", "x = x + 1 - 1\n", "added")
    assert _verified(target(body), wrapper) is None
    assert _verified(target(body), replace(wrapper, bug="writes")) is not None


def test_one_of_two_changes_may_name_what_the_experiment_named() -> None:
    sliced = target("return -x + far", reads=True)
    found = _verified(sliced, SIGN, FAR)
    assert found is not None
    assert found.agreed == {"turned", "reaches-out"}
    assert _verified(sliced, SIGN, replace(FAR, bug="added")) is None


def test_what_an_experiment_explained_may_stay_as_it_was() -> None:
    found = _verified(target("y = x.copy() + 1\nx *= 2\nreturn y"), MORE)
    assert found is not None
    assert found.explains == (("values", "large", "batch"),)
    assert found.verdicts["pure"].status == "failed"


def test_a_criterion_that_was_right_must_stay_right_whatever_experiments_say() -> None:
    writing = swap("return x + 1", "x *= 1.0 + 1e-5\nreturn x".replace("\n", "\n    "))
    assert _verified(target("return x + 1"), writing) is None


@pytest.mark.parametrize(
    "gone", [f"{REPAIR}/{MAIN}", f"{without(0)}/{MAIN}", f"{without(1)}/{MAIN}"]
)
def test_a_run_that_was_never_made_proves_nothing(gone: str) -> None:
    sliced, exam = target("return -x + 1"), made(SIGN, MORE)
    exchanges, repair = _recorded(exam, sliced, SIGN, MORE)
    assert verified(exam, "forward", sliced, exchanges, repair) is not None
    del exchanges[gone]
    assert verified(exam, "forward", sliced, exchanges, repair) is None


def test_an_experiment_that_was_never_made_again_proves_nothing() -> None:
    sliced, exam = target("return x + far", reads=True), made(FAR)
    exchanges, repair = _recorded(exam, sliced, FAR)
    assert verified(exam, "forward", sliced, exchanges, repair) is not None
    experiments = [name for name in exchanges if name.startswith(f"{REPAIR}/own/")]
    assert experiments
    for name in experiments:
        lacking = {key: each for key, each in exchanges.items() if key != name}
        assert verified(exam, "forward", sliced, lacking, repair) is None


@pytest.mark.parametrize("outcome", ["timed_out", "killed", "not_run", "raised"])
def test_a_confirming_run_with_a_call_that_did_not_end_proves_nothing(outcome: Any) -> None:
    sliced, exam = target("return x + 1"), made(MORE)
    exchanges, repair = _recorded(exam, sliced, MORE)
    spoilt = _with(exchanges, f"{REPAIR}/{MAIN}", "large/row", Observation(outcome))
    assert verified(exam, "forward", sliced, spoilt, repair) is None


def test_nothing_is_proved_of_a_target_that_a_limit_stopped() -> None:
    sliced, exam = target("return x + 1"), made(MORE)
    exchanges, repair = _recorded(exam, sliced, MORE)
    spoilt = _with(exchanges, MAIN, "large/row", Observation("timed_out"))
    assert verified(exam, "forward", sliced, spoilt, repair) is None


def _with(
    exchanges: Mapping[str, Exchange], name: str, key: str, observation: Observation
) -> dict[str, Exchange]:
    run = exchanges[name].run
    spoilt = replace(run, calls={**run.calls, key: observation})
    return {**exchanges, name: replace(exchanges[name], run=spoilt)}


@pytest.mark.parametrize(
    ("others", "agreed", "alone"),
    [
        ([("added",)], frozenset({"added"}), True),
        ([("turned",)], frozenset(), False),
        ([("added",), ("added",), ("turned",)], frozenset(), False),
    ],
)
def test_sets_that_disagree_leave_only_what_they_share(
    others: list[tuple[str, ...]], agreed: frozenset[str], *, alone: bool
) -> None:
    sliced = target("return x + 1")
    told = tuple(_set(sliced, *bugs) for bugs in others)
    found = _verified(sliced, MORE, others=told)
    assert found is not None
    assert (found.agreed, found.alone) == (agreed, alone)


def test_of_pairs_that_disagree_the_common_bug_is_agreed_upon() -> None:
    sliced = target("return -x + 1")
    found = _verified(sliced, SIGN, MORE, others=(_set(sliced, "turned", "cut-off"),))
    assert found is not None
    assert (found.agreed, found.alone) == (frozenset({"turned"}), False)


def test_without_words_of_where_it_shows_a_bug_may_show_anywhere() -> None:
    everywhere = {**BUGS, "one-row": replace(BUGS["one-row"], shows=())}
    rule = replace(CLIP, bug="one-row")
    sliced = target("return np.clip(x, -50, 50)")
    assert _verified(sliced, rule) is None
    assert _verified(sliced, rule, exam=made(rule, bugs=everywhere)) is not None


def test_a_role_may_have_words_of_its_own() -> None:
    own = {**BUGS, "forward/one-row": replace(BUGS["one-row"], shows=("large",))}
    rule = replace(CLIP, bug="one-row")
    sliced = target("return np.clip(x, -50, 50)")
    assert _verified(sliced, rule, exam=made(rule, bugs=own)) is not None


def test_a_criterion_on_single_fixtures_is_of_their_groups() -> None:
    criteria = (criterion("large", fixtures=("large/row",)), criterion(fixtures=("values",)))
    sliced = target("return np.clip(x, -50, 50)")
    assert _verified(sliced, CLIP, exam=made(CLIP, criteria=criteria)) is not None


def test_where_nothing_ran_nothing_is_proved() -> None:
    exam = backward_exam()
    repair = Repair((RepairSet((), ""),))
    assert verified(exam, "backward", candidate("x"), {}, repair) is None
