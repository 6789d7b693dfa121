"""A course's own assignment, a folder beside its rubric: the engine needs no change for it.

The course is in `tests/stories/course`; it is copied, since a course keeps its folder anywhere.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import put, reports, run_grader, statuses

COURSE: Final = Path(__file__).parent / "course"
ROWS: Final = ("implemented", "values", "stable", "differentiable", "pure", "from-scratch")

RIGHT: Final = """
import torch
def good_sigmoid(x):
    small = torch.exp(-x.abs())
    return torch.where(x >= 0, 1 / (1 + small), small / (1 + small))
"""
NAIVE: Final = "import torch\ndef good_sigmoid(x):\n    return torch.exp(x) / (1 + torch.exp(x))\n"
IN_PLACE: Final = "def good_sigmoid(x):\n    return x.neg_().exp().add(1).reciprocal()\n"
LIBRARY: Final = "import torch\ngood_sigmoid = torch.sigmoid\n"
STUB: Final = "def good_sigmoid(x):\n    pass\n"

pytestmark = pytest.mark.xdist_group("own assignment")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(COURSE, folder / "course", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def graded(folder: Path) -> dict[str, dict[str, Any]]:
    put(
        folder / "class",
        right_py=RIGHT,
        naive_py=NAIVE,
        in_place_py=IN_PLACE,
        library_py=LIBRARY,
        stub_py=STUB,
        other_py="def good_softmax(x):\n    return x\n",
    )
    # Two workers: each has to find the assignment by its path.
    options = ("--rubric", "course/sigmoid.yaml", "--out", "out", "--jobs", "2")
    done = run_grader("grade", "class", *options, cwd=folder)
    assert done.status == 0, done.err
    return reports(folder / "out")


def test_a_right_one_earns_everything(graded: dict[str, dict[str, Any]]) -> None:
    assert statuses(graded["right.py"]) == dict.fromkeys(ROWS, "passed")
    assert graded["right.py"]["final"] == {"score": 10, "max": 10}
    assert graded["right.py"]["diagnoses"] == []


def test_one_that_overflows_is_not_stable(graded: dict[str, dict[str, Any]]) -> None:
    found = statuses(graded["naive.py"])
    assert found == dict.fromkeys(ROWS, "passed") | {"stable": "failed"}
    worst = graded["naive.py"]["criteria"][2]["evidence"][0]["worst"]
    assert (worst["got"], worst["expected"]) == ("NaN", pytest.approx(1.0))


def test_bugs_have_the_names_that_the_assignment_declares(
    graded: dict[str, dict[str, Any]],
) -> None:
    (found,) = graded["in_place.py"]["diagnoses"]
    assert (found["id"], found["confidence"]) == ("overwrites-scores", "proved")
    assert found["message"] == "The call changes its argument."
    assert statuses(graded["in_place.py"])["pure"] == "failed"


def test_the_forbidden_function_is_capped(graded: dict[str, dict[str, Any]]) -> None:
    assert statuses(graded["library.py"])["from-scratch"] == "failed"
    assert [one["id"] for one in graded["library.py"]["diagnoses"]] == ["library-sigmoid"]
    assert graded["library.py"]["automatic"]["score"] == 2


@pytest.mark.parametrize(("source", "named"), [("stub.py", "stub"), ("other.py", "missing")])
def test_nothing_to_run_earns_nothing(
    graded: dict[str, dict[str, Any]], source: str, named: str
) -> None:
    assert [one["id"] for one in graded[source]["diagnoses"]] == [named]
    assert graded[source]["automatic"]["score"] == 0


def test_rejudging_finds_it_again(graded: dict[str, dict[str, Any]], folder: Path) -> None:
    done = run_grader("rejudge", "out", cwd=folder)
    assert done.status == 0, done.err
    assert f"{len(graded)} judged again, nothing moved" in done.out


def test_its_rubric_is_linted_against_its_own_fixtures(folder: Path, tmp_path: Path) -> None:
    right = run_grader("rubric", "lint", "course/sigmoid.yaml", cwd=folder)
    assert (right.status, right.out) == (0, "course/sigmoid.yaml: right\n")
    shutil.copytree(folder / "course", tmp_path / "course")
    rubric = tmp_path / "course" / "sigmoid.yaml"
    text = rubric.read_text(encoding="utf-8").replace("fixtures: [far]", "fixtures: [fra]")
    rubric.write_text(text, encoding="utf-8")
    wrong = run_grader("rubric", "lint", "course/sigmoid.yaml", cwd=tmp_path)
    assert wrong.status == 2
    line = text.splitlines().index("    fixtures: [fra]") + 1
    assert f"course/sigmoid.yaml:{line}:16: " in wrong.out
    assert "`far`" in wrong.out


def test_its_references_are_verified(folder: Path) -> None:
    done = run_grader("rubric", "verify", "course/sigmoid.yaml", cwd=folder)
    assert done.status == 0, done.out
    assert done.out.splitlines()[-1] == "6 references, none not as expected"


def test_an_assignment_that_cannot_be_imported_is_the_rubrics_fault(tmp_path: Path) -> None:
    shutil.copytree(COURSE, tmp_path / "course")
    put(tmp_path, course__sigmoid__assignment_py="import nothing_of_that_name\n", a_py=RIGHT)
    done = run_grader("grade", "a.py", "--rubric", "course/sigmoid.yaml", cwd=tmp_path)
    assert done.status == 2
    assert "assignment.py: cannot be imported: ModuleNotFoundError" in done.err
    assert "Traceback" not in done.err
