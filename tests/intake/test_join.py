"""Claims and roster joined."""

from __future__ import annotations

from grader.core.handin import Student, student_key
from grader.intake import Claim, File, join
from grader.intake.join import Joined


def student(name: str, group: str = "", due: str | None = None, **ids: str) -> Student:
    handles = tuple(f"{kind}:{value}" for kind, value in ids.items())
    key = student_key(handles[0] if handles else name)
    return Student(key=key, name=name, handles=handles, ids=ids, group=group, due=due, listed=True)


def joined(claims: dict[str, Claim], *roster: Student, due: str | None = None) -> Joined:
    files = [File(name, name, f"id-{name}", f"sha-{name[-1]}") for name in claims]
    return join("canvas", claims, files, roster, due=due)


def owners(found: Joined, name: str) -> set[str]:
    handin = found.identities.handin(f"id-{name}")
    assert handin is not None
    known = {one.key: one.name for one in found.identities.students}
    return {known[key] for key in handin.students}


ADA, BO = student("Ada Lovelace", canvas="1"), student("Bo Öz", canvas="2")


def test_by_what_the_system_calls_them_and_by_name() -> None:
    found = joined(
        {"a": Claim(("canvas:1",), "a"), "b": Claim(("canvas:99",), "b", name="özbo")}, ADA, BO
    )
    assert owners(found, "a") == {"Ada Lovelace"}
    assert owners(found, "b") == {"Bo Öz"}
    assert found.missing == ()
    assert found.unmatched == ()


def test_a_name_that_fits_two_is_nobodys() -> None:
    twin = student("Lovelace Ada", canvas="3")
    found = joined({"a": Claim(("canvas:99",), "a", name="lovelaceada")}, ADA, twin)
    assert found.unmatched == (("a", "lovelaceada"),)
    assert found.missing == (ADA, twin)
    assert found.notes == ("lovelaceada may be any of 2 on the roster: nobody's",)


def test_who_is_missing_and_who_is_on_no_roster() -> None:
    found = joined({"a": Claim(("canvas:7",), "a", name="x")}, ADA)
    assert found.missing == (ADA,)
    assert found.unmatched == (("a", "x"),)


def test_a_group_shares_what_one_of_it_handed_in() -> None:
    one, two = student("One", group="g", canvas="1"), student("Two", group="g", canvas="2")
    found = joined({"a": Claim(("canvas:1",), "a")}, one, two)
    assert owners(found, "a") == {"One", "Two"}
    assert found.missing == ()
    each = joined({"a": Claim(("canvas:1",), "a"), "b": Claim(("canvas:2",), "b")}, one, two)
    assert owners(each, "a") == {"One"}
    assert owners(each, "b") == {"Two"}
    assert each.notes == ("group g: 2 members handed in, each keeps their own",)


def test_attempts_and_lateness() -> None:
    first = Claim(("canvas:1",), "a", number=1, submitted_at="2026-11-20T10:00:00+00:00")
    second = Claim(("canvas:1",), "b", number=2, submitted_at="2026-11-20T12:00:10+00:00")
    found = joined({"a": first, "b": second}, ADA, due="2026-11-20T13:00:00+01:00")
    a, b = (found.identities.handin(f"id-{name}") for name in "ab")
    assert a is not None
    assert b is not None
    assert (a.attempt.number, a.attempt.of, a.attempt.late_seconds) == (1, 2, 0)
    assert (b.attempt.number, b.attempt.of, b.attempt.late_seconds) == (2, 2, 10)
    assert b.attempt.late_flag is True
    assert b.attempt.chosen_by == "latest"


def test_a_date_of_their_own_comes_first() -> None:
    late = student("Ada", due="2026-11-21T00:00:00+00:00", canvas="1")
    claim = Claim(("canvas:1",), "a", submitted_at="2026-11-20T12:00:00+00:00")
    found = joined({"a": claim}, late, due="2026-11-20T00:00:00+00:00")
    handin = found.identities.handin("id-a")
    assert handin is not None
    assert handin.attempt.late_seconds == 0


def test_what_the_download_says_of_lateness_stays_without_a_date() -> None:
    found = joined({"a": Claim(("canvas:1",), "a", late=True)}, ADA)
    handin = found.identities.handin("id-a")
    assert handin is not None
    assert (handin.attempt.late_flag, handin.attempt.late_seconds) == (True, None)


def test_identical_files_of_different_students() -> None:
    claims = {
        "xa": Claim(("canvas:1",), "xa"),
        "ya": Claim(("canvas:2",), "ya"),
        "zb": Claim(("canvas:2",), "zb"),
    }
    assert joined(claims, ADA, BO).identical == (("xa", "ya"),)
    own = {name: Claim(("canvas:1",), name) for name in ("xa", "ya")}
    assert joined(own, ADA).identical == ()


def test_without_a_roster_the_download_alone_says_who() -> None:
    found = joined({"a": Claim(("canvas:1",), "a", name="lovelaceada")})
    [one] = found.identities.students
    assert (one.name, one.ids, one.listed) == ("lovelaceada", {"canvas": "1"}, False)
    assert found.unmatched == ()
