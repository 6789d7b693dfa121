"""Which commit of a repository is graded, and whose it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.handin import Student
from grader.intake.classroom import Commit, Seen, choose, dues, owners, wanted

DUE = datetime(2026, 11, 20, 22, tzinfo=UTC)


def at(hours: float) -> datetime:
    """Hours after the deadline."""
    return DUE + timedelta(hours=hours)


def branch(*hours: float) -> list[Commit]:
    """Commits c1, c2, ... of those dates, as git lists them: the last one first."""
    return [Commit(f"c{n}", at(hour)) for n, hour in enumerate(hours, 1)][::-1]


def test_without_a_deadline_it_is_the_last_commit() -> None:
    choice = choose(branch(-9, -8, 3), [Seen(at(5), "c3"), Seen(at(4), "c3")], None)
    assert (choice.commit, choice.newer, choice.late) == ("c3", 0, None)
    assert choice.seen_at == at(4)


def test_what_a_fetch_found_before_the_deadline_is_in_time_whatever_it_is_dated() -> None:
    choice = choose(branch(-9, 400), [Seen(at(-1), "c2")], DUE)
    assert (choice.commit, choice.dated_by, choice.late) == ("c2", "fetch", False)
    assert choice.seen_at == at(-1)


def test_a_commit_after_the_deadline_is_left_out() -> None:
    choice = choose(branch(-9, -2, 1, 2), [Seen(at(-1), "c2"), Seen(at(3), "c4")], DUE)
    assert (choice.commit, choice.newer, choice.dated_by) == ("c2", 2, "fetch")


def test_nobody_loses_work_because_the_course_fetched_too_early() -> None:
    choice = choose(branch(-200, -2), [Seen(at(-190), "c1"), Seen(at(3), "c2")], DUE)
    assert (choice.commit, choice.dated_by) == ("c2", "itself")
    assert choice.late is None
    assert choice.seen_at is None


def test_where_no_fetch_is_on_record_commits_date_themselves() -> None:
    choice = choose(branch(-9, -2, 1), [], DUE)
    assert (choice.commit, choice.newer, choice.dated_by) == ("c2", 1, "itself")


def test_a_branch_rewritten_after_the_deadline_is_graded_as_the_fetch_found_it() -> None:
    choice = choose(branch(2, 3), [Seen(at(-1), "old"), Seen(at(4), "c2")], DUE)
    assert (choice.commit, choice.dated_by, choice.newer) == ("old", "fetch", 2)


def test_only_late_commits_are_graded_as_late() -> None:
    choice = choose(branch(1, 2), [Seen(at(3), "c2")], DUE)
    assert (choice.commit, choice.late, choice.newer) == ("c2", True, 0)


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 7)), max_size=5),
)
def test_nothing_late_is_taken_for_in_time(
    dates: list[int], fetches: list[tuple[int, int]]
) -> None:
    history = branch(*dates)
    seen = [Seen(at(hour), history[place % len(history)].id) for hour, place in fetches]
    choice = choose(history, seen, DUE)
    commit = next(one for one in history if one.id == choice.commit)
    found_in_time = any(one.commit == commit.id and one.at <= DUE for one in seen)
    assert found_in_time or commit.committed <= DUE or choice.late
    assert choice.newer == history.index(commit)
    before = history[: choice.newer]
    assert all(one.committed > DUE for one in before)
    assert not any(one.commit in {each.id for each in before} and one.at <= DUE for one in seen)


ROSTER = (
    Student(key="s-1", handles=("id:1", "github:Ada-L"), ids={"github": "Ada-L"}, group="Team Öne"),
    Student(key="s-2", handles=("id:2",), group="Team Öne", due=at(48).isoformat()),
    Student(key="s-3", handles=("github:bo",), ids={"github": "bo"}, due=at(24).isoformat()),
)


@pytest.mark.parametrize(
    ("folders", "parent", "wanted_handles"),
    [
        (["lab-ada-l", "lab-zoe"], "x", {"lab-ada-l": "github:Ada-L", "lab-zoe": "github:zoe"}),
        (["lab-anna", "lab-anton"], "x", {"lab-anna": "github:anna", "lab-anton": "github:anton"}),
        (["l-x-a", "l-x-b"], "l-submissions", {"l-x-a": "github:x-a", "l-x-b": "github:x-b"}),
        (["lab-zoe"], "lab-submissions", {"lab-zoe": "github:zoe"}),
        (["zoe"], "clones", {"zoe": "github:zoe"}),
        (["my-lab-bo"], "clones", {"my-lab-bo": "github:bo"}),
        (["lab-a", "b"], "lab-submissions", {"lab-a": "github:lab-a", "b": "github:b"}),
    ],
)  # fmt: skip
def test_a_folder_tells_whose_it_is(
    folders: list[str], parent: str, wanted_handles: dict[str, str]
) -> None:
    assert owners(folders, parent, ROSTER) == {
        folder: (handle,) for folder, handle in wanted_handles.items()
    }


def test_the_repository_of_a_team_is_from_all_of_it() -> None:
    assert owners(["lab-team-ne"], "x", ROSTER) == {"lab-team-ne": ("id:1", "id:2")}


def test_dates_of_their_own_go_before_everybodys() -> None:
    handles = {"a": ("github:bo",), "b": ("github:zoe",), "c": ("id:1", "id:2")}
    assert dues(handles, ROSTER, DUE.isoformat()) == {"a": at(24), "b": DUE, "c": at(48)}
    assert dues({"b": ("github:zoe",)}, ROSTER, None) == {"b": None}


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        (["README.md", "nb.ipynb", "tests/test_nb.py"], ["nb.ipynb"]),
        (["b/two.ipynb", "a.IPYNB"], ["a.IPYNB", "b/two.ipynb"]),
        ([".github/classroom/x.ipynb", "src/answer.py", "notes.txt"], ["src/answer.py"]),
        (["requirements.txt", "README.txt"], ["requirements.txt"]),
        (["README.ipynb", ".hidden.ipynb", "__pycache__/x.py"], []),
        ([], []),
    ],
)
def test_what_of_a_repository_is_handed_in(names: list[str], kept: list[str]) -> None:
    assert wanted(names) == tuple(kept)
