"""The two real submissions that the grader must grade right, where they lie beside the checkout.

Their statuses are those of the issue that asked for them; golden reports of submissions written
for this project in the same shapes are in `test_golden.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import ROOT, reports, run_grader, statuses

SEEDS: Final = ROOT.parent / "shared" / "seeds"
GLOBAL: Final = "000_c99c88fe29f63919.txt"
BUILTIN: Final = "001_52dee72ba389f2fd.txt"

pytestmark = [
    pytest.mark.xdist_group("seeds"),
    pytest.mark.skipif(not SEEDS.is_dir(), reason="no ../shared/seeds beside this checkout"),
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("seeds")
    done = run_grader("grade", SEEDS, "--rubric", "softmax", "--out", "out", cwd=folder)
    assert done.status == 1, done.err
    found = reports(folder / "out")
    assert set(found) == {path.name for path in SEEDS.iterdir()}
    return found


def test_the_seed_that_reads_a_global(graded: dict[str, dict[str, Any]]) -> None:
    report = graded[GLOBAL]
    found = statuses(report)
    assert found.pop("per-row-shift") in ("failed", "skipped")
    assert found == {
        "implemented": "passed",
        "values": "failed",
        "stable": "failed",
        "batch": "failed",
        "differentiable": "failed",
        "own-argument": "failed",
        "pure": "passed",
        "dtype": "failed",
        "from-scratch": "passed",
        "backward-values": "failed",
        "backward-batch": "failed",
        "backward-stable": "failed",
        "backward-from-scratch": "passed",
        "discussion": "pending",
    }
    assert "global-logits" in {one["id"] for one in report["diagnoses"]}
    half = next(one for one in _evidence(report, "dtype") if "float16" in one["fixture"])
    assert "float16 in, float32 out" in half["text"]


def test_the_seed_that_takes_the_maximum_of_a_list(graded: dict[str, dict[str, Any]]) -> None:
    report = graded[BUILTIN]
    found = statuses(report)
    expected = {
        "implemented": "passed",
        "values": "failed",
        "stable": "failed",
        "batch": "failed",
        "differentiable": "failed",
        "own-argument": "passed",
        "pure": "passed",
        "from-scratch": "passed",
    }
    assert {name: found[name] for name in expected} == expected
    assert next(one for one in _evidence(report, "values"))["worst"]["got"] == 0.5
    raised = [one for one in _evidence(report, "batch") if one["outcome"] == "raised"]
    assert any("(cell 6, line 5)" in one["text"] for one in raised)


def test_the_seed_with_a_diagonal_for_a_derivative(graded: dict[str, dict[str, Any]]) -> None:
    report = graded[GLOBAL]
    (target,) = [one for one in report["targets"] if one["role"] == "backward"]
    assert (target["symbol"], target["form"]) == ("softmax_derivative", "jacobian")
    assert target["form_basis"] == "guessed"
    (found,) = [one for one in report["diagnoses"] if one["role"] == "backward"]
    assert (found["id"], found["confidence"]) == ("diagonal-only", "matched")
    (derivation,) = report["written"]
    assert derivation["role"] == "backward"
    assert "\\frac{exp(x_i)}" in derivation["text"]
    assert "tensor(" not in derivation["text"]
    assert report["automatic"]["bonus"] == 0


def test_the_seed_with_a_module_that_autograd_never_calls(
    graded: dict[str, dict[str, Any]],
) -> None:
    report = graded[BUILTIN]
    (target,) = [one for one in report["targets"] if one["role"] == "backward"]
    assert (target["symbol"], target["form"]) == ("CustomSoftmax", "module")
    assert target["form_basis"] == "observed"
    found = {name: status for name, status in statuses(report).items() if "backward" in name}
    assert found == {
        "backward-values": "passed",
        "backward-batch": "passed",
        "backward-stable": "failed",
        "backward-from-scratch": "passed",
    }
    assert report["automatic"]["bonus"] == 4
    assert any("autograd never calls" in note for note in report["execution"]["notes"])
    named = {one["id"]: one for one in report["diagnoses"] if one["role"] == "backward"}
    assert set(named) == {"unstable-forward", "never-called"}
    assert named["unstable-forward"]["criteria"] == ["backward-stable"]
    assert named["never-called"]["confidence"] == "static"


@pytest.mark.parametrize("source", [GLOBAL, BUILTIN])
def test_both_earn_next_to_nothing(graded: dict[str, dict[str, Any]], source: str) -> None:
    automatic = graded[source]["automatic"]
    assert (automatic["score"], automatic["max"], automatic["max_bonus"]) == (0, 20, 5)


@pytest.mark.parametrize(("source", "file_line"), [(GLOBAL, 29), (BUILTIN, 40)])
def test_cell_and_line_are_those_of_the_definition_that_runs(
    graded: dict[str, dict[str, Any]], source: str, file_line: int
) -> None:
    (target,) = [one for one in graded[source]["targets"] if one["role"] == "forward"]
    assert target["symbol"] == "good_softmax"
    assert target["location"] == {"cell": 6, "cell_id": None, "line": 1, "file_line": file_line}
    line = (SEEDS / source).read_text(encoding="utf-8").splitlines()[file_line - 1]
    assert line == "def good_softmax(x: Tensor) -> Tensor:"


def test_the_second_version_in_comments_is_there_and_is_not_taken(
    graded: dict[str, dict[str, Any]],
) -> None:
    lines = (SEEDS / GLOBAL).read_text(encoding="utf-8").splitlines()
    at = [number for number, line in enumerate(lines, 1) if "def good_softmax" in line]
    assert at == [29, 51]
    assert lines[50].startswith("#")
    assert graded[GLOBAL]["targets"][0]["location"]["file_line"] == 29


def test_grading_left_the_seeds_folder_as_it_was(graded: dict[str, dict[str, Any]]) -> None:
    assert {path.name for path in Path(SEEDS).iterdir()} == {GLOBAL, BUILTIN}


def _evidence(report: dict[str, Any], criterion: str) -> list[dict[str, Any]]:
    return next(row["evidence"] for row in report["criteria"] if row["id"] == criterion)
