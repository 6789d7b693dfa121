from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.decision import Entry, Kind, Was, criterion_digest
from grader.core.handin import Handin
from grader.core.report import Adjustment, Attempt, Cap, CriterionResult, Late, Policy, Report
from grader.deciding.decide import (
    Decided,
    decided,
    entry_for,
    excused,
    so_far,
    undecided,
    was_of,
)
from grader.judging.judge import judge
from grader.judging.score import capped
from grader.reporting.assemble import assemble
from grader.reporting.student import student_view
from tests.builders import criterion, exam, fixture, identity_answers, ran, record
from tests.deciding.samples import AT, chain, entry, report, row, total, whole

REPORT = whole()
UNREAD = report()
LATE = Policy(late=Late(per_day=0.1, most=0.5, grace_minutes=10))


def mark(points: float, **more: Any) -> Entry:
    return entry("mark", REPORT, criterion="essay", points=points, **more)


def override(criterion: str | None, points: float, **more: Any) -> Entry:
    return entry("override", REPORT, criterion=criterion, points=points, **more)


def handin(about: Report, **attempt: Any) -> Handin:
    facts = about.submission
    return Handin(
        submission=facts.id,
        source=facts.source,
        sha256=facts.sha256,
        filename="work.ipynb",
        students=("s-1", "s-2"),
        attempt=Attempt(**attempt),
    )


def after(*entries: Entry, about: Report = REPORT, **more: Any) -> Decided:
    return decided(about, chain(*entries), **more)


def line(made: Report, identifier: str) -> CriterionResult:
    return next(one for one in made.criteria if one.id == identifier)


def extras(made: Report) -> list[tuple[str, str | None, float]]:
    return [(one.kind, one.criterion, one.points) for one in made.adjustments]


# Whatever is decided. ----------------------------------------------------------------------------

POINTS = st.integers(0, 400).map(lambda cents: cents / 100)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    rows = []
    for at in range(draw(st.integers(0, 4))):
        status = draw(st.sampled_from(("passed", "partial", "failed", "error", "pending")))
        open_ = status in ("pending", "error")
        bonus = status != "pending" and draw(st.booleans())
        rows.append(row(f"c{at}", status, 0.0 if open_ else draw(POINTS), bonus=bonus))
    policy = Policy(
        bonus=draw(st.sampled_from(("on-top", "fills-up"))),
        late=draw(st.sampled_from((None, LATE.late))),
    )
    earned = sum(one.points for one in rows)
    taken = -min(draw(POINTS), round(earned, 2))  # a cap never takes more than was earned
    cap = Adjustment(kind="cap", criterion="c0", points=taken, reason="R", by="rubric")
    back = Adjustment(
        kind="follow-through", criterion="c0", points=draw(POINTS), reason="R", by="rubric"
    )
    some = (cap, back) if rows and draw(st.booleans()) else ()
    return report(*rows, policy=policy, adjustments=some)


@st.composite
def decisions(draw: st.DrawFn, about: Report) -> tuple[Entry, ...]:
    names = [one.id for one in about.criteria]
    made: list[Entry] = []
    for _ in range(draw(st.integers(0, 8))):
        kind: Kind = draw(
            st.sampled_from(("comment", "excuse", "extension", "mark", "override", "void"))
        )
        of_whole = kind in ("excuse", "extension", "void") or not names or draw(st.booleans())
        made.append(
            entry(
                kind,
                about,
                by=draw(st.sampled_from(("ann", "ben"))),
                criterion=None if of_whole else draw(st.sampled_from(names)),
                points=draw(POINTS) if kind in ("mark", "override") else None,
                until="2026-12-01T00:00:00Z" if kind == "extension" else None,
                supersedes=str(draw(st.integers(0, len(made) - 1))) if made else None,
            )
            if made or kind != "void"
            else entry("comment", about)
        )
    return chain(*made)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Report, tuple[Entry, ...], Handin | None]:
    about = draw(reports())
    seconds = draw(st.sampled_from((None, 0, 601, 90_000, 10**7)))
    flag = draw(st.sampled_from((None, False, True)))
    known = handin(about, late_seconds=seconds, late_flag=flag, submitted_at=AT)
    return about, draw(decisions(about)), draw(st.sampled_from((None, known)))


@given(cases())
def test_deciding_twice_is_deciding_once(case: tuple[Report, Any, Any]) -> None:
    about, entries, known = case
    once = decided(about, entries, known)
    assert decided(once.report, entries, known) == once
    assert undecided(once.report) == about
    assert decided(once.report).report == about
    assert Report.model_validate_json(once.report.model_dump_json()) == once.report


@given(cases())
def test_the_final_mark_is_the_sum_to_the_cent(case: tuple[Report, Any, Any]) -> None:
    made = decided(*case).report
    assert (made.final.score is None) == (made.status != "graded" or excused(made))
    if made.final.score is not None:
        assert Decimal(repr(made.final.score)) == total(made)
        assert made.final.score >= 0
        assert so_far(made) == total(made)
    if made.status == "needs_person":
        assert made.reason
    free = {one.criterion for one in made.adjustments if one.kind == "override"}
    if case[0].rubric.policy.bonus == "fills-up" and not free and made.final.score is not None:
        assert made.final.score <= made.final.max


@given(cases(), st.randoms())
def test_the_order_of_decisions_about_different_things_does_not_matter(
    case: tuple[Report, tuple[Entry, ...], Handin | None], random: Any
) -> None:
    about, entries, known = case
    free = [one.model_copy(update={"supersedes": None}) for one in entries]
    told = {(one.kind, one.criterion): one for one in free}
    some = [one.model_copy(update={"id": str(at)}) for at, one in enumerate(told.values())]
    first = decided(about, some, known)
    random.shuffle(some)
    second = decided(about, some, known)
    assert second.report == first.report
    assert sorted(map(str, second.stale)) == sorted(map(str, first.stale))


def test_a_report_as_the_grader_makes_it_is_undecided() -> None:
    made = exam(
        (
            criterion("values", fixtures=("a",)),
            criterion("extra", fixtures=("a",), bonus=True),
            criterion("essay", "manual"),
        ),
        (fixture("a/1"),),
    )
    made = replace(made, rubric=made.rubric.model_copy(update={"bonus": "fills-up"}))
    right = ran(identity_answers(made))
    good = record(made, right)
    for kept in (good, replace(good, ungradable="no notebook"), replace(good, fault="it broke")):
        about = assemble(kept, made, judge(kept, made))
        assert undecided(about) == about
    golden = Path(__file__).parents[1] / "store" / "golden" / "report-1.0.json"
    about = Report.model_validate_json(golden.read_bytes())
    assert undecided(about) == about


# Single kinds. -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "status"), [(3.0, "passed"), (1.005, "partial"), (0.0, "failed")]
)
def test_a_mark_settles_its_row(points: float, status: str) -> None:
    made = after(mark(points, reason="well said", by="ann")).report
    found = line(made, "essay")
    assert (found.status, found.points) == (status, round(points + 1e-9, 2))
    assert found.marked is not None
    assert (found.marked.by, found.marked.comment) == ("ann", "well said")
    assert found.feedback == line(REPORT, "essay").feedback
    assert made.manual.score == found.points
    assert made.automatic == REPORT.automatic
    # what the grader could not judge still waits
    assert (made.status, made.reason) == ("needs_person", "could not be judged: broken")


def test_marks_that_clash_leave_the_row_open() -> None:
    found = after(mark(1), mark(2, by="ben"))
    assert line(found.report, "essay").status == "pending"
    assert len(found.clashes) == 1
    assert found.applied == ()


def test_a_stale_mark_does_not_clash_with_a_fresh_one() -> None:
    found = after(mark(1, definition="of another rubric"), mark(2, by="ben"))
    assert line(found.report, "essay").points == 2
    assert [one.entry.points for one in found.stale] == [1]
    assert found.clashes == ()


def test_an_override_leaves_the_verdict_and_changes_the_sum() -> None:
    found = after(override("batch", 4.0, reason="a typo of ours")).report
    assert line(found, "batch") == line(REPORT, "batch")
    assert extras(found) == [("override", "batch", 2.5)]
    (said,) = found.adjustments
    assert (said.reason, said.by, said.at) == ("a typo of ours", "ann", AT)
    assert said.entry


def test_an_override_closes_what_the_grader_could_not_judge_even_with_no_points() -> None:
    made = after(mark(3), override("broken", 0.0)).report
    assert (made.status, made.reason, made.final.score) == ("graded", "", 10.5)
    assert line(made, "broken").status == "error"


def test_an_override_counts_against_what_a_repair_gave_back() -> None:
    back = Adjustment(
        kind="follow-through", criterion="batch", points=1.25, reason="R", by="rubric"
    )
    made = report(row("batch", "partial", 1.5), adjustments=(back,))
    new = entry("override", made, criterion="batch", points=4.0)
    after_ = decided(made, chain(new)).report
    assert extras(after_) == [("follow-through", "batch", 1.25), ("override", "batch", 1.25)]
    assert after_.final.score == 4


def test_an_override_outranks_marks_of_its_row() -> None:
    made = after(mark(1), mark(2, by="ben"), override("essay", 2.5, by="lead"))
    assert made.clashes == ()
    assert made.report.manual.score == 2.5
    assert "waits" not in made.report.reason


def test_an_override_of_the_whole_is_the_final_mark() -> None:
    late = report(row("values", "passed", 4.0), policy=LATE)
    new = entry("override", late, points=3.25)
    found = decided(late, chain(new), handin(late, late_seconds=10**6))
    assert (found.report.status, found.report.final.score) == ("graded", 3.25)
    assert extras(found.report) == [("override", None, -0.75)]
    assert after(override(None, 1.0)).report.status == "graded"


def test_an_override_makes_the_ungradable_graded_and_is_undone() -> None:
    made = decided(UNREAD, chain(entry("override", UNREAD, points=5))).report
    assert (made.status, made.final.score, made.reason) == ("graded", 5, "not a notebook")
    assert undecided(made) == UNREAD
    assert so_far(UNREAD) is None


@pytest.mark.parametrize("about", [REPORT, UNREAD])
def test_an_excuse_is_no_mark(about: Report) -> None:
    made = decided(about, chain(entry("excuse", about, reason="ill"))).report
    assert (made.status, made.final.score) == ("graded", None)
    assert excused(made)
    assert extras(made) == [("excuse", None, 0.0)]
    assert so_far(made) is None
    assert undecided(made) == about


def test_comments_are_words_without_points() -> None:
    made = after(entry("comment", REPORT, reason="see me"), entry("comment", REPORT, by="ben",
                 reason="nice plot", criterion="values")).report  # fmt: skip
    assert [(one.kind, one.criterion, one.reason) for one in made.adjustments] == [
        ("comment", None, "see me"),
        ("comment", "values", "nice plot"),
    ]


def test_a_mark_is_never_below_nothing() -> None:
    cap = Adjustment(kind="cap", criterion="batch", points=-3.0, reason="R", by="rubric")
    made = report(row("values", "passed", 4.0), row("batch", "failed"), adjustments=(cap,))
    found = decided(made, chain(entry("override", made, criterion="values", points=0))).report
    assert extras(found)[-1] == ("floor", None, 3.0)
    assert found.final.score == 0


TWO_CAPS = (
    Cap(failed="own", score=3, reason="the first"),
    Cap(failed="batch", score=2, reason="the second"),
)


@pytest.mark.parametrize(
    ("given", "back", "final"),
    [
        ({}, None, 2),
        ({"own": 0}, None, 2),  # still nothing: it has failed
        ({"own": 1}, None, 3),  # the second one takes all of it
        ({"batch": 1}, 1, 4),
        ({"batch": 4, "own": 4}, 2, 12),
        ({"values": 3}, None, 1),  # a decision comes after caps
    ],
)
def test_a_cap_is_given_back_with_the_criterion_it_hangs_on(
    given: dict[str, float], back: float | None, final: float
) -> None:
    rows = (row("values", "passed", 4.0), row("batch", "failed"), row("own", "failed"))
    made = report(
        *rows,
        policy=Policy(caps=TWO_CAPS),
        adjustments=capped(TWO_CAPS, {"batch", "own"}, Decimal(4)),
    )
    new = (entry("override", made, criterion=name, points=points) for name, points in given.items())
    found = decided(made, chain(*new)).report
    assert [points for kind, _, points in extras(found) if kind == "cap-lifted"] == (
        [] if back is None else [back]
    )
    assert found.final.score == final
    assert undecided(found) == made


# Stale. ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (mark(1).model_copy(update={"sha256": "1" * 64}), "the file is another one now"),
        (mark(1).model_copy(update={"criterion": "gone"}), "no criterion gone any more"),
        (mark(1, definition="other"), "essay has changed since"),
        (mark(3.5), "essay has no more than 3 points"),
        (entry("mark", REPORT, criterion="values", points=1), "it takes an override"),
        (override("batch", 1, was=Was(points=4, status="passed")), "was passed, 4, and is partial"),
        (override(None, 1, was=Was(points=9, status="graded")), "was graded, 9, and is needs_"),
        (entry("extension", REPORT, until="soon"), "expected a date"),
        (entry("excuse", REPORT, criterion="essay"), "of the whole submission"),
    ],
)
def test_what_does_not_fit_any_more_is_listed_and_not_applied(new: Entry, why: str) -> None:
    found = after(new)
    assert [one.entry.kind for one in found.stale] == [new.kind]
    assert why in found.stale[0].why
    assert found.report == REPORT


def test_decisions_about_others_are_passed_over() -> None:
    other = mark(1).model_copy(update={"submission": "other"})
    assert after(other) == Decided(REPORT)


def test_what_a_decision_is_about_is_kept_with_it() -> None:
    made = after(mark(1), override("batch", 2)).report
    new = entry_for(made, "override", by="lead", at=AT, criterion="batch", points=3, reason="R")
    assert new.was == was_of(REPORT, "batch") == Was(points=1.5, status="partial")
    assert new.definition == criterion_digest(line(REPORT, "batch"))
    new = entry_for(made, "mark", by="lead", at=AT, criterion="essay", points=3)
    assert new.was is None
    assert was_of(made, None) == Was(points=7.5, status="needs_person")
    assert was_of(made, "gone") is None
    with pytest.raises(ValueError, match="no criterion gone"):
        entry_for(made, "mark", by="lead", at=AT, criterion="gone", points=3)
    with pytest.raises(ValueError, match="no more than 3 points"):
        entry_for(made, "mark", by="lead", at=AT, criterion="essay", points=4)
    with pytest.raises(ValueError, match="needs a reason"):
        entry_for(made, "comment", by="lead", at=AT)


# Bonus and lateness. -----------------------------------------------------------------------------


def test_a_bonus_fills_up_to_the_maximum_and_decisions_count_first() -> None:
    fills = Policy(bonus="fills-up")
    rows = (row("values", "partial", 3.0), row("extra", "passed", 2.0, bonus=True))
    made = report(*rows, policy=fills)
    assert extras(made) == [("fills-up", None, -1.0)]
    assert made.final.score == 4
    lower = decided(made, chain(entry("override", made, criterion="values", points=1))).report
    assert extras(lower) == [("override", "values", -2.0)]
    assert lower.final.score == 3
    assert report(*rows).final.score == 5


@pytest.mark.parametrize(
    ("attempt", "taken"),
    [
        ({"late_seconds": 0}, 0.0),
        ({"late_seconds": 600}, 0.0),
        ({"late_seconds": 601}, -0.8),
        ({"late_seconds": 600 + 86_400}, -0.8),
        ({"late_seconds": 601 + 86_400}, -1.6),
        ({"late_seconds": 10**9}, -3.0),
        ({"late_flag": True}, 0.0),
    ],
)
def test_lateness_costs_what_the_rubric_says(attempt: dict[str, Any], taken: float) -> None:
    made = report(row("a", "partial", 2.0), row("b", "partial", 1.0), policy=LATE)
    found = decided(made, (), handin(made, **attempt))
    assert [points for kind, _, points in extras(found.report)] == ([taken] if taken else [])
    assert found.report.final.score == 3.0 + taken
    assert bool(found.notes) == ("late_flag" in attempt)
    facts = found.report.submission
    assert (facts.submitters, facts.attempt.late_seconds) == (
        ("s-1", "s-2"),
        attempt.get("late_seconds"),
    )


def test_without_a_policy_lateness_is_recorded_and_costs_nothing() -> None:
    found = decided(REPORT, (), handin(REPORT, late_seconds=9999))
    assert found.report.adjustments == ()
    assert found.report.submission.attempt.late_seconds == 9999


@pytest.mark.parametrize(
    ("attempt", "due", "seconds", "noted"),
    [
        # handed in at AT, two days after the date; allowed until a day before AT
        ({"submitted_at": AT, "late_seconds": 172_800}, None, 86_400, False),
        ({"submitted_at": AT}, "2026-11-21T20:00:00Z", 86_400, False),
        ({"late_seconds": 172_800}, "2026-11-21T20:00:00Z", 86_400, False),
        ({"late_seconds": 172_800}, None, None, True),
        ({"late_flag": True}, "2026-11-21T20:00:00Z", None, True),
        ({"late_seconds": 0}, None, 0, False),
        # an extension that ends before the date takes nothing away
        ({"submitted_at": AT, "late_seconds": 0}, "2026-11-30T20:00:00Z", 0, False),
        ({}, None, None, False),
    ],
)
def test_an_extension_moves_the_date(
    attempt: dict[str, Any], due: str | None, seconds: int | None, *, noted: bool
) -> None:
    until = entry("extension", REPORT, until="2026-11-22T21:00:00+01:00")
    found = after(until, handin=handin(REPORT, **attempt), due=due)
    assert found.report.submission.attempt.late_seconds == seconds
    assert any("extension" in note for note in found.notes) == noted


# What the student sees. --------------------------------------------------------------------------


def test_the_view_tells_why_and_not_who() -> None:
    made = after(
        mark(2, by="MARKER", reason="well said"),
        override("batch", 4, by="MARKER", reason="our fault"),
        entry("comment", REPORT, by="MARKER", reason="see me"),
        override("broken", 1, by="MARKER", reason="read by hand"),
    ).report
    seen = student_view(made)
    text = seen.model_dump_json()
    for told in ("well said", "our fault", "see me", "read by hand"):
        assert told in text
    assert "MARKER" not in text
    assert AT not in seen.model_copy(update={"run": REPORT.run.model_copy(update={"at": ""})}
                                     ).model_dump_json()  # fmt: skip
    assert all(one.entry is None for one in seen.adjustments)
    assert "a person will" not in line(seen, "broken").feedback
    assert student_view(seen) == seen


def test_the_view_does_not_tell_a_group_why_one_is_excused() -> None:
    made = after(entry("excuse", REPORT, reason="ill since May")).report
    assert "ill since May" not in student_view(made).model_dump_json()
    assert excused(student_view(made))


def test_the_view_drops_decisions_about_hidden_criteria() -> None:
    made = report(row("a", "passed", 4.0), row("secret", "error", visibility="hidden"))
    found = decided(made, chain(entry("override", made, criterion="secret", points=1))).report
    seen = student_view(found)
    assert "secret" not in seen.model_dump_json()
    assert (seen.final, seen.status) == (found.final, "graded")
