"""`grader rubric init` by the real command line: what it writes passes at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.command import put, run_grader

pytestmark = pytest.mark.xdist_group("rubric init")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a rubric of two arguments, as it was written."""
    folder = tmp_path_factory.mktemp("init")
    names = ("--function", "scaled_rows", "--argument", "rows", "--argument", "by")
    done = run_grader("rubric", "init", "scaled-rows", *names, "--into", "my course", cwd=folder)
    assert (done.status, done.err) == (0, "")
    first = "wrote my course/scaled-rows.yaml and 15 files in my course/scaled-rows/"
    assert done.out.startswith(f"{first}, about scaled_rows(rows, by)\n")
    assert "  grader rubric verify 'my course/scaled-rows.yaml'\n" in done.out
    for place in ("  1. my course/scaled-rows/oracle.py", "  2. my", "  3. my"):
        assert place in done.out
    return folder


def test_it_is_right_and_verified_at_once(folder: Path) -> None:
    lint = run_grader("rubric", "lint", "my course/scaled-rows.yaml", cwd=folder)
    assert (lint.status, lint.out) == (0, "my course/scaled-rows.yaml: right\n")
    verify = run_grader("rubric", "verify", "my course/scaled-rows.yaml", cwd=folder)
    assert verify.status == 0, verify.out
    assert "5 references, none not as expected\n" in verify.out
    assert verify.out.rstrip().endswith("; nothing to mend")
    # every mutant with one bug is named as it is: the example shows all three ways of naming
    singles = [line for line in verify.out.splitlines() if "[is " in line or "(is " in line]
    assert not [line for line in singles if "+" not in line.split()[0]]


def test_a_student_who_did_something_else_earns_nothing(folder: Path) -> None:
    put(folder, other_py="def scaled_rows(rows, by):\n    return rows\n")
    done = run_grader("grade", "other.py", "--rubric", "my course/scaled-rows.yaml", cwd=folder)
    assert done.status == 0, done.err
    assert done.out.startswith("other.py  0 of 10")


def test_a_second_time_it_is_in_the_way(folder: Path) -> None:
    again = run_grader("rubric", "init", "scaled-rows", "--into", "my course", cwd=folder)
    assert (again.status, again.out) == (2, "")
    assert "my course/scaled-rows.yaml is in the way, and nothing was written" in again.err


def test_a_bad_name_writes_nothing(tmp_path: Path) -> None:
    done = run_grader("rubric", "init", "Layer-Norm", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "for example `layer_norm`" in done.err
    assert list(tmp_path.iterdir()) == []
    done = run_grader("rubric", "init", cwd=tmp_path)
    assert done.status == 2
    assert "Missing argument 'NAME'" in done.err


def test_its_help_teaches(tmp_path: Path) -> None:
    done = run_grader("rubric", "init", "--help", cwd=tmp_path)
    assert done.status == 0
    assert "  grader rubric init layer_norm\n" in done.out
    assert "Nothing is\n  overwritten." in done.out
    assert max(map(len, done.out.splitlines())) <= 80
