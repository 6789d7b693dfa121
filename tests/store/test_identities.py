from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import StorageError
from grader.core.handin import Handin, Identities, Student
from grader.store.identities import merged, read_identities, without, write_identities


def handin(submission: str, *students: str) -> Handin:
    return Handin(
        submission=submission, source=submission, sha256="0" * 64, filename="f", students=students
    )


NAMES = st.text(max_size=4)
STUDENTS = st.builds(
    Student,
    key=st.sampled_from(("s-1", "s-2", "s-3")),
    name=NAMES,
    email=NAMES,
    handles=st.lists(NAMES, max_size=2, unique=True).map(tuple),
    ids=st.dictionaries(st.sampled_from(("sis", "canvas")), NAMES),
    listed=st.booleans(),
)
KNOWN = st.builds(
    Identities,
    system=st.sampled_from(("canvas", "moodle")),
    students=st.lists(STUDENTS, unique_by=lambda one: one.key).map(
        lambda found: tuple(sorted(found, key=lambda one: one.key))
    ),
    handins=st.lists(st.sampled_from("abc"), unique=True).map(
        lambda found: tuple(handin(one, "s-1") for one in sorted(found))
    ),
)


@given(KNOWN)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, known: Identities
) -> None:
    path = tmp_path_factory.mktemp("out") / "identities.json"
    write_identities(path, known)
    assert read_identities(path) == known
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_file_nobody_is_known(tmp_path: Path) -> None:
    assert read_identities(tmp_path / "identities.json") == Identities()


@pytest.mark.parametrize("text", ["", "[]", '{"students": 1}', '{"schema_version": "2.0"}'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "identities.json").write_text(text)
    with pytest.raises(StorageError, match="damaged"):
        read_identities(tmp_path / "identities.json")


@given(KNOWN, KNOWN)
def test_a_later_run_takes_nobody_away(earlier: Identities, later: Identities) -> None:
    both = merged(earlier, later)
    assert {one.key for one in both.students} == {
        one.key for one in (*earlier.students, *later.students)
    }
    assert {one.submission for one in both.handins} == {
        one.submission for one in (*earlier.handins, *later.handins)
    }
    for student in (*earlier.students, *later.students):
        kept = both.student(student.key)
        assert kept is not None
        assert set(student.handles) <= set(kept.handles)
        assert student.ids.keys() <= kept.ids.keys()
        assert not student.name or kept.name
        assert kept.listed >= student.listed
    assert merged(both, later) == both
    assert merged(earlier, earlier) == earlier


def test_a_later_run_without_a_roster_takes_no_name_away() -> None:
    earlier = Identities(students=(Student(key="s-1", name="Ada", email="a@x", listed=True),))
    later = Identities(students=(Student(key="s-1", email="b@x"),), system="canvas")
    both = merged(earlier, later)
    assert both.students == (Student(key="s-1", name="Ada", email="b@x", listed=True),)
    assert both.system == "canvas"


def test_a_run_that_knows_nobody_changes_nothing() -> None:
    earlier = Identities(system="canvas", students=(Student(key="s-1"),))
    assert merged(earlier, Identities()) == earlier


def test_a_forgotten_student_leaves_what_others_handed_in_too() -> None:
    known = Identities(
        students=(Student(key="s-1"), Student(key="s-2")),
        handins=(handin("a", "s-1"), handin("b", "s-1", "s-2"), handin("c")),
    )
    left = without(known, {"s-1"})
    assert left.students == (Student(key="s-2"),)
    assert left.handins == (handin("b", "s-2"), handin("c"))
