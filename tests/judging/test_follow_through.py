"""What is given back for criteria that hold once a verified repair has mended the code."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.core.report import CriterionStatus
from grader.core.rubric import Rubric
from grader.core.verdict import Verdict
from grader.judging.score import Scored, score
from tests.judging.test_score import cases, cents, points, rubric, says, verdicts

untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
SHARES = (0.0, 0.1, 1 / 3, 0.5, 1.0)

TWO = rubric({"id": "near", "points": 4}, {"id": "far", "points": 3})
LOST = verdicts(near="passed", far="failed")


def with_share(made: Rubric, share: float) -> Rubric:
    return made.model_copy(update={"follow_through": share})


def returned(scored: Scored) -> dict[str, float]:
    return {
        str(each.criterion): each.points
        for each in scored.adjustments
        if each.kind == "follow-through"
    }


@st.composite
def mended_cases(draw: st.DrawFn) -> tuple[Rubric, dict[str, Verdict], dict[str, Verdict]]:
    made, handed_in = draw(cases())
    names = draw(st.lists(st.sampled_from(sorted(handed_in)), unique=True))
    told: tuple[CriterionStatus, ...] = ("passed", "partial", "failed", "not_applicable")
    mended = {name: says(name, draw(st.sampled_from(told))) for name in names}
    return with_share(made, draw(st.sampled_from(SHARES))), handed_in, mended


@untimed
@given(mended_cases())
def test_rows_and_adjustments_add_up_to_what_is_told(
    case: tuple[Rubric, dict[str, Verdict], dict[str, Verdict]],
) -> None:
    made, handed_in, mended = case
    scored = score(made, handed_in, mended=mended)
    bonus = {each.id for each in made.criteria if each.bonus}
    manual = {each.id for each in made.criteria if each.check == "manual"}
    told = [(row.id, cents(row.points)) for row in scored.rows if row.id not in manual]
    told += [(str(each.criterion), cents(each.points)) for each in scored.adjustments]
    # a cap takes off the score, whatever criterion it is about
    extra = [
        (name, each)
        for name, each in told
        if name in bonus and each >= 0
    ]  # fmt: skip
    plain = [each for each in told if each not in extra]
    assert sum((each for _, each in plain), Decimal()) == cents(scored.automatic.score)
    assert sum((each for _, each in extra), Decimal()) == cents(scored.automatic.bonus)
    if scored.final.score is not None:
        assert sum((each for _, each in told), Decimal()) == cents(scored.final.score)
    assert 0 <= scored.automatic.score <= scored.automatic.max
    assert 0 <= scored.automatic.bonus <= scored.automatic.max_bonus


@untimed
@given(mended_cases())
def test_rows_are_those_of_the_code_as_handed_in(
    case: tuple[Rubric, dict[str, Verdict], dict[str, Verdict]],
) -> None:
    made, handed_in, mended = case
    before, after = score(made, handed_in), score(made, handed_in, mended=mended)
    assert after.rows == before.rows
    assert after.manual == before.manual
    assert after.automatic.score >= before.automatic.score
    assert after.automatic.bonus >= before.automatic.bonus
    assert all(gain > 0 for gain in after.gains.values())


@untimed
@given(mended_cases())
def test_without_a_share_a_repair_changes_no_mark(
    case: tuple[Rubric, dict[str, Verdict], dict[str, Verdict]],
) -> None:
    made, handed_in, mended = case
    made = with_share(made, 0.0)
    before, after = score(made, handed_in), score(made, handed_in, mended=mended)
    assert (after.automatic, after.final, after.adjustments) == (
        before.automatic,
        before.final,
        before.adjustments,
    )


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 4.0), (0.5, 5.5), (1 / 3, 5.0), (1.0, 7.0)])
def test_the_share_of_what_would_be_gained_is_given_back(share: float, wanted: float) -> None:
    scored = score(with_share(TWO, share), LOST, mended=verdicts(near="passed", far="passed"))
    assert scored.automatic.score == wanted
    assert returned(scored) == ({"far": wanted - 4.0} if share else {})
    assert scored.gains == {"far": 3.0}  # staff see all that it would be, whatever the share


def test_what_a_repair_leaves_or_makes_worse_gives_and_takes_nothing() -> None:
    mended = verdicts(near="failed", far="failed")
    scored = score(with_share(TWO, 1.0), LOST, mended=mended)
    assert (scored.automatic.score, scored.adjustments, scored.gains) == (4.0, (), {})


def test_only_what_was_missing_of_a_part_is_gained() -> None:
    handed_in = {**LOST, "far": says("far", "partial", 0.25)}
    scored = score(with_share(TWO, 0.5), handed_in, mended=verdicts(far="passed"))
    assert scored.gains == {"far": 2.25}
    assert returned(scored) == {"far": 1.13}  # 1.125, half up
    assert scored.automatic.score == 5.88


def test_what_scales_with_a_mended_row_is_gained_too() -> None:
    made = rubric(
        {"id": "near", "points": 4},
        {"id": "pure", "points": 1, "check": "pure", "scale_with": ("near",)},
    )
    handed_in = verdicts(near="failed", pure="passed")
    scored = score(with_share(made, 1.0), handed_in, mended=verdicts(near="passed", pure="passed"))
    assert points(scored) == {"near": 0.0, "pure": 0.0}
    assert returned(scored) == {"near": 4.0, "pure": 1.0}
    assert scored.automatic.score == 5.0


def test_what_was_skipped_for_a_mended_row_is_gained_too() -> None:
    made = rubric({"id": "near", "points": 4}, {"id": "far", "points": 3, "skip_unless": ("near",)})
    handed_in = verdicts(near="failed", far="failed")
    scored = score(with_share(made, 0.5), handed_in, mended=verdicts(near="passed", far="passed"))
    assert {row.id: row.status for row in scored.rows}["far"] == "skipped"
    assert returned(scored) == {"near": 2.0, "far": 1.5}


def test_caps_come_last() -> None:
    cap = {"failed": "far", "score": 4.5, "reason": "Far fails."}
    made = rubric({"id": "near", "points": 4}, {"id": "far", "points": 3}, caps=[cap])
    scored = score(with_share(made, 0.5), LOST, mended=verdicts(far="passed"))
    assert [(each.kind, each.points) for each in scored.adjustments] == [
        ("follow-through", 1.5),
        ("cap", -1.0),
    ]
    assert scored.automatic.score == 4.5


def test_a_bonus_stays_a_bonus_and_is_not_capped() -> None:
    cap = {"failed": "near", "score": 0, "reason": "Near fails."}
    made = rubric(
        {"id": "near", "points": 4}, {"id": "more", "points": 2, "bonus": True}, caps=[cap]
    )
    handed_in = verdicts(near="failed", more="failed")
    scored = score(with_share(made, 0.5), handed_in, mended=verdicts(near="passed", more="passed"))
    assert scored.automatic.model_dump() == {
        "score": 0.0,
        "max": 4.0,
        "bonus": 1.0,
        "max_bonus": 2.0,
    }
    assert scored.final.score == 1.0


def test_who_gave_it_and_why_is_told() -> None:
    (told,) = score(with_share(TWO, 0.5), LOST, mended=verdicts(far="passed")).adjustments
    assert (told.kind, told.criterion, told.by) == ("follow-through", "far", "rubric")
    assert told.reason


def test_a_verdict_that_could_not_be_had_again_gives_nothing() -> None:
    scored = score(with_share(TWO, 1.0), LOST, mended=verdicts(far="error"))
    assert (scored.automatic.score, scored.open) == (4.0, ())
