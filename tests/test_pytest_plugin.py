"""`pytest submission.ipynb --grader-rubric softmax`, in a pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest

from tests.stories.command import Done, environment

RIGHT = """import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
"""


def notebook(path: Path, source: str) -> Path:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    document = {"cells": [{**cell, "source": source}], "metadata": {}, "nbformat": 4,
                "nbformat_minor": 5}  # fmt: skip
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def run_pytest(folder: Path, *options: str) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "grader.pytest_plugin",
         "--rootdir", str(folder), "-rs", *options],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_right_notebook_passes_and_what_a_person_marks_is_skipped(tmp_path: Path) -> None:
    notebook(tmp_path / "nb.ipynb", RIGHT)
    done = run_pytest(tmp_path, "nb.ipynb", "--grader-rubric", "softmax", "-v")
    assert done.status == 0, done.out
    assert "nb.ipynb::stable PASSED" in done.out
    assert "nb.ipynb::discussion SKIPPED" in done.out
    assert "10 passed, 5 skipped" in done.out


def test_a_wrong_one_fails_with_its_cause_and_no_traceback(tmp_path: Path) -> None:
    notebook(tmp_path / "nb.ipynb", RIGHT.replace("(-1", "(0"))
    done = run_pytest(
        tmp_path, "nb.ipynb", "--grader-rubric", "softmax", "-k", "values and not backward",
        "--junitxml", "out.xml",
    )  # fmt: skip
    assert done.status == 1
    assert "1 failed, 14 deselected" in done.out
    assert "[wrong-axis] (cell 1, line " in done.out
    assert "got 1, expected 0.268941 at [0, 0]" in done.out
    assert "pytest_plugin.py" not in done.out
    told = (tmp_path / "out.xml").read_text(encoding="utf-8")
    assert '<property name="points" value="0.0" />' in told
    assert '<property name="max_points" value="4.0" />' in told
    [suite] = junitparser.JUnitXml.fromfile(str(tmp_path / "out.xml"))
    assert [(one.classname, one.name) for one in suite] == [("nb.ipynb", "values")]


def test_several_notebooks_have_their_own_verdicts(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", RIGHT)
    notebook(tmp_path / "b.ipynb", RIGHT.replace("x.amax(-1, keepdim=True)", "0"))
    (tmp_path / "c.ipynb").write_text("{")
    done = run_pytest(tmp_path, "--grader-rubric", "softmax", "-k", "stable and not backward", "-v")
    assert "a.ipynb::stable PASSED" in done.out
    assert "b.ipynb::stable FAILED" in done.out
    assert "c.ipynb::stable FAILED" in done.out
    assert "cannot be graded: " in done.out


def test_without_the_option_notebooks_are_nothing(tmp_path: Path) -> None:
    notebook(tmp_path / "nb.ipynb", "raise SystemExit")
    done = run_pytest(tmp_path)
    assert done.status == 5
    assert "no tests ran" in done.out


def test_a_wrong_rubric_is_told_while_collecting(tmp_path: Path) -> None:
    notebook(tmp_path / "nb.ipynb", RIGHT)
    done = run_pytest(tmp_path, "--grader-rubric", "sofmax")
    assert done.status == 2
    assert "no rubric `sofmax`" in done.out


def test_workers_agree_on_what_there_is(tmp_path: Path) -> None:
    notebook(tmp_path / "nb.ipynb", RIGHT)
    done = run_pytest(
        tmp_path, "--grader-rubric", "softmax", "-p", "xdist", "-n", "2", "--dist", "loadfile"
    )
    assert done.status == 0, done.out
    assert "10 passed, 5 skipped" in done.out


def test_being_installed_costs_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pytest, grader.pytest_plugin\n"
        "loaded = [name for name in sys.modules if name.startswith('grader.')]\n"
        "assert loaded == ['grader.pytest_plugin'], loaded\n"
        "assert 'numpy' not in sys.modules and 'pydantic' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", ["\x1b[2J", "::error::x"])
def test_what_a_notebook_says_never_steers_the_terminal(tmp_path: Path, text: str) -> None:
    notebook(tmp_path / "nb.ipynb", f"def good_softmax(x):\n    raise ValueError({text!r})\n")
    done = run_pytest(tmp_path, "--grader-rubric", "softmax", "-k", "values and not backward")
    assert done.status == 1
    assert "\x1b[2J" not in done.out
    assert not any(line.startswith("::") for line in done.out.splitlines())
