"""The days after the first run: files handed in anew, one student's appeal, nothing to do."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stories.command import Done, reports, run_grader

pytestmark = pytest.mark.xdist_group("handed in anew")

RIGHT = """import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
"""
WRONG = RIGHT.replace("x.amax(-1, keepdim=True)", "0")
Run = Callable[..., Done]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("anew")
    for name, text in (("rhys", WRONG), ("bo", RIGHT), ("cy", RIGHT)):
        (home / "class" / name).mkdir(parents=True)
        (home / "class" / name / "work.py").write_text(f"# {name}\n{text}")
    (home / "students.csv").write_text("name,id\nRhys Lovelace,rhys\nBo Öz,bo\nCy Ay,cy\n")
    done = run_grader(*GRADE, cwd=home)
    assert done.status == 1, done.err
    return home


GRADE = (
    *("grade", "class", "--rubric", "softmax", "--from", "tree", "--roster", "students.csv"),
    *("--out", "graded"),
)


@pytest.fixture
def here(graded: Path, tmp_path: Path) -> Path:
    shutil.copytree(graded, tmp_path / "here")
    return tmp_path / "here"


def table(here: Path) -> dict[str, str]:
    """Automatic scores by source; a source that is there twice is an error."""
    with (here / "graded" / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["source"], row["score"]) for row in csv.DictReader(file)]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def test_a_file_handed_in_anew_takes_the_place_of_the_old_one(here: Path) -> None:
    first = table(here)
    assert (first["bo/work.py"], first["cy/work.py"]) == ("20.00", "20.00")
    assert float(first["rhys/work.py"]) < 20
    before = reports(here / "graded")["rhys/work.py"]
    (here / "class" / "rhys" / "work.py").write_text(RIGHT)
    (here / "class" / "bo" / "work.py").write_text(WRONG)
    again = run_grader(*GRADE, cwd=here)
    assert "continued: 1 already graded" in again.err
    assert "2 files were handed in anew: what was graded before is put aside" in again.err
    now = table(here)
    assert now["rhys/work.py"] == "20.00"
    assert float(now["bo/work.py"]) < 20  # the last one counts, also where it is worse
    book = run_grader("export", "csv", "graded", "--partial", cwd=here)
    assert book.status == 0, book.err
    with (here / "graded/export/csv/grades.csv").open(encoding="utf-8-sig", newline="") as file:
        marks = {row["name"]: row["mark"] for row in csv.DictReader(file)}
    assert marks["Rhys Lovelace"] == "20.00"
    assert float(marks["Bo Öz"]) < 20
    # the old report is kept, for a dispute
    told = run_grader("explain", before["submission"]["id"], "--out", "graded", cwd=here)
    assert "no-shift" in told.out
    judged = run_grader("rejudge", "graded", cwd=here)
    assert judged.status in (0, 1), judged.err
    assert table(here) == now


def test_what_comes_back_counts_again(here: Path) -> None:
    path = here / "class" / "rhys" / "work.py"
    old = path.read_text()
    first = table(here)
    path.write_text(RIGHT)
    run_grader(*GRADE, cwd=here)
    path.write_text(old)
    run_grader(*GRADE, cwd=here)
    assert table(here) == first
    known = json.loads((here / "graded" / "superseded.json").read_text(encoding="utf-8"))
    assert list(known["reports"].values()) == ["rhys/work.py"]


def test_changed_tells_of_what_changed_alone(here: Path) -> None:
    (here / "class" / "rhys" / "work.py").write_text(RIGHT)
    done = run_grader(*GRADE, "--changed", "--json", cwd=here)
    told: Any = done.json()
    assert [row["source"] for row in told["rows"]] == ["rhys/work.py"]
    assert sorted(table(here)) == ["bo/work.py", "cy/work.py", "rhys/work.py"]
    nothing = run_grader(*GRADE, "--changed", cwd=here)
    assert nothing.status == 0
    assert "0 graded" in nothing.out
    assert "3 reports in graded" in nothing.out


@pytest.mark.parametrize("who", ["RHYS lovelace", "rhys", "rhys/work.py", "id:rhys"])
def test_one_student_is_graded_again(here: Path, who: str) -> None:
    done = run_grader(*GRADE, "--student", who.removeprefix("id:"), "--json", cwd=here)
    told: Any = done.json()
    assert [row["source"] for row in told["rows"]] == ["rhys/work.py"]
    assert told["run"]["graded"] == 1
    assert sorted(table(here)) == ["bo/work.py", "cy/work.py", "rhys/work.py"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--student", "dee"], "--student dee: nobody and no file is called so"),
        (["--student", "rhys", "--fresh"], "one at a time: --changed, --fresh or --student"),
    ],
)
def test_a_wrong_choice_says_so(here: Path, options: list[str], why: str) -> None:
    done = run_grader(*GRADE, *options, cwd=here)
    assert done.status == 2
    assert why in done.err


def test_forgetting_a_student_takes_what_was_put_aside(here: Path) -> None:
    (here / "class" / "rhys" / "work.py").write_text(RIGHT)
    run_grader(*GRADE, cwd=here)
    assert run_grader("forget", "rhys", "--out", "graded", cwd=here).status == 0
    left = [
        path.relative_to(here).as_posix()
        for path in (here / "graded").rglob("*")
        if path.is_file() and ("rhys" in path.name or b"rhys" in path.read_bytes().lower())
    ]
    assert left == []
