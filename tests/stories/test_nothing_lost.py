"""Whatever is killed in mid-batch, nothing reported is lost or half-written, and a run goes on.

The class holds some submissions that are done at once and two that take a second: what is killed
is killed while a slow one runs. How far the others are then is left open, for no clock decides it.
"""

from __future__ import annotations

import csv
import json
import re
import signal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import by_source, put, run_grader, without_run
from tests.stories.processes import Running, look_again_soon

FAST: Final = """\
import torch


def good_softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
"""
HELD: Final = 2**28
"""Bytes of address space, none of them touched, by which `y.py` shows that it runs.

`z.py` holds twice as many.
"""


def slow(held: int) -> str:
    """The same, slower, and to be told apart from outside while it runs."""
    more = f"    held = torch.empty({held}, dtype=torch.uint8)\n    time.sleep(0.01)\n    e = "
    return "import time\n\n" + FAST.replace("    e = ", more)


QUICK: Final = ("a.py", "b.py", "c.py")
SLOWLY: Final = ("y.py", "z.py")
GRADE: Final = ("grade", "class", "--rubric", "softmax", "--out", "out")

pytestmark = pytest.mark.xdist_group("nothing lost")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of a run that nobody disturbed."""
    folder = _class(tmp_path_factory.mktemp("calm"))
    done = run_grader(*GRADE, "--jobs", "2", cwd=folder)
    assert done.status == 1, done.err
    assert set(_whole(folder / "out")) == {*QUICK, *SLOWLY}
    return folder / "out"


def test_a_zygote_that_is_killed_costs_nothing(calm: Path, tmp_path: Path) -> None:
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        _until_the_middle(running)
        running.kill(set(running.zygotes()) & running.above(running.holding(HELD)))
        done = running.end()
    assert done.status == 1, done.err
    assert _contents(tmp_path / "out") == _contents(calm)


def test_workers_that_are_killed_cost_nothing(calm: Path, tmp_path: Path) -> None:
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        _until_the_middle(running)
        running.kill(running.workers())
        done = running.end()
        running.until_all_gone()
    assert done.status == 1, done.err
    assert re.search(r"[12] (was|were) stopped by a limit or a fault, and graded", done.err)
    assert _contents(tmp_path / "out") == _contents(calm)


@pytest.mark.parametrize("whom", ["worker", "zygote"])
def test_a_fault_that_comes_back_asks_for_a_person_and_is_never_a_zero(
    calm: Path, tmp_path: Path, whom: str
) -> None:
    others = {*QUICK, "y.py"}
    kills = 0
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        while running.process.poll() is None:
            above = running.above(running.holding(2 * HELD))
            victims = above & set(running.workers() if whom == "worker" else running.zygotes())
            running.kill(victims)
            kills += len(victims)
            while victims & set(running.alive()):
                look_again_soon()
            look_again_soon()
        done = running.end()
        running.until_all_gone()
    assert done.status == 1, done.err
    assert kills == (2 if whom == "worker" else 4), "once more alone, and then no more"
    _asks_for_a_person(tmp_path / "out", "z.py")
    assert "z.py" in done.out
    assert {name: _contents(tmp_path / "out")[name] for name in others} == {
        name: _contents(calm)[name] for name in others
    }
    if whom == "zygote":
        return
    again = run_grader(*GRADE, cwd=tmp_path)
    assert again.status == 1, again.err
    assert "continued: 4 already graded" in again.err, "what was not judged is tried again"
    assert _contents(tmp_path / "out") == _contents(calm)


def test_the_command_can_be_killed_and_run_again(calm: Path, tmp_path: Path) -> None:
    """Meanwhile a second one is refused: a lock that ends with the process that holds it."""
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        _until_the_middle(running)
        running.kill([running.process.pid, *running.workers()], signal.SIGSTOP)
        second = run_grader(*GRADE, "--jobs", "2", cwd=tmp_path)
        assert (second.status, second.out) == (2, "")
        assert second.err.splitlines()[-1] == (
            "grader: error: another grader is writing to out; wait for it"
        )
        before = set(_whole(tmp_path / "out"))
        running.kill([running.process.pid])
        running.kill(running.workers(), signal.SIGCONT)
        assert running.end().status == -signal.SIGKILL
        running.until_all_gone()
    assert len(before) >= 2
    assert set(_whole(tmp_path / "out")) == before, "workers went on without it"
    for name in ("summary.json", "scores.csv"):
        assert not (tmp_path / "out" / name).exists()
    again = run_grader(*GRADE, "--jobs", "2", cwd=tmp_path)
    assert again.status == 1, again.err
    assert f"continued: {len(before)} already graded" in again.err
    assert f"{5 - len(before)} graded in " in again.out
    assert _contents(tmp_path / "out") == _contents(calm)
    assert _left(tmp_path / "out") == []


def test_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        _until_the_middle(running)
        running.kill([running.process.pid], signal.SIGTERM)
        done = running.end()
        running.until_all_gone()
    assert (done.status, done.out) == (130, "")
    told = re.search(
        r"interrupted; (\d) reports are in out, \1 of them new; go on with: ", done.err
    )
    assert told is not None, done.err
    assert "Traceback" not in done.err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["rows"]) == int(told[1]) >= 1
    assert {row["source"] for row in summary["rows"]} <= set(_whole(tmp_path / "out"))
    assert not set(SLOWLY) <= set(_whole(tmp_path / "out")), "it went on"
    assert _left(tmp_path / "out") == _left(tmp_path / "temporary") == []


def test_a_folder_that_is_taken_away_is_told(tmp_path: Path) -> None:
    with Running(*GRADE, "--jobs", "2", cwd=_class(tmp_path)) as running:
        _until_the_middle(running)
        (tmp_path / "out").rename(tmp_path / "away")
        done = running.end()
        running.until_all_gone()
    assert (done.status, done.out) == (5, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("grader: error: cannot write out/")
    assert last.endswith("No such file or directory")
    assert not (tmp_path / "out").exists()


def _class(folder: Path) -> Path:
    """A folder with the class in it."""
    put(folder / "class", **{name.replace(".", "_"): FAST for name in QUICK})
    put(folder / "class", y_py=slow(HELD), z_py=slow(2 * HELD))
    return folder


def _until_the_middle(running: Running) -> None:
    running.until(lambda: running.holding(HELD), "a slow submission to be run")


def _whole(out: Path) -> dict[str, dict[str, Any]]:
    """The reports by source; every file of the folder is looked at, and none is half-written."""
    for path in out.rglob("*"):
        assert path.is_symlink() is False
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
    reports = (out / "reports").glob("[!.]*.json")
    return by_source(json.loads(path.read_text(encoding="utf-8")) for path in reports)


def _left(folder: Path) -> list[str]:
    """What is not meant to stay."""
    if folder.name == "temporary":
        return [path.name for path in folder.iterdir()]
    return [path.name for path in folder.rglob(".*") if path.name != ".lock"]


def _contents(out: Path) -> dict[str, object]:
    """All that two runs over one class must have in common: by source, and by name for the rest."""
    found: dict[str, object] = {name: (out / name).read_bytes() for name in ("summary.json",
        "scores.csv", "run.json")}  # fmt: skip
    for path in (out / "reports").glob("[!.]*.json"):
        found[f"{path.name[0]}.py"] = without_run(path)
    found["observations"] = {
        path.name: path.read_bytes() for path in (out / "observations").glob("*.safetensors")
    }
    return found


def _asks_for_a_person(out: Path, source: str) -> None:
    report = _whole(out)[source]
    assert report["status"] != "graded"
    assert "needs a person" in report["reason"] or report["status"] == "needs_person"
    assert report["final"]["score"] is None
    with (out / "scores.csv").open(encoding="utf-8", newline="") as file:
        (line,) = [line for line in csv.DictReader(file) if line["source"] == source]
    criteria = [row["id"] for row in _whole(out)["a.py"]["criteria"]]
    for name in ("score", "bonus", "manual", "final", *criteria):
        assert line[name] == "", f"a mark for {name}"
