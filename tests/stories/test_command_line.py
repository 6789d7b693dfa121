"""The command line as a shell sees it: exit statuses, what is written where, and odd input."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import put, reports, run_grader, statuses
from tests.stories.terminal import AtTerminal

RIGHT: Final = """
def good_log_softmax(x):
    z = x - x.max(dim=-1, keepdim=True).values
    return z - z.exp().sum(dim=-1, keepdim=True).log()
"""
ENDLESS: Final = "def good_log_softmax(x):\n    while True:\n        pass\n"
BY_HAND: Final = """
  - id: answer
    title: A written answer
    check: manual
    points: 5
"""
SMALL: Final = """
id: small
version: "1.0"
title: Ordinary rows
assignment: softmax
criteria:
  - id: values
    title: Right values
    check: values
    points: 4
    fixtures: [values]
"""
NAIVE: Final = """
import torch
def good_softmax(x):
    return torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)
"""


def test_0_where_nothing_is_left_to_a_person(tmp_path: Path) -> None:
    put(tmp_path, small_yaml=SMALL, class__a_py=NAIVE)
    done = run_grader("grade", "class", "--rubric", "small.yaml", cwd=tmp_path)
    assert done.status == 0, done.err
    assert "error" not in done.err
    assert "by hand" not in done.out
    (report,) = reports(tmp_path / "graded").values()
    assert report["status"] == "graded"
    assert report["final"] == {"score": 4, "max": 4}


def test_1_where_a_mark_by_hand_is_open(tmp_path: Path) -> None:
    put(tmp_path, small_yaml=SMALL + BY_HAND, class__a_py=NAIVE)
    done = run_grader("grade", "class", "--rubric", "small.yaml", cwd=tmp_path)
    assert done.status == 1
    assert "1 waits for a mark by hand: answer" in done.out
    (report,) = reports(tmp_path / "graded").values()
    assert report["status"] == "needs_person"
    assert report["final"] == {"score": None, "max": 9}


BROKEN: Final = {
    "not YAML": ("id: small\ntitle: [never closed\n", r"rubric\.yaml:\d+:\d+: "),
    "a key misspelt": (SMALL.replace("check:", "chek:"), r"rubric\.yaml:9:5: .*`check`"),
    "a check misspelt": (SMALL.replace("check: values", "check: valeus"), r":9:12: .*`values`"),
    "an unknown assignment": (SMALL.replace("softmax", "softmaxx"), r"softmaxx.*`softmax`"),
    "not a rubric": ("- 1\n- 2\n", r"rubric\.yaml:1:1: "),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_2_where_the_rubric_is_broken(tmp_path: Path, text: str, told: str) -> None:
    put(tmp_path, rubric_yaml=text, class__a_py=NAIVE)
    done = run_grader("grade", "class", "--rubric", "./rubric.yaml", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert re.search(told, done.err), done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "graded").exists()


USAGE: Final = {
    "unknown rubric": (("class", "--rubric", "softmx"), "`softmax`"),
    "no rubric": (("class",), "--rubric NAME"),
    "unknown option": (("class", "--rubrik", "softmax"), "--rubrik"),
    "no such path": (("nowhere", "--rubric", "softmax"), "nowhere does not exist"),
    "nothing to grade": (("nothing", "--rubric", "softmax"), "no submission in nothing"),
    "unknown role": (("class", "--rubric", "softmax", "--target", "forwrd=f"), "`forward`"),
    "malformed target": (("class", "--rubric", "softmax", "--target", "good"), "ROLE=NAME"),
    "unknown isolation": (("class", "--rubric", "softmax", "--isolation", "some"), "best-effort"),
    "no workers": (("class", "--rubric", "softmax", "--jobs", "0"), "--jobs"),
}


@pytest.mark.parametrize(("arguments", "told"), USAGE.values(), ids=USAGE)
def test_2_where_the_command_is_wrong(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    put(tmp_path, class__a_py=NAIVE, nothing__notes_md="")
    done = run_grader("grade", *arguments, cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert told in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "graded").exists()


def test_5_where_the_output_folder_cannot_be_written(tmp_path: Path) -> None:
    put(tmp_path, class__a_py=RIGHT, file_txt="not a folder")
    options = ("--rubric", "log_softmax", "--out", "file.txt/below")
    done = run_grader("grade", "class", *options, cwd=tmp_path)
    assert (done.status, done.out) == (5, "")
    assert "file.txt" in done.err
    assert "bug in grader" not in done.err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_130_where_it_is_interrupted_and_a_second_run_goes_on(tmp_path: Path, jobs: str) -> None:
    put(tmp_path / "class", a_py=RIGHT, b_py=RIGHT, z_py=ENDLESS)
    command = ("grade", "class", "--rubric", "log_softmax", "--out", "out", "--jobs", jobs)
    with AtTerminal(*command, cwd=tmp_path, temporary=tmp_path / "temporary") as running:
        running.hear(r"2/3")  # the third has no end
        done = running.interrupt()
    assert done.status == 130, done.err
    assert "2 reports are in out, 2 of them new" in done.err
    assert _left_behind(tmp_path / "temporary") == []
    before = reports(tmp_path / "out")
    assert {source: one["automatic"]["score"] for source, one in before.items()} == {
        "a.py": 20,
        "b.py": 20,
    }
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert {row["source"] for row in summary["rows"]} == {"a.py", "b.py"}

    put(tmp_path / "class", z_py=RIGHT)
    told = re.search(r"go on with: (.*)", done.err)
    assert told is not None
    again = run_grader(*shlex.split(told[1])[1:], cwd=tmp_path)
    assert again.status == 0, again.err
    assert "continued: 2 already graded" in again.err
    after = reports(tmp_path / "out")
    assert {source: after[source] for source in before} == before
    assert after["z.py"]["automatic"]["score"] == 20


def test_json_of_a_class_is_the_summary_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path / "class", a_py=RIGHT, b_py='print("{")\n' + RIGHT, c_ipynb="")
    done = run_grader("grade", "class", "--rubric", "log_softmax", "--json", cwd=tmp_path)
    assert done.status == 1
    summary = done.json()
    assert {row["source"]: row["score"] for row in summary["rows"]} == {
        "a.py": 20,
        "b.py": 20,
        "c.ipynb": 0,
    }
    assert summary["run"]["graded"] == 3


def test_json_of_one_file_is_its_report_and_nothing_is_written(tmp_path: Path) -> None:
    put(tmp_path, a_py=RIGHT)
    done = run_grader("grade", "a.py", "--rubric", "log_softmax", "--json", cwd=tmp_path)
    assert done.status == 0, done.err
    assert done.json()["schema_version"] == "1.0"
    assert set(statuses(done.json()).values()) == {"passed"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_one_file_explains_itself_and_writes_nothing(tmp_path: Path) -> None:
    put(tmp_path, a_py=NAIVE)
    done = run_grader("grade", "a.py", "--rubric", "softmax", cwd=tmp_path)
    assert done.status == 1
    assert "good_softmax(torch.tensor([[100., 101.]]))" in done.out
    assert re.search(r"came back +\[\[nan, nan\]\]", done.out)
    assert re.search(r"should have +\[\[0\.268941, 0\.731059\]\]", done.out)
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_a_target_of_another_name_is_taken_for_one_run(tmp_path: Path) -> None:
    put(tmp_path, a_py=RIGHT.replace("good_log_softmax", "mine"))
    command = ("grade", "a.py", "--rubric", "log_softmax", "--json")
    missing = run_grader(*command, cwd=tmp_path)
    assert statuses(missing.json())["implemented"] == "failed"
    found = run_grader(*command, "--target", "forward=mine", cwd=tmp_path)
    assert found.status == 0, found.err
    assert found.json()["targets"][0]["symbol"] == "mine"
    assert set(statuses(found.json()).values()) == {"passed"}


def test_a_folder_of_other_targets_is_refused_with_a_command_that_keeps_the_name(
    tmp_path: Path,
) -> None:
    put(tmp_path / "class", a_py=RIGHT + RIGHT.replace("good_log_softmax", "mine"))
    command = ("grade", "class", "--rubric", "log_softmax", "--out", "out")
    assert run_grader(*command, cwd=tmp_path).status == 0
    refused = run_grader(*command, "--target", "forward=mine", cwd=tmp_path)
    assert refused.status == 2
    told = shlex.split(refused.err.rsplit("use another folder: ", 1)[1])
    assert told[told.index("--target") + 1] == "forward=mine"
    assert told[told.index("--out") + 1] == "out-2"


def test_the_settings_of_the_working_directory_are_honoured(tmp_path: Path) -> None:
    put(tmp_path, grader_toml='rubric = "log_softmax"\nout = "marks"\n', class__a_py=RIGHT)
    done = run_grader("grade", "class", cwd=tmp_path)
    assert done.status == 0, done.err
    assert set(reports(tmp_path / "marks")) == {"a.py"}
    assert not (tmp_path / "graded").exists()


def test_an_option_goes_before_the_settings(tmp_path: Path) -> None:
    put(tmp_path, grader_toml='rubric = "softmax"\nout = "marks"\n', class__a_py=RIGHT)
    options = ("--rubric", "log_softmax", "--out", "mine")
    assert run_grader("grade", "class", *options, cwd=tmp_path).status == 0
    assert set(reports(tmp_path / "mine")) == {"a.py"}
    assert not (tmp_path / "marks").exists()


def test_settings_with_an_unknown_key_are_refused(tmp_path: Path) -> None:
    put(tmp_path, grader_toml='rubrik = "log_softmax"\n', class__a_py=RIGHT)
    done = run_grader("grade", "class", "--rubric", "log_softmax", cwd=tmp_path)
    assert done.status == 2
    assert "grader.toml: no setting `rubrik`; did you mean `rubric`?" in done.err


def test_settings_among_the_submissions_are_never_read(tmp_path: Path) -> None:
    """A student's `grader.toml` would choose the rubric, or stop the class by an error."""
    put(tmp_path, class__grader_toml='out = "../stolen"\nrubrik = 1\n', class__a_py=RIGHT)
    done = run_grader("grade", "class", "--rubric", "log_softmax", cwd=tmp_path)
    assert done.status == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == {"class", "graded"}


NOTEBOOK: Final = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
CELL: Final = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
PROSE: Final = {"cell_type": "markdown", "metadata": {}, "source": "def good_log_softmax(x): x"}


def _notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({**NOTEBOOK, "cells": list(cells)}).encode()


WHOLE: Final = _notebook({**CELL, "source": RIGHT})
ODD: Final = {
    "empty.ipynb": (b"", "ungradable"),
    "blank.ipynb": (b" \n\n", "ungradable"),
    "truncated.ipynb": (WHOLE[:-30], "ungradable"),
    "not-json.ipynb": (b"<html><body>Sign in</body></html>", "ungradable"),
    "a-number.ipynb": (b"17", "ungradable"),
    "a-list.ipynb": (b"[]", "ungradable"),
    "an-archive.ipynb": (b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)), "ungradable"),
    "deep.ipynb": (b'{"cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "ungradable"),
    "no-cells.ipynb": (_notebook(), "missing"),
    "no-code.ipynb": (_notebook(PROSE), "missing"),
    "odd-source.ipynb": (_notebook({**CELL, "source": 7}, {**CELL, "source": [None]}), "missing"),
    "no-code.py": (b"# only words\n", "missing"),
    "words.txt": (b"I could not install the software.\n", "ungradable"),
    "zeros.py": (bytes(64), None),
    "wrong-encoding.py": (b"# \xff\xfe\x81\x8d\n" + RIGHT.encode(), "found"),
    "utf-16.py": (RIGHT.encode("utf-16"), None),
    "utf-16.ipynb": (WHOLE.decode().encode("utf-16"), None),
    "with-bom.ipynb": (b"\xef\xbb\xbf" + WHOLE, "found"),
}
"""Content, and what has to come out: None leaves it open, but for a report in one sentence."""


@pytest.fixture(scope="module")
def odd_class(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("odd")
    put(folder / "class", aa_py=RIGHT, zz_py=RIGHT)
    for name, (data, _) in ODD.items():
        (folder / "class" / name).write_bytes(data)
    put(folder / "class" / "folder.ipynb", inside_py=RIGHT)
    (folder / "class" / "dangling.ipynb").symlink_to("nowhere.ipynb")
    os.mkfifo(folder / "class" / "pipe.ipynb")
    done = run_grader("grade", "class", "--rubric", "log_softmax", "--out", "out", cwd=folder)
    assert done.status == 1, done.err
    assert "Traceback" not in done.err
    return reports(folder / "out")


@pytest.mark.parametrize("name", ODD)
def test_odd_input_gets_a_report_in_one_sentence(
    odd_class: dict[str, dict[str, Any]], name: str
) -> None:
    report, expected = odd_class[name], ODD[name][1]
    assert "\n" not in report["reason"]
    assert "bug in grader" not in report["reason"]
    if report["status"] == "ungradable":
        assert report["reason"]
        assert report["automatic"]["score"] == 0
        assert expected in ("ungradable", None)
    else:
        implemented = {"found": "passed", "missing": "failed"}
        assert expected != "ungradable"
        assert expected is None or statuses(report)["implemented"] == implemented[expected]
        assert report["status"] == "graded"
    if expected == "found":
        assert report["automatic"]["score"] == 20


def test_odd_input_stops_no_other(odd_class: dict[str, dict[str, Any]]) -> None:
    others = {"aa.py", "zz.py", "folder.ipynb/inside.py"}
    not_files = {"dangling.ipynb": "a symbolic link", "pipe.ipynb": "a pipe"}
    assert set(odd_class) == {*ODD, *others, *not_files}
    for source, what in not_files.items():
        assert odd_class[source]["status"] == "ungradable"
        assert what in odd_class[source]["reason"]
    for source in others:
        assert odd_class[source]["automatic"]["score"] == 20, source


def test_a_file_that_cannot_be_read_needs_a_person(tmp_path: Path) -> None:
    put(tmp_path, a_py=RIGHT)
    # A file that even root cannot read from its beginning.
    paths = ("a.py", "/proc/self/mem")
    done = run_grader("grade", *paths, "--rubric", "log_softmax", "--out", "out", cwd=tmp_path)
    assert done.status == 1, done.err
    found = {source.rsplit("/", 1)[-1]: one for source, one in reports(tmp_path / "out").items()}
    assert found["a.py"]["automatic"]["score"] == 20
    assert found["mem"]["status"] != "graded"
    assert "cannot be read" in found["mem"]["reason"]


def _left_behind(temporary: Path) -> list[str]:
    """Files in the run's temporary folder, and processes at home there."""
    return [path.name for path in temporary.iterdir()] + list(_at_home(temporary))


def _at_home(folder: Path) -> Iterator[str]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                home = (process / "cwd").readlink()
            except OSError:  # ended meanwhile, or another's
                continue
            if str(home).startswith(str(folder)):
                yield f"process {process.name}"
