"""One class that holds every hostile file, graded by the real command line beside ordinary ones."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.stories.command import Done, by_source, command, environment, reports

RIGHT: Final = """import torch

def good_softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
"""
NAIVE: Final = """import torch

def good_softmax(x):
    return torch.exp(x) / torch.exp(x).sum(dim=-1, keepdim=True)
"""
FULL: Final = "graded"
NONE: Final = "ungradable"
_TRUE_MODE: Final = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for capability in (1, 2):  # what lets root read files of mode 0000
    libc.prctl(24, capability, 0, 0, 0)
os.execv(sys.executable, sys.argv[1:])
"""


def _grade(*arguments: str | Path, cwd: Path) -> Done:
    """As `run_grader`, but root may not read what its owner may not."""
    asked = command(*arguments)
    if os.geteuid() == 0:
        asked = [sys.executable, "-c", _TRUE_MODE, *asked]
    done = subprocess.run(
        asked,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _cell(source: object, **more: object) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], **more}


def _nb(*cells: object, **more: object) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


def _with_outputs(outputs: bytes) -> bytes:
    return _nb(_cell(RIGHT)).replace(b'"outputs": []', b'"outputs": ' + outputs)


CONTENTS: Final[Mapping[str, tuple[str, bytes]]] = {
    "nbformat-99.ipynb": (FULL, _nb(_cell(RIGHT), nbformat=99)),
    "nbformat-rm.ipynb": (FULL, _nb(_cell(RIGHT), nbformat="4; rm -rf ~")),
    "nan.ipynb": (FULL, _nb(_cell(RIGHT), a=float("nan"))),
    "duplicates.ipynb": (FULL, _nb(_cell(RIGHT)).replace(b"{", b'{"cells": [], "a": 1,', 1)),
    "integer.ipynb": (FULL, _nb(_cell(RIGHT)).replace(b"5", b"5" * 1_000_000)),
    "wrong-sources.ipynb": (FULL, _nb(*map(_cell, (None, 3, {}, [[1]])), _cell(RIGHT))),
    "10000-cells.ipynb": (FULL, _nb(*[_cell("")] * 9_999, _cell(RIGHT))),
    "100-mb.ipynb": (FULL, _with_outputs(b'["' + b"x" * 100_000_000 + b'"]')),
    "5-mb-line.ipynb": (FULL, _nb({"cell_type": "raw", "source": "x" * 5_000_000}, _cell(RIGHT))),
    "5-mb-line.txt": (FULL, f"In [1]:\n{RIGHT}\nIn [2]:\n1\n\n{'x' * 5_000_000}\n".encode()),
    "latin-1.py": (FULL, f"# Résumé\n{RIGHT}".encode("latin-1")),
    "utf-16.ipynb": (FULL, _nb(_cell(RIGHT)).decode().encode("utf-16")),
    "deep-python.ipynb": (FULL, _nb(_cell("(" * 9_999), _cell(RIGHT))),
    "deep-blocks.py": (FULL, (RIGHT + "x = " + "[" * 150 + "]" * 150 + "\n").encode()),
    "deep-outputs.ipynb": (FULL, _with_outputs(b"[" * 50_000 + b"]" * 50_000)),
    "prints.py": (FULL, (RIGHT + "print('\x1b[2J\u202e', '::error::')\n").encode()),
    "=cmd|'calc'!A1.py": (FULL, RIGHT.encode()),
    "-rf.py": (FULL, RIGHT.encode()),
    "CASE.py": (FULL, RIGHT.encode()),
    "case.py": (FULL, RIGHT.encode()),
    "new\nline.py": (FULL, RIGHT.encode()),
    "clear\x1b[2J.py": (FULL, RIGHT.encode()),
    "bidi\u202eyp.py": (FULL, RIGHT.encode()),
    "back\\slash.py": (FULL, RIGHT.encode()),
    "l" * 240 + ".py": (FULL, RIGHT.encode()),
    os.fsdecode(b"bytes\xe9\xff.py"): (FULL, RIGHT.encode()),
    "cells-null.ipynb": (NONE, b'{"cells": null, "nbformat": 4}'),
    "deep-json.ipynb": (NONE, b'{"cells":' + b"[" * 500_000),
    "deep-cells.ipynb": (NONE, b'{"cells":[' + b"[" * 500_000 + b"]" * 500_000 + b"]}"),
    "too-much-code.ipynb": (NONE, _nb(_cell("a;" * 100_000))),
    "zeros.py": (NONE, bytes(100_000)),
    "binary.ipynb": (NONE, bytes(range(1, 32)) * 999),
    "zip.ipynb": (NONE, b"PK\x03\x04" + bytes(99)),
    "empty.py": (NONE, b""),
}
SOURCES: Final = {
    "new\nline.py": "new\\nline.py",
    "clear\x1b[2J.py": "clear\\x1b[2J.py",
    "bidi\u202eyp.py": "bidi\\u202eyp.py",
    "back\\slash.py": "back\\\\slash.py",
    os.fsdecode(b"bytes\xe9\xff.py"): "bytes\\xe9\\xff.py",
}
"""What reports call a file whose name cannot be shown as it is."""

KINDS: Final = {
    "link.py": "a symbolic link",
    "passwd.py": "a symbolic link",
    "zero.ipynb": "a symbolic link",
    "loop.py": "a symbolic link",
    "pipe.ipynb": "a pipe",
    "socket.py": "a socket",
    "folder.ipynb": "a folder",
    "locked.py": "Permission denied",
    "locked": "Permission denied",
    "sparse.ipynb": "larger than 128 MB",
}


def _fill(folder: Path) -> None:
    """Every hostile file, and two ordinary ones."""
    folder.mkdir()
    (folder / "ann.py").write_text(RIGHT)
    (folder / "zoe.py").write_text(NAIVE)
    for name, (_, data) in CONTENTS.items():
        (folder / name).write_bytes(data)
    (folder / "hard.py").hardlink_to(folder / "zoe.py")
    (folder / "link.py").symlink_to("ann.py")
    (folder / "passwd.py").symlink_to("/etc/passwd")
    (folder / "zero.ipynb").symlink_to("/dev/zero")
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "folder.ipynb").mkdir()
    (folder / "locked").mkdir()
    (folder / "locked" / "x.py").write_text(RIGHT)
    (folder / "locked").chmod(0)
    (folder / "locked.py").touch(mode=0)
    with (folder / "sparse.ipynb").open("wb") as file:
        file.truncate(1 << 40)
    here = Path.cwd()
    os.chdir(folder)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("socket.py")
    finally:
        os.chdir(here)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Path]:
    """The class, graded once for all tests of this module."""
    work = tmp_path_factory.mktemp("hostile")
    _fill(work / "class")
    try:
        return _grade("grade", "class", "--rubric", "softmax", "--out", "out", cwd=work), (
            work / "out"
        )
    finally:
        (work / "class" / "locked").chmod(0o700)


@pytest.fixture(scope="module")
def told(graded: tuple[Done, Path]) -> dict[str, dict[str, Any]]:
    """The reports by their source."""
    return reports(graded[1])


def _marks(report: Mapping[str, Any]) -> object:
    """What a report says of the work, without what it says of the file."""
    return report["status"], report["automatic"], report["diagnoses"]


def test_every_file_has_its_report_and_no_other(told: dict[str, dict[str, Any]]) -> None:
    expected = {SOURCES.get(name, name): status for name, (status, _) in CONTENTS.items()}
    expected |= dict.fromkeys(KINDS, NONE) | dict.fromkeys(["ann.py", "zoe.py", "hard.py"], FULL)
    known = {"needs_person": FULL}  # the written answer of the rubric is open in every one
    assert {
        source: known.get(one["status"], one["status"]) for source, one in told.items()
    } == expected


@pytest.mark.parametrize("name", [name for name, (status, _) in CONTENTS.items() if status == FULL])
def test_a_right_answer_is_right_in_a_hostile_file(
    told: dict[str, dict[str, Any]], name: str
) -> None:
    assert _marks(told[SOURCES.get(name, name)]) == _marks(told["ann.py"])


def test_ordinary_files_are_unharmed(told: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "ann.py").write_text(RIGHT)
    (tmp_path / "zoe.py").write_text(NAIVE)
    done = _grade("grade", ".", "--rubric", "softmax", "--out", "out", cwd=tmp_path)
    alone = reports(tmp_path / "out")
    assert done.out
    for name, other in (("ann.py", "ann.py"), ("zoe.py", "zoe.py"), ("hard.py", "zoe.py")):
        assert _marks(told[name]) == _marks(alone[other])
    assert told["ann.py"]["automatic"]["score"] > told["zoe.py"]["automatic"]["score"]


def test_what_cannot_be_read_says_so_in_one_plain_sentence(
    told: dict[str, dict[str, Any]],
) -> None:
    for source, report in told.items():
        if report["status"] != NONE:
            continue
        reason = report["reason"]
        assert 10 < len(reason) < 200, source
        assert reason.isprintable()
        assert KINDS.get(source, "") in reason
        assert "bug in grader" not in reason


def _raw(text: str) -> set[str]:
    """Letters that move a cursor, hide or reorder text."""
    return {
        letter
        for letter in set(text) - {"\n"}
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }


def test_nothing_is_printed_or_written_raw(graded: tuple[Done, Path]) -> None:
    done, out = graded
    assert done.status == 1, done.err
    assert _raw(done.out) == set()
    assert _raw(done.err) == set()
    assert "Traceback" not in done.err
    for path in (out / "scores.csv", out / "summary.json", *(out / "reports").iterdir()):
        assert _raw(path.read_bytes().decode()) == set(), path.name


def test_tables_hold_no_formula(graded: tuple[Done, Path]) -> None:
    with (graded[1] / "scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["source"] for row in rows}) == len(rows) == len(CONTENTS) + len(KINDS) + 3
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@")) or cell[1:2].isdigit()


def test_names_of_reports_are_short_safe_and_differ_in_more_than_case(
    graded: tuple[Done, Path],
) -> None:
    names = [path.name for path in (graded[1] / "reports").iterdir()]
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert len(name) < 100
        assert name.isascii()
        assert name.replace("-", "").replace(".json", "").isalnum()


NAMED: Final = ("/dev/zero", "/dev/full", "/dev/tty", "pipe", "loop", "dangling", "/proc/kmsg")


def _make_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "right.py").write_text(RIGHT)


def test_what_is_named_is_as_safe_as_what_is_found(tmp_path: Path) -> None:
    _make_named(tmp_path)
    named = [*NAMED, "right.py"]
    done = _grade("grade", *named, "--rubric", "softmax", "--out", "out", cwd=tmp_path)
    assert done.status == 1, done.err
    told = by_source(
        json.loads(path.read_text()) for path in (tmp_path / "out" / "reports").iterdir()
    )
    assert len(told) == len(named)
    assert [one["status"] != NONE for source, one in told.items() if source.endswith("right.py")]
    assert sum(one["status"] == NONE for one in told.values()) == len(NAMED)


@pytest.mark.parametrize("what", ["/dev/zero", "pipe", "loop"])
@pytest.mark.parametrize("act", ["grade", "explain"])
def test_one_that_is_explained_is_as_safe(tmp_path: Path, act: str, what: str) -> None:
    _make_named(tmp_path)
    done = _grade(act, what, "--rubric", "softmax", cwd=tmp_path)
    assert done.status == 1, done.err
    assert "an ordinary file has to be handed in" in " ".join(done.out.split())
    assert not (tmp_path / "graded").exists()


def _class_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("ann/nb.ipynb", _nb(_cell(RIGHT)))
        made.writestr("../../escaped.py", RIGHT)
        made.writestr("/absolute.py", RIGHT)
        made.writestr("bo\x1b[2J/nb.py", RIGHT)
        link = zipfile.ZipInfo("link.py")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("inner.zip", b"PK")


def _class_tar(path: Path) -> None:
    with tarfile.open(path, "w:gz") as made:
        for name, text in (("ann/nb.ipynb", _nb(_cell(RIGHT))), ("../../escaped.py", b"")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            made.addfile(info, io.BytesIO(text))
        link = tarfile.TarInfo("link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)


@pytest.mark.parametrize("name", ["class.zip", "class.tar.gz"])
def test_an_archive_is_graded_as_the_folder_it_was(tmp_path: Path, name: str) -> None:
    work = tmp_path / "a" / "b"
    work.mkdir(parents=True)
    (_class_zip if name.endswith("zip") else _class_tar)(work / name)
    done = _grade("grade", name, "--rubric", "softmax", "--out", "out", cwd=work)
    assert done.status == 1, done.err
    told = reports(work / "out")
    assert told[f"{name}/ann/nb.ipynb"]["automatic"]["score"] > 15
    assert told[f"{name}/link.py"]["status"] == NONE
    assert "escaped.py: its name leads out of the archive" in done.err
    assert _raw(done.out + done.err) == set()
    assert sorted(path.name for path in tmp_path.rglob("*.py")) == []
    again = _grade("grade", name, "--rubric", "softmax", "--out", "out", cwd=work)
    read = [source for source, one in told.items() if one["status"] != NONE]
    assert f"{len(read)} already graded" in again.err
    assert reports(work / "out").keys() == told.keys()
    one = _grade("explain", name, "--rubric", "softmax", cwd=work)
    assert one.status == 2
    assert "one is explained at a time" in one.err


def test_a_bomb_and_a_broken_archive_are_one_sentence(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(30):
            made.writestr(f"{number}.py", bytes(10_000_000))
    (tmp_path / "broken.tgz").write_bytes(b"no archive")
    (tmp_path / "right.py").write_text(RIGHT)
    for name in ("bomb.zip", "broken.tgz"):
        done = _grade("grade", name, "--rubric", "softmax", cwd=tmp_path)
        assert done.status == 2
        assert done.err.startswith(f"grader: error: {name}: the ")
        assert len(done.err.splitlines()) == 1
    named = ("bomb.zip", "broken.tgz", "right.py")
    done = _grade("grade", *named, "--rubric", "softmax", "--out", "out", cwd=tmp_path)
    told = reports(tmp_path / "out")
    assert {source: one["status"] == NONE for source, one in told.items()} == {
        "bomb.zip": True,
        "broken.tgz": True,
        "right.py": False,
    }
