from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from grader.core.errors import UsageError
from grader.export import package_gradescope
from tests.export.test_gradescope import gradescope_would_say

GOOD = """#!/bin/sh
echo "$@" >> "$LOG"
[ "$1" = grade ] && exit "${GRADE:-1}"
[ -n "$EXPORT" ] && exit "$EXPORT"
mkdir -p "$5" && printf '%s' '{"score": 3.0}' > "$5/${NAME:-results.json}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "auto grader"
    (home / "venv" / "bin").mkdir(parents=True)
    (home / "submission").mkdir()
    with zipfile.ZipFile(io.BytesIO(package_gradescope("sample"))) as archive:
        archive.extractall(home / "source")
    stand_in = home / "venv" / "bin" / "grader"
    stand_in.write_text(GOOD)
    stand_in.chmod(0o755)
    return home


def _run(home: Path, **env: str) -> dict[str, object]:
    told = {"PATH": os.environ["PATH"], "AUTOGRADER_HOME": str(home), "LOG": str(home / "log")}
    subprocess.run(
        ["/bin/bash", str(home / "source" / "run_autograder")],
        env={**told, **env},
        check=True,
        capture_output=True,
    )
    found: dict[str, object] = json.loads((home / "results" / "results.json").read_bytes())
    return found


@pytest.mark.parametrize("name", ["run_autograder", "setup.sh"])
def test_scripts_are_bash_and_can_be_run(name: str) -> None:
    archive = zipfile.ZipFile(io.BytesIO(package_gradescope("it's; rm -rf $HOME")))
    done = subprocess.run(
        ["/bin/bash", "-n"], input=archive.read(name), capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert archive.getinfo(name).external_attr >> 16 == 0o100755


def test_results_are_those_of_the_grader(home: Path) -> None:
    assert _run(home) == {"score": 3.0}
    asked = (home / "log").read_text().splitlines()
    assert asked[0].startswith(f"grade {home}/submission --rubric sample --out ")
    assert asked[1].endswith("--partial")


@pytest.mark.parametrize(
    "env", [{"GRADE": "3"}, {"GRADE": "139"}, {"EXPORT": "5"}, {"NAME": "gradescope.zip"}]
)
def test_a_failure_leaves_legal_results_without_a_total(home: Path, env: dict[str, str]) -> None:
    document = _run(home, **env)
    assert gradescope_would_say(document) is None
    assert ("one notebook" in str(document["output"])) == ("NAME" in env)


def test_without_a_grader_there_are_results_all_the_same(home: Path) -> None:
    (home / "venv" / "bin" / "grader").unlink()
    empty = home / "bin"
    empty.mkdir()
    for tool in ("mkdir", "cp", "mktemp", "rm", "mv"):
        found = next(d for d in ("/usr/bin", "/bin") if Path(d, tool).exists())
        (empty / tool).symlink_to(f"{found}/{tool}")
    assert gradescope_would_say(_run(home, PATH=str(empty))) is None


def test_a_courses_own_files_are_laid_in() -> None:
    data = package_gradescope(
        "r.yaml", {"r.yaml": b"id: x", "fixtures/a.yaml": b""}, {"g.whl": b""}
    )
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.read("course/r.yaml") == b"id: x"
    assert b"--rubric ./course/r.yaml " in archive.read("run_autograder")
    assert b"install --no-input ./wheels/g.whl" in archive.read("setup.sh")
    assert data == package_gradescope(
        "r.yaml", {"fixtures/a.yaml": b"", "r.yaml": b"id: x"}, {"g.whl": b""}
    )


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", "a\\b", "a\nb", "."])
def test_names_that_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        package_gradescope("r.yaml", {"r.yaml": b"", name: b""})


@pytest.mark.parametrize("rubric", ["", "--out=/", "a\nb"])
def test_what_is_no_rubric_is_refused(rubric: str) -> None:
    with pytest.raises(UsageError):
        package_gradescope(rubric)
