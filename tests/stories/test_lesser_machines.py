"""Grading where the machine has less: another user, no namespaces, no Landlock, no seccomp."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import ROOT, Done, command, environment, put, reports, statuses

LIBRARY: Final = "import torch\ndef good_log_softmax(x):\n    return x.log_softmax(-1)\n"
RIGHT: Final = (
    "import torch\ndef good_log_softmax(x):\n    z = x - x.amax(-1, keepdim=True)\n"
    "    return z - z.exp().sum(-1, keepdim=True).log()\n"
)
NAIVE: Final = "import torch\ndef good_log_softmax(x):\n    return x.softmax(-1).log()\n"
NOSY: Final = "def good_log_softmax(x):\n    raise ValueError(open({path!r}).read())\n"
ANOTHERS: Final = "the answers of another student"


@pytest.fixture
def course() -> Iterator[Path]:
    """A class of four, one of whom reads what another handed in; every user may write here."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        nosy = NOSY.format(path=str(folder / "other.txt"))
        put(folder, class__library_py=LIBRARY, class__right_py=RIGHT, class__naive_py=NAIVE)
        put(folder, class__nosy_py=nosy, other_txt=ANOTHERS)
        folder.chmod(0o777)
        yield folder


def _grade(options: str, *more: str, cwd: Path) -> tuple[Done, dict[str, dict[str, Any]]]:
    """Grade the class on a machine that has less; how it ended, and the reports."""
    lesser = [sys.executable, "-m", "tests.lesser", *options.split(), "--"]
    into_course = ["sh", "-c", 'cd "$0" && exec "$@"', str(cwd)]
    done = subprocess.run(
        [*lesser, *into_course, *command("grade", "class", "--rubric", "log_softmax", *more)],
        cwd=ROOT,
        env=environment(HOME=str(cwd)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    graded = cwd / "graded"
    return Done(done.returncode, done.stdout, done.stderr), reports(
        graded
    ) if graded.exists() else {}


def _layers(report: dict[str, Any]) -> str:
    return ", ".join(report["execution"]["isolation"]["layers"])


@pytest.mark.parametrize(
    "options", ["--user", "--no namespaces", "--user --no namespaces", "--no landlock --user"]
)
def test_verdicts_are_the_same_as_on_this_machine(options: str, course: Path) -> None:
    weak = ["--isolation", "best-effort"] if "landlock" in options else []
    _, here = _grade("", "--out", "here", cwd=course)
    expected = {name: statuses(report) for name, report in reports(course / "here").items()}
    assert here == {}
    done, found = _grade(options, *weak, cwd=course)
    assert done.status == 0, done.err
    assert {name: statuses(report) for name, report in found.items()} == expected
    assert expected["right.py"].keys() == expected["naive.py"].keys()
    assert expected["right.py"] != expected["naive.py"] != expected["library.py"]
    for report in found.values():
        assert ("namespaces" in _layers(report)) <= ("namespaces" not in options)
        assert ("Landlock" in _layers(report)) == ("landlock" not in options)


def test_a_file_of_another_is_read_only_where_nothing_confines(course: Path) -> None:
    _, strict = _grade("", cwd=course)
    assert ANOTHERS not in str(strict["nosy.py"])
    _, loose = _grade("", "--isolation", "none", "--fresh", cwd=course)
    assert ANOTHERS in str(loose["nosy.py"])


@pytest.mark.parametrize("feature", ["landlock", "seccomp"])
def test_strict_is_refused_in_one_line_before_anything_is_written(
    feature: str, course: Path
) -> None:
    done, found = _grade(f"--no {feature}", cwd=course)
    assert (done.status, done.out, found) == (3, "", {})
    (line,) = done.err.splitlines()
    assert feature in line.lower()
    assert "--isolation best-effort" in line
    assert not (course / "graded").exists()


def test_best_effort_goes_on_and_says_what_is_not_there(course: Path) -> None:
    done, found = _grade("--no landlock", "--isolation", "best-effort", cwd=course)
    assert done.status == 0
    assert done.err.splitlines()[0].startswith(
        "best-effort isolation: this machine has no Landlock;"
    )
    assert all("Landlock" not in _layers(report) for report in found.values())
    assert all("seccomp" in _layers(report) for report in found.values())


def test_best_effort_warns_of_nothing_where_nothing_is_missing(course: Path) -> None:
    here, _ = _grade("", "--out", "strict", cwd=course)
    done, _ = _grade("", "--isolation", "best-effort", cwd=course)
    assert here.status == done.status == 0
    assert "isolation" not in here.err
    missing = "namespaces" in done.err  # where this kernel refuses them
    assert ("isolation" in done.err) == missing


def test_none_is_said_in_a_banner_and_in_every_report(course: Path) -> None:
    done, found = _grade("", "--isolation", "none", cwd=course)
    assert "--isolation none: submissions are not confined." in done.err
    for report in found.values():
        assert report["execution"]["notes"][0] == "the code was not confined: --isolation none"
        assert report["execution"]["isolation"]["mode"] == "none"
        assert "Landlock" not in _layers(report)
