"""Right references graded again and again while every core is busy with other work.

In the suite: three rounds of the slowest and most delicate ones. The long form, all of them:

    GRADER_LOAD_ROUNDS=20 python -m pytest tests/stories/test_under_load.py

No verdict may depend on how fast a machine is at the moment: a time-out counts only after a
second run with twice the limits.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from grader import assignments
from grader.rubric.verify import Reference, load_references
from tests.stories.command import reports, run_grader, statuses

LONG: Final = os.environ.get("GRADER_LOAD_ROUNDS")
ROUNDS: Final = int(LONG or 3)
DELICATE: Final = (
    "autograd-function",
    "broken-cells",
    "comprehension",
    "element-loop",
    "numpy",
    "online",
    "pairwise",
    "prints-and-asserts",
    "python-lists",
    "recursion",
    "training-loop",
    "vmap",
)
BUSY: Final = 2 * (os.cpu_count() or 1)
FOLDER: Final = Path(assignments.__file__).parent / "softmax" / "references"

pytestmark = pytest.mark.xdist_group("under load")


def test_right_references_keep_every_point_under_load(tmp_path: Path) -> None:
    references = _references()
    for one in references.values():
        (tmp_path / "class" / one.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(one.path, tmp_path / "class" / one.file)
    verdicts = []
    with busy(BUSY):
        for number in range(ROUNDS):
            out = tmp_path / f"round-{number}"
            options = ("--rubric", "softmax", "--out", str(out), "--jobs", "2")
            done = run_grader("grade", "class", *options, cwd=tmp_path)
            assert done.status == 1, done.err
            found = reports(out)
            assert set(found) == set(references)
            missed = {name: _missed(one, references[name]) for name, one in found.items()}
            assert {name: told for name, told in missed.items() if told} == {}, f"round {number}"
            verdicts.append({name: _verdict(report) for name, report in found.items()})
    assert [at for at, one in enumerate(verdicts) if one != verdicts[0]] == []


def _references() -> dict[str, Reference]:
    right = {one.file: one for one in load_references(FOLDER) if one.expect == "full"}
    assert len(right) >= 30
    return right if LONG else {f"right/{name}.py": right[f"right/{name}.py"] for name in DELICATE}


def _missed(report: dict[str, Any], reference: Reference) -> list[str]:
    """What a right one lost."""
    # one that leaves the graph loses its point for that, and is told why
    known = ["breaks-autograd"] if "differentiable" in reference.otherwise else []
    lost = [f"diagnosed {one['id']}" for one in report["diagnoses"] if one["id"] not in known]
    for row in report["criteria"]:
        if row["status"] == "pending" or row["bonus"]:
            continue
        expected = reference.otherwise.get(row["id"], "passed")
        if row["status"] != expected:
            failing = [one["fixture"] for one in row["evidence"] if one["outcome"] != "ok"]
            lost.append(f"{row['id']} {row['status']}, expected {expected}: {failing}")
        elif expected == "passed" and row["points"] != row["max_points"]:
            lost.append(f"{row['id']} earned {row['points']} of {row['max_points']}")
    return lost


def _verdict(report: dict[str, Any]) -> str:
    points = {row["id"]: row["points"] for row in report["criteria"]}
    named = sorted(one["id"] for one in report["diagnoses"])
    return json.dumps([statuses(report), points, named, report["status"]])


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """That many processes that do nothing but burn a core."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    started: list[subprocess.Popen[bytes]] = []
    try:
        started.extend(subprocess.Popen(command) for _ in range(processes))
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
