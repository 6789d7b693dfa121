"""An output folder that is full, closed, or damaged: told in one sentence, or made good again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.stories.command import Done, command, environment, put, run_grader, without_run

RIGHT: Final = """\
import torch


def good_softmax(x):
    e = torch.exp(x - x.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
"""
NAMES: Final = tuple("abcdefgh")
RUBRIC: Final = ("--rubric", "softmax", "--jobs", "1")

pytestmark = pytest.mark.xdist_group("nothing lost")


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a class and its output, `out`, with which nothing is wrong."""
    folder = put(tmp_path_factory.mktemp("calm"), **{f"class__{one}_py": RIGHT for one in NAMES})
    done = run_grader("grade", "class", *RUBRIC, "--out", "out", cwd=folder)
    assert done.status == 1, done.err
    return folder


@dataclass(frozen=True, slots=True)
class Disk:
    """A place with little room; `before` is what has to stand before a command that meets it."""

    place: Path
    make_room: Callable[[], object]
    before: Sequence[str] = ()


@contextmanager
def _mounted(folder: Path, room: int) -> Iterator[Disk | None]:
    """A tmpfs in a mount namespace of its own, which ends with its one process; None: not to be
    had here.
    """
    there = folder / "mounted"
    there.mkdir()
    script = f'mount -t tmpfs -o size=8m tmpfs "{there}" && echo mounted && exec cat'
    process = subprocess.Popen(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"mounted\n":
            yield None
            return
        place = Path(f"/proc/{process.pid}/root{there}")
        filler = place / "filler"
        filler.write_bytes(bytes(8 * 2**20 - room))
        yield Disk(place, filler.unlink)
    finally:
        process.communicate()


def _limited(folder: Path) -> Disk:
    """No file may grow as large as a report: what a full disk says, without a disk."""
    program = (
        "import os, resource as r, sys; "
        "r.setrlimit(r.RLIMIT_FSIZE, (40_000, r.getrlimit(r.RLIMIT_FSIZE)[1])); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    limit = [sys.executable, "-c", program]
    return Disk(folder, limit.clear, limit)


def test_a_full_disk_is_told_and_the_next_run_goes_on(calm: Path, tmp_path: Path) -> None:
    files = [path for path in (calm / "out").rglob("*") if path.is_file()]
    half = sum(path.stat().st_blocks * 512 for path in files) // 2
    with _mounted(tmp_path, half) as mounted:
        disk = mounted or _limited(tmp_path)
        out = disk.place / "out"
        grade = ("grade", "class", *RUBRIC, "--out", out)
        done = _after(disk.before, *grade, cwd=calm)
        assert (done.status, done.out) == (5, "")
        last = done.err.splitlines()[-1]
        assert last.startswith(f"grader: error: cannot write {out}/")
        assert last.endswith(("No space left on device", "File too large"))
        stored = _reports(out)
        assert len(stored) < len(NAMES)
        assert stored or disk.before
        assert stored == {name: _reports(calm / "out")[name] for name in stored}
        assert _half_written(out) == []

        disk.make_room()
        again = _after(disk.before, *grade, cwd=calm)
        assert again.status == 1, again.err
        assert (f"continued: {len(stored)} already graded" in again.err) == bool(stored)
        assert _contents(out) == _contents(calm / "out")


@pytest.mark.parametrize(
    ("owner", "mode", "told"),
    [
        ("ours", 0o500, (5, "Permission denied")),
        ("another's", 0o755, (5, "Permission denied")),
        ("another's", 0o700, (2, "is not readable.")),
    ],
)
def test_a_folder_that_may_not_be_used_is_told(
    calm: Path, tmp_path: Path, owner: str, mode: int, told: tuple[int, str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    if owner != "ours" and os.geteuid() == 0:
        os.chown(out, 65534, 65534)
    elif owner != "ours":
        mode = 0o555 & (mode << 3)  # nobody can give a folder away: closed to its owner instead
    out.chmod(mode)
    done = _after(_unprivileged(), "grade", "class", *RUBRIC, "--out", out, cwd=calm)
    out.chmod(0o700)
    assert (done.status, done.out) == (told[0], "")
    last = done.err.splitlines()[-1]
    assert str(out) in last
    assert last.endswith(told[1])
    assert "bug in grader" not in last
    assert list(out.iterdir()) == []


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _one_bit(path: Path) -> None:
    """Half a point more, in a document that is as valid as before."""
    data = path.read_bytes()
    place = data.index(b'"points": 4.0') + len(b'"points": ')
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])


def _anothers(path: Path) -> None:
    """A whole report, but of the first submission."""
    shutil.copyfile(min(path.parent.iterdir()), path)


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def test_damaged_reports_are_made_good_again(calm: Path, tmp_path: Path) -> None:
    shutil.copytree(calm, tmp_path, dirs_exist_ok=True)
    reports = sorted((tmp_path / "out" / "reports").iterdir())
    damage = (_truncated, _empty, _one_bit, _anothers, _link, _fifo)
    for path, harm in zip(reports[1:], damage, strict=False):
        harm(path)
    index = tmp_path / "out" / "observations" / "index" / reports[-1].name
    index.write_text(index.read_text(encoding="ascii").replace('"found"', '"stub"'))
    done = run_grader("grade", "class", *RUBRIC, "--out", "out", cwd=tmp_path)
    assert done.status == 1, done.err
    assert "continued: 1 already graded" in done.err
    assert _contents(tmp_path / "out") == _contents(calm / "out")
    judged = run_grader("rejudge", "out", cwd=tmp_path)
    assert (judged.status, judged.err) == (1, "")
    assert f"{len(NAMES)} judged again, nothing moved" in judged.out


def test_what_no_run_can_make_good_is_told(calm: Path, tmp_path: Path) -> None:
    """Observations are made again, a report that has become a folder is a person's to remove."""
    shutil.copytree(calm, tmp_path, dirs_exist_ok=True)
    for path in (tmp_path / "out" / "observations").glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    told = run_grader("rejudge", "out", cwd=tmp_path)
    assert told.status == 5
    assert told.err.count("is damaged") == len(NAMES)
    last = max((tmp_path / "out" / "reports").iterdir())
    last.unlink()
    last.mkdir()
    done = run_grader("grade", "class", *RUBRIC, "--out", "out", cwd=tmp_path)
    assert (done.status, done.out) == (5, "")
    assert done.err.splitlines()[-1] == (
        f"grader: error: cannot write out/reports/{last.name}: Is a directory"
    )
    last.rmdir()
    again = run_grader("grade", "class", *RUBRIC, "--out", "out", cwd=tmp_path)
    assert again.status == 1, again.err
    assert f"continued: {len(NAMES) - 1} already graded" in again.err
    assert _contents(tmp_path / "out") == _contents(calm / "out")


def _after(before: Sequence[str], *arguments: str | Path, cwd: Path) -> Done:
    """The command line, started by the program `before`."""
    done = subprocess.run(
        [*before, *command(*arguments)],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def _unprivileged() -> list[str]:
    """Takes from root what lets it open any file; nothing where there is nothing to take."""
    program = (
        "import ctypes, os, sys; prctl = ctypes.CDLL(None).prctl; "
        "[prctl(24, number, 0, 0, 0) for number in (1, 2)]; "  # CAP_DAC_OVERRIDE, _READ_SEARCH
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", program]


def _reports(out: Path) -> dict[str, bytes]:
    return {path.name: without_run(path) for path in (out / "reports").glob("[!.]*.json")}


def _half_written(out: Path) -> list[str]:
    for path in out.rglob("[!.]*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    return [path.name for path in out.rglob(".*") if path.name != ".lock"]


def _contents(out: Path) -> dict[str, object]:
    """What two output folders of one class have in common, byte by byte."""
    assert _half_written(out) == []
    told = {name: (out / name).read_bytes() for name in ("summary.json", "scores.csv", "run.json")}
    tensors = {
        path.name: path.read_bytes() for path in (out / "observations").glob("*.safetensors")
    }
    return {**told, **tensors, **_reports(out)}
