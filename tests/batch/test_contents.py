from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from grader.batch import contents as module
from grader.batch.contents import contents
from grader.core.errors import Ungradable


def test_an_ordinary_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"x = 1\n" * 100_000)
    assert contents(path) == b"x = 1\n" * 100_000
    (tmp_path / "empty").touch()
    assert contents(tmp_path / "empty") == b""


def test_a_hard_link_is_an_ordinary_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x")
    (tmp_path / "b.py").hardlink_to(tmp_path / "a.py")
    assert contents(tmp_path / "b.py") == b"x"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/tty"])
def test_devices_are_not_opened(device: str) -> None:
    with pytest.raises(Ungradable, match="a device"):
        contents(Path(device))


def test_pipes_sockets_links_and_folders_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # the name of a socket must be short
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
        for name in ("pipe", "link", "folder", "socket"):
            with pytest.raises(Ungradable, match=f"the file is a .*{name}"):
                contents(tmp_path / name)


def test_what_is_not_there_or_locked_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        contents(tmp_path / "gone")
    path = tmp_path / "locked"
    path.touch(mode=0)
    if os.geteuid():
        with pytest.raises(PermissionError):
            contents(path)


def test_a_name_given_to_a_link_since_it_was_looked_at_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text("x")
    looked_at = path.lstat()
    path.unlink()
    path.symlink_to("/etc/passwd")
    monkeypatch.setattr(Path, "lstat", lambda _: looked_at)
    with pytest.raises(OSError, match="symbolic links"):
        contents(path)


def test_a_pipe_put_there_since_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.py"
    path.write_text("x")
    looked_at = path.lstat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "lstat", lambda _: looked_at)
    with pytest.raises(Ungradable, match="a pipe"):
        contents(path)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.ipynb"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Ungradable, match="larger than 128 MB"):
        contents(path)


def test_a_file_without_a_size_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("/proc/self/status")  # an ordinary file of size 0, as one that grows is
    assert b"Name:" in contents(path)
    monkeypatch.setattr(module, "LARGEST", 3)
    with pytest.raises(Ungradable, match="larger than"):
        contents(path)
