"""`grader rubric verify`: every reference has the mark it must get, and a wrong mark is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from grader import assignments
from grader.resources import shipped
from tests.stories.command import put, run_grader

FOLDER: Final = Path(assignments.__file__).parent
OWN: Final = """
id: copied
version: "1.0"
title: A copy
assignment: ./copied
criteria:
  - id: values
    title: Right values
    check: values
    points: 4
    fixtures: [values]
  - id: stable
    title: Stable
    check: values
    points: 6
    fixtures: [stable]
"""
PLANTED: Final = {
    "a right one expected to earn nothing": (
        "{file: right/log1p.py, expect: nothing}",
        "right/log1p.py",
        "earned 10 points, expected none",
    ),
    "junk expected to earn everything": (
        "{file: junk/zeros.py, expect: full}",
        "junk/zeros.py",
        "values failed, expected passed",
    ),
    "another status": (
        "{file: wrong/naive.py, expect: {stable: passed}}",
        "wrong/naive.py",
        "stable failed, expected passed",
    ),
    "another score": (
        "{file: wrong/naive.py, expect: {stable: failed}, score: 5}",
        "wrong/naive.py",
        "earned 4 points, expected 5",
    ),
}


# Apart: the first waits for endless loops, more than a minute.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("softmax", marks=pytest.mark.xdist_group("verify")),
        pytest.param("log_softmax", marks=pytest.mark.xdist_group("references")),
    ],
)
def test_shipped_references_get_the_marks_they_must(tmp_path: Path, name: str) -> None:
    done = run_grader("rubric", "verify", name, cwd=tmp_path)
    assert done.status == 0, "\n".join(
        line for line in done.out.splitlines() if not line.startswith("holds")
    )
    folder = FOLDER / name / "references"
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*.py")}
    lines = done.out.splitlines()
    assert {line.split()[-1] for line in lines if line.startswith("holds")} == files
    assert lines[-1] == f"{len(files)} references, none not as expected"


@pytest.mark.xdist_group("references")
@pytest.mark.parametrize(("entry", "file", "told"), PLANTED.values(), ids=PLANTED)
def test_a_wrong_expectation_is_named(tmp_path: Path, entry: str, file: str, told: str) -> None:
    shutil.copytree(FOLDER / "log_softmax", tmp_path / "copied")
    shutil.copytree(shipped("fixtures") / "log_softmax", tmp_path / "copied" / "fixtures")
    planted = f"references:\n  - {{file: right/numpy.py, expect: full}}\n  - {entry}\n"
    put(tmp_path, own_yaml=OWN, copied__references__references_yaml=planted)
    done = run_grader("rubric", "verify", "own.yaml", cwd=tmp_path)
    assert done.status == 2
    lines = done.out.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("FAILS")] == [file]
    assert any(told in line for line in lines if line.startswith("   ")), done.out
    assert lines[-1] == "2 references, 1 not as expected"
