"""An evening with GitHub Classroom: clones fetched twice, graded as they were at the deadline."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader import assignments
from tests.batch.repositories import Repository, fetch
from tests.stories.command import Done, reports, run_grader

pytestmark = pytest.mark.xdist_group("clones")

REFERENCES = Path(assignments.__file__).parent / "softmax" / "references"
RIGHT = (REFERENCES / "right" / "amax-keepdim.py").read_text(encoding="utf-8")
WRONG = (REFERENCES / "wrong" / "naive.py").read_text(encoding="utf-8")
DUE = datetime(2026, 11, 20, 22, tzinfo=UTC)
ROSTER = """name,github,team,due
Ada Lovelace,Ada-L,,
Bo Öz,bo,,
Cem Ay,cem,,
Dot Lee,dot,,2026-11-22T22:00:00+00:00
Eve Ng,,The Pair,
Fay Ox,fay-x,The Pair,
Gus Roe,gus,,
"""


def at(hours: float) -> datetime:
    return DUE + timedelta(hours=hours)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clones as they lie there on the evening after, and the roster."""
    home = tmp_path_factory.mktemp("course")
    top = home / "softmax-submissions"
    made = {
        name: Repository(home / "server" / name)
        for name in ("ada-l", "bo", "cem", "dot", "the-pair", "guest")
    }

    def everybody(when: datetime) -> None:
        for name, repository in made.items():
            fetch(repository, top / f"softmax-{name}", when)

    for name in ("ada-l", "bo", "cem", "dot", "the-pair"):
        made[name].commit({"answer.py": "", "README.md": "# Softmax"}, at(-200))
    everybody(at(-190))
    made["ada-l"].commit({"answer.py": RIGHT}, at(-3))
    made["bo"].commit({"answer.py": WRONG}, at(-3))
    made["dot"].commit({"answer.py": WRONG}, at(-3))
    made["the-pair"].commit({"answer.py": RIGHT, "tests/test_it.txt": "x"}, at(-2))
    everybody(at(-1))
    made["ada-l"].commit({"answer.py": WRONG}, at(2))
    made["bo"].commit({"answer.py": RIGHT}, at(-5))  # says so itself, after the fetch
    made["cem"].commit({"answer.py": RIGHT}, at(3))
    made["dot"].commit({"answer.py": RIGHT}, at(30))
    everybody(at(40))
    (home / "students.csv").write_text(ROSTER, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def graded(course: Path) -> Done:
    return run_grader(
        *("grade", "softmax-submissions", "--rubric", "softmax", "--roster", "students.csv"),
        *("--due", DUE.isoformat()),
        cwd=course,
    )


def test_the_last_commit_before_the_deadline_is_graded(course: Path, graded: Done) -> None:
    assert graded.status == 1, graded.err
    found = reports(course / "graded")
    marks = {source: one["automatic"]["score"] for source, one in found.items()}
    assert marks == {
        "softmax-ada-l/answer.py": 20.0,  # what came after it is not looked at
        "softmax-bo/answer.py": 20.0,  # no fetch says otherwise
        "softmax-cem/answer.py": 0.0,  # what was handed out
        "softmax-dot/answer.py": 20.0,  # two more days
        "softmax-guest": 0.0,
        "softmax-the-pair/answer.py": 20.0,
    }
    assert found["softmax-guest"]["status"] == "ungradable"
    assert "cannot read the clone" in found["softmax-guest"]["reason"]


def test_it_says_what_rests_on_whose_word(graded: Done) -> None:
    assert "read as clones of GitHub Classroom" in graded.err
    assert "2 have commits after the deadline, not graded: softmax-ada-l, softmax-cem" in graded.err
    by_word = next(line for line in graded.err.splitlines() if "its author can write" in line)
    assert by_word.endswith(": softmax-bo")
    assert "1 of the roster handed in nothing: Gus Roe" in graded.err
    assert "1 on no line of the roster: softmax-guest" in graded.err


def test_a_team_shares_what_it_handed_in(course: Path, graded: Done) -> None:
    assert graded.status == 1
    identities = json.loads((course / "graded" / "identities.json").read_text(encoding="utf-8"))
    assert identities["system"] == "classroom"
    names = {one["key"]: one["name"] for one in identities["students"]}
    theirs = {one["source"]: one for one in identities["handins"]}
    pair = theirs["softmax-the-pair/answer.py"]
    assert sorted(names[key] for key in pair["students"]) == ["Eve Ng", "Fay Ox"]
    assert pair["attempt"]["submitted_at"] == at(-1).isoformat()
    assert pair["attempt"]["late_flag"] is False
    assert theirs["softmax-bo/answer.py"]["attempt"]["late_flag"] is None


def test_marks_go_out_by_name(course: Path, graded: Done) -> None:
    assert graded.status == 1
    done = run_grader("export", "csv", "graded", "--partial", cwd=course)
    assert done.status == 0, done.err
    table = course / "graded" / "export" / "csv" / "grades.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert {"Ada Lovelace", "Eve Ng", "Fay Ox"} <= names


def test_run_again_nothing_is_graded_twice(course: Path, graded: Done) -> None:
    assert graded.status == 1
    again = run_grader(
        *("grade", "softmax-submissions", "--rubric", "softmax", "--roster", "students.csv"),
        *("--due", DUE.isoformat(), "--from", "classroom"),
        cwd=course,
    )
    assert "continued: 6 already graded" in again.err


def test_a_dispute_is_run_again_from_the_commit_that_was_graded(course: Path, graded: Done) -> None:
    assert graded.status == 1
    done = run_grader("explain", "softmax-ada-l/answer.py", "--rerun", cwd=course)
    assert "run again: every verdict is as it was" in done.out, done.err


def test_under_pseudonyms_no_name_is_told_and_reruns_still_find_the_file(course: Path) -> None:
    (course / "secret").write_text("0123456789abcdef0123456789abcdef")
    (course / "grader.toml").write_text('secret = "secret"\n')
    folder = course / "hidden"
    try:
        done = run_grader(
            *("grade", "softmax-submissions", "--rubric", "softmax", "--pseudonyms"),
            *("--roster", "students.csv", "--due", DUE.isoformat(), "--out", folder),
            cwd=course,
        )
        assert done.status == 1, done.err
        text = "".join(
            path.read_text(encoding="utf-8") for path in sorted((folder / "reports").glob("*.json"))
        )
        assert "ada-l" not in text.lower()
        known = sorted(reports(folder))
        assert len(known) == 6
        again = [
            run_grader("explain", one, "--rerun", "--out", folder, cwd=course) for one in known
        ]
        told = [done.out.splitlines()[:1] for done in again if done.status != 2]
        assert told == [["run again: every verdict is as it was"]] * 5
    finally:
        (course / "grader.toml").unlink()


def test_a_folder_that_is_no_clone_gets_a_report(course: Path, tmp_path: Path) -> None:
    (tmp_path / "clones" / "lab-zoe").mkdir(parents=True)
    (tmp_path / "clones" / "lab-zoe" / "x.py").write_text(RIGHT)
    done = run_grader(
        *("grade", "clones", "--rubric", "softmax", "--from", "classroom", "--json"), cwd=tmp_path
    )
    assert done.status == 1, done.err
    [report] = reports(tmp_path / "graded").values()
    assert report["reason"] == "the folder is no clone of a repository"
    nothing = run_grader(
        *("grade", str(course / "students.csv"), "--rubric", "softmax", "--from", "classroom"),
        *("--out", "x"),
        cwd=tmp_path,
    )
    assert nothing.status == 2
    assert "name the one folder that the clones are in" in nothing.err
