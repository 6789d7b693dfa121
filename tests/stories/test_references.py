"""`grader rubric verify`: references and mutants get the marks they must, or are named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from grader import assignments
from grader.resources import shipped
from grader.rubric.loading import shipped_names
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


MUTANTS: Final = """
rubric: copied
bases:
  - role: forward
    source: |
      import torch
      def good_log_softmax(x):
          m = x.amax(dim=-1, keepdim=True)
          z = {shifted}
          s = torch.exp(z).sum(dim=-1, keepdim=True)
          return {result}
    slots: {shifted: x - m, result: z - torch.log(s)}
    mutants:
      - {id: no-shift, bugs: [no-shift], change: {shifted: x}, killed_by: [stable], marks: [4, 6]}
      - {id: harmless, bugs: [sum-over-all], change: {result: z - s.log()}, killed_by: [values],
         marks: [0, 10]}
      - {id: cheap, bugs: [sum-over-all], change: {result: z - 2 * torch.log(s)},
         killed_by: [values], marks: [8, 10]}
      - {id: misnamed, bugs: [sum-over-all], change: {shifted: "x "}, killed_by: [stable],
         marks: [4, 6], alone: true}
kills_nothing: {stable: it is said to}
"""
NAMED: Final = (
    "FAILS  forward/harmless survives with all 10 points: on every fixture it does what its base",
    "FAILS  forward/harmless is not killed by values (passed), as it must be",
    "FAILS  forward/cheap has 0 points, expected 8 to 10",
    "FAILS  forward/misnamed is named `no-shift`, which is not true of it (sum-over-all)",
    "FAILS  stable is declared to kill nothing, and kills forward/",
    "FAILS  `global-max` has no mutant",
    "1 pairs do what one program does alone: forward/no-shift+harmless (forward/no-shift)",
)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xdist_group("verify" if name == "softmax" else name))
        for name in shipped_names()
    ],
)
def test_shipped_references_and_mutants_get_the_marks_they_must(tmp_path: Path, name: str) -> None:
    """Pairs of bugs are tried for `softmax` here: for all of them it takes minutes."""
    options = () if name == "softmax" else ("--no-pairs",)
    done = run_grader("rubric", "verify", name, *options, cwd=tmp_path)
    lines = done.out.splitlines()
    assert done.status == 0, "\n".join(line for line in lines if not line.startswith("holds"))
    folder = FOLDER / name / "references"
    files = {path.relative_to(folder).as_posix() for path in folder.glob("*/*.py")}
    assert {line.split()[-1] for line in lines if line.startswith("holds")} == files
    assert f"{len(files)} references, none not as expected" in lines
    assert ", none survived; " in lines[-1]
    assert lines[-1].endswith("; nothing to mend")


def copied(folder: Path, references: str, mutants: str = "") -> Path:
    """A rubric `own.yaml` of two criteria, for a copy of a shipped assignment."""
    shutil.copytree(FOLDER / "log_softmax", folder / "copied")
    shutil.copytree(shipped("fixtures") / "log_softmax", folder / "copied" / "fixtures")
    (folder / "copied" / "mutants.yaml").unlink(missing_ok=True)
    put(folder, own_yaml=OWN, copied__references__references_yaml=f"references:\n{references}")
    if mutants:
        put(folder, copied__mutants_yaml=mutants)
    return folder


@pytest.mark.xdist_group("references")
@pytest.mark.parametrize(("entry", "file", "told"), PLANTED.values(), ids=PLANTED)
def test_a_wrong_expectation_is_named(tmp_path: Path, entry: str, file: str, told: str) -> None:
    copied(tmp_path, f"  - {{file: right/numpy.py, expect: full}}\n  - {entry}\n")
    done = run_grader("rubric", "verify", "own.yaml", cwd=tmp_path)
    assert done.status == 2
    lines = done.out.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("FAILS")] == [file]
    assert any(told in line for line in lines if line.startswith("   ")), done.out
    assert lines[0].startswith("no mutants: ")
    assert lines[-1] == "2 references, 1 not as expected"


@pytest.mark.xdist_group("references")
def test_what_is_wrong_with_mutants_is_named(tmp_path: Path) -> None:
    copied(tmp_path, "  - {file: right/numpy.py, expect: full}\n", MUTANTS)
    done = run_grader("rubric", "verify", "own.yaml", cwd=tmp_path)
    assert done.status == 2
    lines = done.out.splitlines()
    for told in NAMED:
        assert any(line.startswith(told) for line in lines), (told, done.out)
    assert not any("no-shift survives" in line for line in lines)
    assert ["no-shift", "4", "4-6", "✓✗", "no-shift"] in [line.split() for line in lines]
    assert "in order, with how many each kills: values 2, stable 4" in lines
    assert lines[-1].startswith("4 mutants and 1 pairs, 1 survived; ")
    without = run_grader("rubric", "verify", "own.yaml", "--no-mutants", cwd=tmp_path)
    assert (without.status, without.out.splitlines()[-1]) == (
        0,
        "1 references, none not as expected",
    )


@pytest.mark.xdist_group("references")
def test_a_wrong_file_of_mutants_is_told_before_anything_runs(tmp_path: Path) -> None:
    wrong = MUTANTS.replace("killed_by: [stable], marks: [4, 6]}", "killed_by: [stabel]}", 1)
    copied(tmp_path, "  - {file: right/numpy.py, expect: full}\n", wrong)
    done = run_grader("rubric", "verify", "own.yaml", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "mutants.yaml:14:9: expected the key `marks`" in done.err


@pytest.mark.xdist_group("references")
def test_who_would_move_by_another_rubric(tmp_path: Path) -> None:
    copied(tmp_path, "  - {file: right/numpy.py, expect: full}\n")
    folder = FOLDER / "log_softmax" / "references"
    for name in ("right/numpy.py", "wrong/naive.py"):
        (tmp_path / "class").mkdir(exist_ok=True)
        shutil.copy(folder / name, tmp_path / "class")
    graded = run_grader("grade", "class", "--rubric", "own.yaml", "--out", "out", cwd=tmp_path)
    assert graded.status == 0, graded.err
    before = {path: path.read_bytes() for path in tmp_path.glob("out/**/*") if path.is_file()}

    same = run_grader("rubric", "verify", "own.yaml", "--on", "out", cwd=tmp_path)
    assert (same.status, same.out) == (0, "none of 2 would move; nothing was written\n")

    put(tmp_path, new_yaml=OWN.replace("points: 4", "points: 2"))
    moved = run_grader("rubric", "verify", "new.yaml", "--on", "out", cwd=tmp_path)
    assert moved.status == 1
    first, second, last = moved.out.splitlines()
    assert first.startswith("naive-")
    assert "; values 4 -> 2 of 2" in first
    assert second.startswith("numpy-")
    assert ": 10/10 -> 8/8; values 4 -> 2 of 2" in second
    assert last == "2 of 2 would move; nothing was written"

    other = run_grader("rubric", "verify", "softmax", "--on", "out", cwd=tmp_path)
    assert other.status == 2
    assert "out was graded for another assignment (log_softmax) than softmax" in other.err
    assert "grader grade class --rubric softmax --seed 1 --out out-2" in other.err

    spec = tmp_path / "copied" / "fixtures" / "values.yaml"
    put(tmp_path, copied__fixtures__values_yaml=spec.read_text().replace("says: two", "says: 2"))
    (tmp_path / "copied" / "fixtures" / "digests.json").unlink(missing_ok=True)
    words = run_grader("rubric", "verify", "own.yaml", "--on", "out", cwd=tmp_path)
    assert words.status == 0, words.err
    put(tmp_path, copied__fixtures__values_yaml=spec.read_text().replace("[[0, 1]]", "[[0, 2]]"))
    changed = run_grader("rubric", "verify", "own.yaml", "--on", "out", cwd=tmp_path)
    assert changed.status == 2
    assert "out was graded with other fixtures: 1 changed since (values/pair)" in changed.err

    nowhere = run_grader("rubric", "verify", "own.yaml", "--on", "class", cwd=tmp_path)
    assert (nowhere.status, "is no output folder" in nowhere.err) == (2, True)
    after = {path: path.read_bytes() for path in tmp_path.glob("out/**/*") if path.is_file()}
    assert after == before
