from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.decision import Entry
from grader.deciding.ledger import (
    Damaged,
    appended,
    in_force,
    line_of,
    mistake,
    parse,
    standing,
    without,
)
from tests.deciding.samples import AT, chain, entry, whole

REPORT = whole()


def mark(points: float, by: str = "ann", supersedes: str | None = None) -> Entry:
    return entry("mark", REPORT, criterion="essay", points=points, by=by, supersedes=supersedes)


def void(place: int, by: str = "ann") -> Entry:
    return entry("void", REPORT, supersedes=str(place), by=by)


def given_points(*entries: Entry) -> list[float | None]:
    return [one.points for one in in_force(chain(*entries)).entries]


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Any sequence, sensible or not: of two submissions, by three people."""
    made: list[Entry] = []
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(("comment", "excuse", "extension", "mark", "override", "void")))
        of_whole = kind in ("excuse", "extension", "void") or draw(st.booleans())
        new = Entry(
            at=AT,
            by=draw(st.sampled_from(("ann", "ben", "çem"))),
            submission=draw(st.sampled_from(("a-1", "b-2"))),
            sha256="0" * 64,
            criterion=None if of_whole else draw(st.sampled_from(("essay", "values"))),
            kind=kind,
            points=draw(st.sampled_from((0.0, 1.25))) if kind in ("mark", "override") else None,
            until=draw(st.sampled_from((AT, "2026-12-01T00:00+01:00")))
            if kind == "extension"
            else None,
            reason=draw(st.text(max_size=5)),
            supersedes=draw(st.sampled_from([None, *(one.id for one in made)])),
        )
        made.append(appended(made, new))
    return tuple(made)


@given(ledgers())
def test_of_one_kind_about_one_thing_at_most_one_holds(entries: tuple[Entry, ...]) -> None:
    found = in_force(entries)
    told = [(one.submission, one.criterion, one.kind) for one in found.entries]
    once = [one for one in told if one[2] != "comment"]
    assert len(once) == len(set(once))
    clashing = [(one.entries[0].submission, one.entries[0].criterion, one.entries[0].kind)
                for one in found.clashes]  # fmt: skip
    assert not set(clashing) & set(told)
    for clash in found.clashes:
        assert len({one.by for one in clash.entries}) == len(clash.entries) > 1
    assert "void" not in {one.kind for one in found.entries}


@given(ledgers(), ledgers())
def test_what_was_closed_once_never_holds_again(
    before: tuple[Entry, ...], more: tuple[Entry, ...]
) -> None:
    longer = chain(*before, *(one.model_copy(update={"supersedes": None}) for one in more))
    closed = set(before) - set(standing(before))
    assert not closed & set(standing(longer))


@given(ledgers())
def test_what_holds_holds_by_itself(entries: tuple[Entry, ...]) -> None:
    found = in_force(entries)
    assert in_force(found.entries).entries == found.entries
    one = [each for each in found.entries if each.submission == "a-1"]
    assert list(in_force(e for e in entries if e.submission == "a-1").entries) == one


def test_the_same_person_may_think_again() -> None:
    assert given_points(mark(1), mark(2)) == [2]


def test_two_markers_who_differ_clash_and_neither_is_applied() -> None:
    found = in_force(chain(mark(1), mark(2, "ben")))
    assert found.entries == ()
    assert [one.by for one in found.clashes[0].entries] == ["ann", "ben"]


def test_two_markers_who_agree_do_not_clash() -> None:
    assert given_points(mark(2), mark(2, "ben")) == [2]


def test_naming_what_it_supersedes_wins() -> None:
    assert given_points(mark(1), mark(2, "ben", supersedes="0")) == [2]


def test_one_marker_ends_a_clash_by_superseding_the_other() -> None:
    assert given_points(mark(1), mark(2, "ben"), mark(3, "ben", supersedes="0")) == [3]


def test_a_third_person_leaves_a_clash_they_did_not_name_whole() -> None:
    found = in_force(chain(mark(1), mark(2, "ben"), mark(3, "çem", supersedes="0")))
    assert [one.by for one in found.clashes[0].entries] == ["ben", "çem"]


def test_an_override_ends_a_clash_of_marks() -> None:
    settled = entry("override", REPORT, criterion="essay", points=1.5, by="lead")
    found = in_force(chain(mark(1), mark(2, "ben"), settled))
    assert [one.kind for one in found.entries] == ["override"]
    assert found.clashes == ()


def test_a_void_takes_back_and_taking_it_back_brings_nothing_back() -> None:
    assert given_points(mark(1), void(0, "ben")) == []
    assert given_points(mark(1), void(0, "ben"), void(1, "ben")) == []
    # nor does what a person said before they thought again
    assert given_points(mark(1), mark(2), void(1)) == []
    assert given_points(mark(1), mark(2, "ben", supersedes="0"), void(1)) == []


def test_another_submissions_entry_closes_nothing() -> None:
    other = mark(3, "ben", supersedes="0").model_copy(update={"submission": "other"})
    assert given_points(mark(1), other) == [1, 3]


def test_comments_stand_beside_each_other_until_superseded() -> None:
    one = entry("comment", REPORT, reason="one")
    two = entry("comment", REPORT, reason="two", by="ben")
    three = entry("comment", REPORT, reason="three", supersedes="0")
    assert [each.reason for each in in_force(chain(one, two, three)).entries] == ["two", "three"]


# The file. ---------------------------------------------------------------------------------------


def as_file(entries: tuple[Entry, ...]) -> bytes:
    return b"".join(map(line_of, entries))


@given(ledgers())
def test_a_ledger_comes_back(entries: tuple[Entry, ...]) -> None:
    assert parse(as_file(entries)) == entries
    assert as_file(entries).count(b"\n") == len(entries)


@given(ledgers(), st.data())
def test_a_line_that_is_changed_or_gone_is_seen(
    entries: tuple[Entry, ...], data: st.DataObject
) -> None:
    if len(entries) < 2:
        return
    at = data.draw(st.integers(0, len(entries) - 2))
    lines = [line_of(one) for one in entries]
    with pytest.raises(Damaged, match=f"line {at + 1} "):
        parse(b"".join((*lines[:at], *lines[at + 1 :])))
    changed = entries[at].model_copy(update={"by": "somebody else"})
    with pytest.raises(Damaged, match=f"line {at + 1} was changed"):
        parse(b"".join((*lines[:at], line_of(changed), *lines[at + 1 :])))


@given(st.binary(max_size=60))
def test_whatever_the_file_is_it_is_read_or_named(data: bytes) -> None:
    if not data:
        assert parse(data) == ()
        return
    with pytest.raises(Damaged) as caught:
        parse(data)
    assert 1 <= caught.value.line <= data.count(b"\n") + 1


@given(ledgers(), st.integers(1, 400))
def test_a_torn_last_line_is_told_apart(entries: tuple[Entry, ...], cut: int) -> None:
    data = as_file(entries)
    torn = data[: max(0, len(data) - cut)]
    if torn.endswith(b"\n") or not torn:
        assert parse(torn) == entries[: torn.count(b"\n")]
        return
    with pytest.raises(Damaged, match="is cut off") as caught:
        parse(torn)
    assert caught.value.torn
    assert caught.value.line == torn.count(b"\n") + 1


@pytest.mark.parametrize(
    "line",
    [b"{}\n", b"[]\n", b"1\n", b"\n", b"null\n", b'{"kind": "praise"}\n', b"[" * 9999 + b"\n"],
)
def test_a_line_that_is_no_decision_is_named(line: bytes) -> None:
    good = as_file(chain(mark(1)))
    with pytest.raises(Damaged, match="line 2 is no decision") as caught:
        parse(good + line)
    assert not caught.value.torn


def test_a_stored_ledger_is_read_by_every_later_version() -> None:
    """Golden: the digest must not depend on fields that are added with a default."""
    lines = (
        '{"id": "e-ID", "at": "2026-11-23T20:00:00+00:00", "by": "ann", "submission": "a-1", '
        '"sha256": "00", "criterion": "essay", "definition": "d1", "kind": "mark", "points": 2.5, '
        '"reason": "good"}\n'
    )
    told = lines.replace("e-ID", "e-2e9201f7d0301612")
    (found,) = parse(told.encode())
    assert (found.points, found.by, found.was) == (2.5, "ann", None)
    assert json.loads(line_of(found)) == json.loads(told)


def test_hostile_texts_become_plain_and_never_break_the_file() -> None:
    nasty = entry("comment", REPORT, reason="a\u202e\x1b[2J\nb", by="\n" * 100)
    (made,) = chain(nasty)
    assert parse(line_of(made)) == (made,)
    assert made.reason == "a\\u202e\\x1b[2J\nb"
    assert "\n" not in made.by


@given(ledgers())
def test_forgetting_leaves_one_line_and_no_name(entries: tuple[Entry, ...]) -> None:
    kept = without(entries, {"a-1"}, by="lead", at=AT)
    others = [one for one in entries if one.submission == "b-2"]
    removed = len(entries) - len(others)
    assert parse(as_file(kept)) == kept
    if not removed:
        assert kept == entries
        return
    assert b"a-1" not in as_file(kept)
    assert str(removed) in kept[-1].reason
    assert (kept[-1].by, kept[-1].at) == ("lead", AT)
    told = [one.model_dump(exclude={"id", "supersedes"}) for one in others]
    assert [one.model_dump(exclude={"id", "supersedes"}) for one in kept[:-1]] == told
    # who supersedes whom stays
    places = {one.id: at for at, one in enumerate(others)}
    again = {one.id: at for at, one in enumerate(kept)}
    assert [places.get(one.supersedes or "") for one in others] == [
        again.get(one.supersedes or "") for one in kept[:-1]
    ]
    held = [one.model_dump(exclude={"id", "supersedes"}) for one in in_force(others).entries]
    assert [one.model_dump(exclude={"id", "supersedes"}) for one in in_force(kept).entries] == held


# What may be added. ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (mark(1), ""),
        (void(0), ""),
        (entry("excuse", REPORT, reason=""), ""),
        (entry("extension", REPORT, until=AT), ""),
        (entry("override", REPORT, points=3), ""),
        (entry("mark", REPORT, points=1), "a mark is of one criterion"),
        (entry("mark", REPORT, criterion="essay"), "points belong to"),
        (entry("excuse", REPORT, points=1), "points belong to"),
        (entry("excuse", REPORT, criterion="essay"), "of the whole submission"),
        (entry("extension", REPORT), "a date belongs to"),
        (entry("extension", REPORT, until="tomorrow"), "with a zone, found tomorrow"),
        (entry("extension", REPORT, until="2026-12-01T00:00"), "with a zone"),
        (entry("override", REPORT, points=3, reason=" "), "an override needs a reason"),
        (entry("comment", REPORT, reason=""), "a comment needs a reason"),
        (entry("void", REPORT), "the entry that it takes back"),
        (mark(1).model_copy(update={"at": "noon"}), "a time with a zone"),
        (mark(1).model_copy(update={"submission": ""}), "about no submission"),
    ],
)
def test_what_makes_no_sense_is_told(new: Entry, said: str) -> None:
    assert said in mistake(new)
    assert bool(said) == bool(mistake(new))
