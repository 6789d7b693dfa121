"""Points: properties over generated rubrics, and the rules one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from graphlib import CycleError
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.core.dependencies import in_order, status_waits_for
from grader.core.report import CriterionStatus, Evidence
from grader.core.rubric import Rubric
from grader.core.verdict import Verdict
from grader.judging.score import FILLS_UP, Scored, open_reasons, score
from grader.rubric.structure import mistakes

POINTS = (0.25, 1.0, 1.5, 2.0, 3.33, 4.0, 5.0)
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIGHT = ("own-argument", "pure", "from-scratch", "gradient")


def rubric(*criteria: Mapping[str, Any], caps: Iterable[Mapping[str, Any]] = ()) -> Rubric:
    rows = [{"title": each["id"].title(), "check": "values", **each} for each in criteria]
    return Rubric.model_validate(
        {
            "id": "made",
            "version": "1.0",
            "title": "Made",
            "assignment": "made",
            "criteria": rows,
            "caps": list(caps),
        }
    )


def says(identifier: str, status: CriterionStatus, share: float | None = None) -> Verdict:
    shares = {"passed": 1.0, "partial": 0.5}
    return Verdict(identifier, status, shares.get(status, 0.0) if share is None else share)


def verdicts(**statuses: CriterionStatus) -> dict[str, Verdict]:
    return {name: says(name, status) for name, status in statuses.items()}


def points(scored: Scored) -> dict[str, float]:
    return {row.id: row.points for row in scored.rows}


def statuses(scored: Scored) -> dict[str, str]:
    return {row.id: row.status for row in scored.rows}


@st.composite
def rubrics(draw: st.DrawFn) -> Rubric:
    """Rubrics in which lint finds nothing but names of fixtures, rows in any order."""
    count = draw(st.integers(1, 5))
    criteria: list[dict[str, Any]] = [
        {
            "id": f"v{at}",
            "points": draw(st.sampled_from(POINTS)),
            "bonus": at > 0 and draw(st.booleans()),
            "partial": draw(st.booleans()),
            "role": draw(st.sampled_from(("", "second"))),
            "fixtures": ["some"],
            "skip_unless": [f"v{k}" for k in range(at) if draw(st.booleans())],
            "scale_with": [f"v{k}" for k in range(at) if draw(st.booleans())],
        }
        for at in range(count)
    ]
    values = [each["id"] for each in criteria]
    for check in draw(st.lists(st.sampled_from(LIGHT), unique=True)):
        forbid = {"names": ["torch.relu"]} if check == "from-scratch" else None
        criteria.append(
            {
                "id": check,
                "check": check,
                "points": draw(st.sampled_from(POINTS)),
                "fixtures": ["some"],
                "forbid": forbid,
                "scale_with": draw(st.lists(st.sampled_from(values), min_size=1, unique=True)),
            }
        )
    for role in draw(st.lists(st.sampled_from(("", "second")), unique=True)):
        gate = {"check": "implemented", "points": 0, "gate": True, "role": role}
        criteria.append({"id": f"gate{len(role)}", **gate})
    if draw(st.booleans()):
        criteria.append({"id": "essay", "check": "manual", "points": 5})
    most = sum(each["points"] for each in criteria if not each.get("bonus"))
    most -= 5 if criteria[-1]["id"] == "essay" else 0
    gated = {each["role"] for each in criteria if each.get("gate")}
    several = len({each.get("role", "") for each in criteria if each.get("check") != "manual"}) > 1
    always = [
        each["id"]
        for each in criteria[:-1]
        if each.get("gate")
        or not (each.get("skip_unless") or (several and each.get("role", "") in gated))
    ]
    capped = draw(st.lists(st.sampled_from(always))) if always else []
    caps = [
        {"failed": name, "score": round(most * share, 2), "reason": "it says so"}
        for name in dict.fromkeys(capped)
        for share in [draw(st.sampled_from((0.0, 0.25, 0.5)))]
    ]
    made = rubric(*draw(st.permutations(criteria)), caps=caps)
    assert not list(mistakes(made))
    return made


@st.composite
def cases(draw: st.DrawFn) -> tuple[Rubric, dict[str, Verdict]]:
    made = draw(rubrics())
    given_ = {}
    for criterion in made.criteria:
        if criterion.check == "manual":
            continue
        kinds: list[CriterionStatus] = ["passed", "partial", "failed", "error"]
        kinds += ["not_applicable"] if criterion.check == "gradient" else []
        status = draw(st.sampled_from(kinds))
        share = draw(st.integers(1, 39)) / 40 if status == "partial" else None
        given_[criterion.id] = says(criterion.id, status, share)
    return made, given_


def cents(number: float) -> Decimal:
    return Decimal(repr(number))


@untimed
@given(cases())
def test_the_rows_shown_add_up(case: tuple[Rubric, dict[str, Verdict]]) -> None:
    made, given_ = case
    scored = score(made, given_)
    plain = [
        cents(row.points)
        for row, criterion in zip(scored.rows, made.criteria, strict=True)
        if not (row.bonus or criterion.check == "manual")
    ]
    bonus = [cents(row.points) for row in scored.rows if row.bonus]
    taken = [cents(each.points) for each in scored.adjustments]
    assert sum(plain) + sum(taken) == cents(scored.automatic.score)
    assert sum(bonus) == cents(scored.automatic.bonus)
    assert all(each < 0 for each in taken)
    if scored.final.score is not None:
        assert sum(plain) + sum(taken) + sum(bonus) == cents(scored.final.score)


@untimed
@given(cases())
def test_nobody_gets_more_than_there_is(case: tuple[Rubric, dict[str, Verdict]]) -> None:
    scored = score(*case)
    assert all(0 <= row.points <= row.max_points for row in scored.rows)
    assert 0 <= scored.automatic.score <= scored.automatic.max
    assert 0 <= scored.automatic.bonus <= scored.automatic.max_bonus


@untimed
@given(rubrics())
def test_all_passed_is_all_points(made: Rubric) -> None:
    every = {each.id: says(each.id, "passed") for each in made.criteria if each.check != "manual"}
    scored = score(made, every)
    assert scored.automatic.score == scored.automatic.max
    assert scored.automatic.bonus == scored.automatic.max_bonus
    assert not scored.adjustments


@untimed
@given(cases())
def test_answers_without_a_right_value_get_nothing(
    case: tuple[Rubric, dict[str, Verdict]],
) -> None:
    made, given_ = case
    for criterion in made.criteria:
        if criterion.check == "values":
            given_[criterion.id] = says(criterion.id, "failed")
    scored = score(made, given_)
    assert scored.automatic.score == 0
    assert scored.automatic.bonus == 0


@untimed
@given(cases(), st.data())
def test_a_better_verdict_never_costs_a_point(
    case: tuple[Rubric, dict[str, Verdict]], data: st.DataObject
) -> None:
    made, given_ = case
    name = data.draw(st.sampled_from(sorted(given_)))
    before = score(made, {**given_, name: says(name, "failed")})
    part = data.draw(st.integers(1, 39)) / 40
    middle = score(made, {**given_, name: says(name, "partial", part)})
    after = score(made, {**given_, name: says(name, "passed")})
    for worse, better in ((before, middle), (middle, after)):
        assert worse.automatic.score <= better.automatic.score
        assert worse.automatic.bonus <= better.automatic.bonus


@untimed
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    case: tuple[Rubric, dict[str, Verdict]], random: Any
) -> None:
    made, given_ = case
    shuffled = list(made.criteria)
    random.shuffle(shuffled)
    other = score(made.model_copy(update={"criteria": tuple(shuffled)}), given_)
    scored = score(made, given_)
    assert points(scored) == points(other)
    assert statuses(scored) == statuses(other)
    assert scored.automatic == other.automatic


def test_a_failed_gate_skips_its_role_only() -> None:
    made = rubric(
        {"id": "late", "points": 2},
        {"id": "there", "title": "A function", "check": "implemented", "points": 0, "gate": True},
        {"id": "other", "points": 3, "role": "second"},
        {"id": "essay", "check": "manual", "points": 5},
    )
    scored = score(made, verdicts(there="failed", late="passed", other="passed"))
    assert statuses(scored) == {
        "late": "skipped",
        "there": "failed",
        "other": "passed",
        "essay": "pending",
    }
    assert points(scored) == {"late": 0, "there": 0, "other": 3, "essay": 0}
    assert scored.rows[0].feedback == "Not checked, because “A function” does not hold."


def test_an_empty_role_is_the_main_one() -> None:
    made = rubric(
        {"id": "there", "check": "implemented", "points": 0, "gate": True},
        {"id": "named", "points": 2, "role": "first"},
    )
    given_ = verdicts(there="failed", named="passed")
    assert statuses(score(made, given_))["named"] == "passed"
    assert statuses(score(made, given_, main_role="first"))["named"] == "skipped"


def test_a_gate_is_not_skipped_by_another() -> None:
    gate = {"check": "implemented", "points": 0, "gate": True}
    made = rubric({"id": "one", **gate}, {"id": "two", **gate}, {"id": "v", "points": 1})
    scored = score(made, verdicts(one="failed", two="failed", v="passed"))
    assert statuses(scored) == {"one": "failed", "two": "failed", "v": "skipped"}


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("passed", "passed"),
        ("partial", "passed"),
        ("failed", "skipped"),
        ("error", "passed"),
    ],
)
def test_skip_unless_looks_at_failed_only(first: CriterionStatus, expected: str) -> None:
    made = rubric({"id": "b", "points": 1, "skip_unless": ["a"]}, {"id": "a", "points": 1})
    assert statuses(score(made, verdicts(a=first, b="passed")))["b"] == expected


def test_skips_pass_on() -> None:
    made = rubric(
        {"id": "c", "points": 1, "skip_unless": ["b"], "feedback": {"skipped": "Do b first."}},
        {"id": "b", "points": 1, "skip_unless": ["a"]},
        {"id": "a", "points": 1},
    )
    scored = score(made, verdicts(a="failed", b="passed", c="passed"))
    assert statuses(scored) == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert scored.rows[0].feedback == "Not checked, because “B” does not hold. Do b first."


def test_a_skipped_row_tells_nothing_of_its_check() -> None:
    made = rubric({"id": "a", "points": 1}, {"id": "b", "points": 1, "skip_unless": ["a"]})
    seen = Verdict("b", "failed", 0.0, "no", (Evidence(fixture="b/x", outcome="wrong"),), ("bug",))
    row = score(made, {"a": says("a", "failed"), "b": seen}).rows[1]
    assert (row.evidence, row.diagnoses) == ((), ())


def test_scaling_goes_by_the_points_earned() -> None:
    made = rubric(
        {"id": "kept", "check": "pure", "points": 1, "scale_with": ["a", "b"]},
        {"id": "a", "points": 4},
        {"id": "b", "points": 11},
    )
    given_ = {"kept": says("kept", "passed"), "a": says("a", "passed"), "b": says("b", "failed")}
    scored = score(made, given_)
    assert points(scored) == {"kept": 0.27, "a": 4.0, "b": 0.0}
    assert statuses(scored)["kept"] == "passed"
    assert scored.automatic.score == 4.27


def test_rounding_is_half_up_of_what_is_written() -> None:
    made = rubric({"id": "a", "points": 1}, {"id": "b", "points": 1}, {"id": "c", "points": 3})
    given_ = {
        "a": says("a", "partial", 0.125),
        "b": says("b", "partial", 0.005),
        "c": says("c", "partial", 7 / 40),
    }
    assert points(score(made, given_)) == {"a": 0.13, "b": 0.01, "c": 0.53}


def test_thirds_add_up_as_shown() -> None:
    made = rubric(*({"id": name, "points": 1} for name in "abc"))
    scored = score(made, {name: says(name, "partial", 1 / 3) for name in "abc"})
    assert scored.automatic.score == 0.99


def test_all_or_nothing() -> None:
    made = rubric({"id": "a", "points": 4, "partial": False}, {"id": "b", "points": 4})
    scored = score(made, {name: says(name, "partial", 0.9) for name in "ab"})
    assert points(scored) == {"a": 0.0, "b": 3.6}
    assert statuses(scored) == {"a": "failed", "b": "partial"}


def test_a_share_below_one_counts_though_the_check_holds() -> None:
    made = rubric({"id": "a", "points": 4})
    scored = score(made, {"a": says("a", "passed", 0.0)})
    assert points(scored) == {"a": 0.0}
    assert statuses(scored) == {"a": "passed"}


def test_a_failed_check_earns_nothing_whatever_its_share() -> None:
    made = rubric({"id": "a", "points": 4})
    assert points(score(made, {"a": says("a", "failed", 0.9)})) == {"a": 0.0}


def test_not_applicable_is_earned_and_scaled() -> None:
    made = rubric(
        {"id": "a", "points": 4},
        {"id": "grad", "check": "gradient", "points": 1, "scale_with": ["a"]},
        {"id": "free", "check": "gradient", "points": 1},
    )
    rest = verdicts(grad="not_applicable", free="not_applicable")
    assert points(score(made, {**rest, "a": says("a", "passed")}))["grad"] == 1
    none = points(score(made, {**rest, "a": says("a", "failed")}))
    assert none == {"a": 0.0, "grad": 0.0, "free": 1.0}


def test_a_cap_takes_off_what_is_above_it() -> None:
    made = rubric(
        {"id": "a", "points": 9},
        {"id": "own", "points": 1},
        {"id": "extra", "points": 2, "bonus": True},
        caps=[{"failed": "own", "score": 5, "reason": "Copied."}],
    )
    scored = score(made, verdicts(a="passed", own="failed", extra="passed"))
    (cap,) = scored.adjustments
    assert (cap.kind, cap.criterion, cap.points, cap.by) == ("cap", "own", -4.0, "rubric")
    assert cap.reason == "Copied."
    assert (scored.automatic.score, scored.automatic.bonus) == (5.0, 2.0)
    assert scored.final.score == 7.0
    assert not score(made, verdicts(a="partial", own="failed", extra="failed")).adjustments
    assert not score(made, verdicts(a="passed", own="passed", extra="failed")).adjustments


def test_caps_follow_each_other() -> None:
    made = rubric(
        {"id": "a", "points": 8},
        {"id": "b", "points": 1},
        {"id": "c", "points": 1},
        caps=[
            {"failed": "b", "score": 5, "reason": "one"},
            {"failed": "c", "score": 3, "reason": "two"},
        ],
    )
    scored = score(made, verdicts(a="passed", b="failed", c="failed"))
    assert [each.points for each in scored.adjustments] == [-3.0, -2.0]
    assert scored.automatic.score == 3.0


def test_a_skipped_criterion_caps_nothing() -> None:
    made = rubric(
        {"id": "a", "points": 9},
        {"id": "own", "points": 1, "skip_unless": ["b"]},
        {"id": "b", "points": 1},
        caps=[{"failed": "own", "score": 5, "reason": "Copied."}],
    )
    assert not score(made, verdicts(a="passed", own="failed", b="failed")).adjustments


def test_what_a_person_is_needed_for() -> None:
    made = rubric(
        {"id": "a", "points": 4},
        {"id": "b", "points": 4},
        {"id": "essay", "check": "manual", "points": 5},
    )
    scored = score(made, verdicts(a="passed", b="error"))
    assert scored.open == ("waits for a mark by hand: essay", "could not be judged: b")
    assert (scored.automatic.score, scored.automatic.max) == (4.0, 8.0)
    assert (scored.manual.score, scored.manual.max) == (None, 5.0)
    assert (scored.final.score, scored.final.max) == (None, 13.0)


def test_no_score_is_final_while_a_criterion_could_not_be_judged() -> None:
    scored = score(rubric({"id": "a", "points": 4}), {})
    assert scored.open == ("could not be judged: a",)
    assert scored.rows[0].status == "error"
    assert scored.final.score is None
    assert (scored.manual.score, scored.manual.max) == (0.0, 0.0)


def test_a_mark_given_by_hand_closes_it() -> None:
    made = rubric({"id": "a", "points": 4}, {"id": "essay", "check": "manual", "points": 5})
    scored = score(made, {"a": says("a", "passed"), "essay": says("essay", "partial", 0.7)})
    assert scored.open == ()
    assert (scored.manual.score, scored.final.score, scored.final.max) == (3.5, 7.5, 9.0)


def test_the_rubrics_words_come_before_the_checks() -> None:
    made = rubric({"id": "a", "points": 4, "feedback": {"failed": "Think again."}})
    own = {"a": Verdict("a", "failed", 0.0, "Two of three are wrong.")}
    assert score(made, own).rows[0].feedback == "Think again."
    own = {"a": Verdict("a", "partial", 0.5, "Two of three are wrong.")}
    assert score(made, own).rows[0].feedback == "Two of three are wrong."


def test_a_check_that_skips_itself_keeps_its_reason() -> None:
    made = rubric({"id": "a", "points": 4, "feedback": {"skipped": "Run it first."}})
    scored = score(made, {"a": Verdict("a", "skipped", 0.0, "There was nothing to call.")})
    assert scored.rows[0].feedback == "There was nothing to call. Run it first."
    assert points(scored) == {"a": 0.0}


def test_a_cycle_is_refused_rather_than_scored() -> None:
    made = rubric(
        {"id": "a", "points": 1, "skip_unless": ["b"]},
        {"id": "b", "points": 1, "skip_unless": ["a"]},
    )
    with pytest.raises(CycleError):
        score(made, verdicts(a="passed", b="passed"))


def test_gates_come_first_in_the_order() -> None:
    made = rubric(
        {"id": "a", "points": 1, "skip_unless": ["b"]},
        {"id": "b", "points": 1},
        {"id": "gate", "check": "implemented", "points": 0, "gate": True},
    )
    waits_for = status_waits_for(made)
    assert waits_for == {"a": ("gate", "b"), "b": ("gate",), "gate": ()}
    assert in_order(waits_for) == ("gate", "b", "a")


@pytest.mark.parametrize("share", [-0.1, 1.1, math.nan, math.inf])
def test_a_verdict_holds_a_share(share: float) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        Verdict("a", "partial", share)


# Bonus that fills up, results that are close. ---------------------------------------------------


@untimed
@given(cases())
def test_a_bonus_that_fills_up_never_leads_above_the_maximum(
    case: tuple[Rubric, dict[str, Verdict]],
) -> None:
    made, given_ = case
    on_top = score(made, given_)
    filled = score(made.model_copy(update={"bonus": "fills-up"}), given_)
    assert (filled.rows, filled.automatic) == (on_top.rows, on_top.automatic)
    cut = [each for each in filled.adjustments if each.kind == FILLS_UP]
    assert filled.adjustments == (*on_top.adjustments, *cut)
    everything = sum(cents(each.points) for each in (*filled.rows, *filled.adjustments))
    assert everything <= cents(filled.final.max)
    if filled.final.score is not None and on_top.final.score is not None:
        assert cents(filled.final.score) == everything
        assert filled.final.score == min(on_top.final.score, on_top.final.max)


@pytest.mark.parametrize(
    ("errors", "close"),
    [
        (((1.5, 1.0),), True),
        (((2.0, 1.0),), True),
        (((2.1, 1.0),), False),
        (((1.5, 1.0), (9.0, 1.0)), False),
        (((1.5, 1.0), (1.1, 1.0)), True),
        (((math.inf, 1.0),), False),
        (((math.nan, 1.0),), False),
        (((None, None),), False),
        ((), False),
    ],
)
def test_close_is_what_is_lost_within_twice_the_bound(
    errors: tuple[tuple[float | None, float | None], ...], *, close: bool
) -> None:
    wrong = [
        Evidence(fixture="a", outcome="wrong", error=error, bound=bound) for error, bound in errors
    ]
    far = Evidence(fixture="shown", outcome="wrong", error=9.0, bound=1.0, scored=False)
    held = Evidence(fixture="b", outcome="ok", error=0.1, bound=1.0)
    evidence = (held, far, *wrong)
    verdict = Verdict("a", "partial", 0.5, evidence=evidence)
    (row,) = score(rubric({"id": "a", "points": 2}), {"a": verdict}).rows
    assert row.close is close


def test_what_a_person_decided_is_not_open() -> None:
    made = rubric({"id": "a", "points": 2}, {"id": "b", "points": 2, "check": "manual"})
    rows = score(made, {}).rows
    assert open_reasons(rows) == ("waits for a mark by hand: b", "could not be judged: a")
    assert open_reasons(rows, {"a"}) == ("waits for a mark by hand: b",)
    assert open_reasons(rows, {"a", "b", None}) == ()
