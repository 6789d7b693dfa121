"""Written answers marked one after another, as a person at a terminal does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.stories.command import reports, run_grader
from tests.stories.terminal import AtTerminal

pytestmark = pytest.mark.xdist_group("at a terminal")

CODE = """import torch

def good_softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
"""
HELP = "points \\[comment\\]"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("terminal")
    for name in ("ada", "bo", "cem"):
        notebook = new_notebook(
            cells=[new_markdown_cell(f"exp overflows, says {name}.\x1b[2J"), new_code_cell(CODE)]
        )
        (home / "in").mkdir(exist_ok=True)
        (home / "in" / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    done = run_grader("grade", "in", "--rubric", "softmax", "--out", "graded", cwd=home)
    assert done.status == 1, done.err
    return home


def marks(course: Path) -> dict[str, Any]:
    return {
        source: row["points"] if row["status"] != "pending" else None
        for source, report in reports(course / "graded").items()
        for row in report["criteria"]
        if row["id"] == "discussion"
    }


def test_what_an_answer_writes_never_steers_the_terminal(course: Path, tmp_path: Path) -> None:
    with AtTerminal(
        *("mark", "graded", "--by", "ann"), cwd=course, temporary=tmp_path / "temporary", typed=True
    ) as running:
        said = running.hear("exp overflows, says .*\\n")
    assert "\x1b[2J" not in said


def test_an_evening_of_marking_with_a_break(course: Path, tmp_path: Path) -> None:
    arguments = ("mark", "graded", "--by", "ann")
    with AtTerminal(*arguments, cwd=course, temporary=tmp_path / "one", typed=True) as running:
        running.hear(HELP)
        running.hear("1 of 3 .*of 5")
        running.hear("exp overflows")
        running.hear("points: ")
        running.type("six")
        running.hear("expected 0 to 5")
        running.hear("points: ")
        running.type("2 Which one?")
        running.hear("2 of 3")
        running.hear("points: ")
        running.type("b")
        running.hear("1 of 3")
        running.hear("points: ")
        running.type("3,5 Rather good.")
        running.hear("2 of 3")
        running.hear("points: ")
        running.type("")
        running.hear("3 of 3")
        running.hear("points: ")
        running.type("q")
        done = running.end()
    assert done.status == 1
    assert "2 left; run it again and it goes on" in done.err
    given = marks(course)
    assert sorted(given.values(), key=str) == [3.5, None, None]
    with AtTerminal(*arguments, cwd=course, temporary=tmp_path / "two", typed=True) as running:
        for number in (1, 2):
            running.hear(f"{number} of 2")
            running.hear("points: ")
            running.type("5")
        done = running.end()
    assert done.status == 0
    assert "2 marked, 0 left" in done.err
    assert sorted(marks(course).values()) == [3.5, 5.0, 5.0]
    listed = run_grader("mark", "graded", "--list", cwd=course)
    assert listed.status == 0
    assert "4 decisions, 3 in force, 0 of them stale, 0 conflicts" in listed.out
