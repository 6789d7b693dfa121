from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.gradebook import Gradebook
from grader.core.handin import Handin, Identities, Student
from grader.core.report import Attempt, Policy, Report
from grader.deciding.book import due_of, gradebook
from grader.deciding.decide import decided
from tests.deciding.samples import chain, entry, report, row


def made(source: str, points: float = 4.0, **more: Any) -> Report:
    return report(row("values", "partial", points), source=source, **more)


def handin(about: Report, *students: str, **attempt: Any) -> Handin:
    facts = about.submission
    return Handin(
        submission=facts.id,
        source=facts.source,
        sha256=facts.sha256,
        filename=facts.source,
        students=students,
        attempt=Attempt(**attempt),
    )


def known(*handins: Handin, listed: str = "", **more: Any) -> Identities:
    keys = sorted({key for one in handins for key in one.students} | set(listed))
    return Identities(
        students=tuple(Student(key=key, listed=key in listed) for key in keys),
        handins=handins,
        **more,
    )


def book(identities: Identities, *reports: Report, ledger: Any = ()) -> Gradebook:
    handins = {one.submission: one for one in identities.handins}
    found = [decided(one, ledger, handins.get(one.submission.id)) for one in reports]
    return gradebook(found, identities, ledger, rubric="sample", title="Sample")


def keys(found: Gradebook) -> dict[str, list[str]]:
    return {
        line.report.submission.source: [one.key for one in line.students] for line in found.lines
    }


@st.composite
def classes(draw: st.DrawFn) -> tuple[Identities, list[Report]]:
    """Anybody with anybody, in several attempts, some without a report."""
    reports, handins = [], []
    for at in range(draw(st.integers(0, 7))):
        unread = draw(st.integers(0, 4)) == 0
        one = report(source=f"{at}") if unread else made(f"{at}", draw(st.integers(0, 4)))
        students = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3))
        moment = draw(st.sampled_from((None, "2026-11-01T00:00Z", "2026-11-02T00:00", "soon")))
        if draw(st.integers(0, 5)):
            number = draw(st.integers(1, 2))
            handins.append(handin(one, *students, number=number, submitted_at=moment))
        if draw(st.integers(0, 5)):
            reports.append(one)
    policy = draw(st.sampled_from(("latest", "best")))
    return known(*handins, listed=draw(st.sampled_from(("", "abcdef"))), policy=policy), reports


@given(classes(), st.randoms())
def test_no_student_is_twice_and_nobody_is_lost(
    case: tuple[Identities, list[Report]], random: Any
) -> None:
    identities, reports = case
    found = book(identities, *reports)
    times = Counter(one.key for line in found.lines for one in line.students)
    times.update(one.key for one in found.missing)
    assert set(times.values()) <= {1}
    there = {one.submission.id for one in reports}
    reported = {
        key for one in identities.handins if one.submission in there for key in one.students
    }
    assert reported <= set(times)
    assert {one.key for one in identities.students if one.listed} <= set(times)
    # and no report: each counts or another does
    counting = {line.report.submission.id for line in found.lines}
    assert len(counting) == len(found.lines)
    assert counting | {one for one, _ in found.others} == there
    assert {other for _, other in found.others} <= counting
    assert not counting & {one for one, _ in found.others}
    random.shuffle(reports)
    assert book(identities, *reports) == found


def test_the_latest_attempt_counts_and_of_its_files_the_best() -> None:
    one, two, three = made("1", 4), made("2", 1), made("3", 2)
    facts = known(
        handin(one, "a", number=1), handin(two, "a", number=2), handin(three, "a", number=2)
    )
    found = book(facts, one, two, three)
    assert keys(found) == {"3": ["a"]}
    assert found.others == (("1", "3"), ("2", "3"))


def test_the_time_decides_where_the_number_does_not() -> None:
    one, two = made("1", 1), made("2", 4)
    facts = known(
        handin(one, "a", submitted_at="2026-11-02T00:30:00+01:00"),
        handin(two, "a", submitted_at="2026-11-01T23:00:00+00:00"),
    )
    assert keys(book(facts, one, two)) == {"1": ["a"]}


def test_the_best_attempt_counts_where_that_is_the_policy() -> None:
    one, two, open_ = made("1", 3), made("2", 1), report(
        row("values", "partial", 2.0), row("essay", "pending"), source="3"
    )  # fmt: skip
    handins = tuple(handin(each, "a", number=at) for at, each in enumerate((one, two, open_), 1))
    assert keys(book(known(*handins, policy="best"), one, two, open_)) == {"1": ["a"]}
    assert keys(book(known(*handins[1:], policy="best"), two, open_)) == {"3": ["a"]}


def test_who_leaves_a_group_counts_alone() -> None:
    together, alone = made("1"), made("2")
    facts = known(handin(together, "a", "b", number=1), handin(alone, "b", number=2))
    assert keys(book(facts, together, alone)) == {"1": ["a"], "2": ["b"]}


def test_reports_of_nobody_count_for_themselves() -> None:
    one, two = made("1"), made("2")
    found = book(Identities(), one, two)
    assert keys(found) == {"1": [], "2": []}
    assert [line.handin for line in found.lines] == [None, None]


def test_missing_are_those_of_the_roster_without_a_report() -> None:
    one = made("1")
    found = book(known(handin(one, "a"), listed="ab"), one)
    assert [student.key for student in found.missing] == ["b"]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (made("1", 2.5), ("2.50", "2.50", False, "")),
        (
            report(row("values", "partial", 2.5), row("essay", "pending"), source="1"),
            (None, "2.50", False, "waits for a mark by hand: essay"),
        ),
        (report(source="1"), (None, None, False, "could not be graded: not a notebook")),
    ],
)
def test_marks_and_why_there_is_none(about: Report, expected: tuple[Any, ...]) -> None:
    (line,) = book(Identities(), about).lines
    shown = tuple(None if one is None else str(one) for one in (line.mark, line.partial))
    assert (*shown, line.excused, line.why_open) == expected


def test_an_excuse_is_no_mark_and_not_open() -> None:
    about = made("1")
    (line,) = book(Identities(), about, ledger=chain(entry("excuse", about))).lines
    assert (line.mark, line.partial, line.excused, line.why_open) == (None, None, True, "")


def test_clashes_are_told_and_leave_the_mark_open() -> None:
    about = report(row("values", "partial", 2.5), row("essay", "pending"), source="1")
    ledger = chain(*(entry("mark", about, criterion="essay", points=at, by=f"m{at}")
                     for at in (1, 2)))  # fmt: skip
    found = book(Identities(), about, ledger=ledger)
    assert found.clashes == (ledger,)
    assert found.lines[0].mark is None
    assert "different decisions about essay" in found.lines[0].why_open


def test_decisions_that_reach_nobody_are_stale() -> None:
    old, new, gone = made("1"), made("2"), made("gone")
    ledger = chain(
        entry("comment", old, reason="old"),
        entry("comment", new, reason="new"),
        entry("comment", gone, reason="gone"),
    )
    facts = known(handin(old, "a", number=1), handin(new, "a", number=2))
    found = book(facts, old, new, ledger=ledger)
    assert [(one.entry.reason, one.why) for one in found.stale] == [
        ("old", "made for an attempt that does not count: 2 does"),
        ("gone", "its submission is not among the reports"),
    ]


@pytest.mark.parametrize(("bonus", "most"), [("on-top", "6.00"), ("fills-up", "4.00")])
def test_how_much_there_is(bonus: Any, most: str) -> None:
    rows = (row("values", "passed", 4.0), row("extra", "passed", 2.0, bonus=True, max_points=2.0))
    found = book(Identities(), report(*rows, policy=Policy(bonus=bonus)))
    assert (str(found.maximum), str(found.most)) == ("4.00", most)
    assert str(found.lines[0].mark) == most
    assert book(Identities()).maximum == Decimal(0)


def test_what_students_see_holds_no_hidden_criterion() -> None:
    about = report(row("secret", "passed", 1.0, visibility="hidden"), row("a"), source="1")
    (line,) = book(Identities(), about).lines
    assert [one.id for one in line.view.criteria] == ["a"]


def test_a_group_has_until_the_latest_date_of_its_members() -> None:
    dates = {"a": "2026-11-02T00:30:00+01:00", "b": "2026-11-02T00:00:00+00:00", "c": None}
    facts = Identities(students=tuple(Student(key=key, due=due) for key, due in dates.items()))
    assert due_of(facts, handin(made("1"), "a", "b", "c")) == dates["b"]
    assert due_of(facts, handin(made("1"), "c", "x")) is None
    assert due_of(facts, None) is None
