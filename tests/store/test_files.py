from __future__ import annotations

import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.core.errors import StorageError
from grader.store import files


def test_folders_and_files_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    files.make_folder(folder)
    files.write(folder / "x", b"1")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "x").stat().st_mode) == 0o600


def test_a_failed_write_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    files.write(path, b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError, match=r"cannot write .*x: No space left on device"):
        files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_a_file_that_finds_no_room_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    files.write(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(StorageError, match=r"cannot write .*x: File too large"):
            files.write(path, bytes(101))
        files.write(tmp_path / "y", bytes(100), durable=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x", "y"]


def test_a_pending_file_is_there_only_after_a_good_end(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(KeyboardInterrupt), files.pending(path, b"new"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    with files.pending(path, b"new"):
        assert not path.exists()
    assert path.read_bytes() == b"new"


def _link(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_link, os.mkfifo, Path.mkdir])
def test_what_is_no_plain_file_is_not_read_and_a_file_takes_its_place(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "x"
    make(path)
    with pytest.raises(StorageError, match="cannot read"):
        files.read(path)
    assert not files.holds(path, b"1")
    if path.is_dir() and not path.is_symlink():
        with pytest.raises(StorageError, match=r"cannot write .*: Is a directory"):
            files.write(path, b"1")
    else:
        files.write(path, b"1")
        assert files.holds(path, b"1")
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_nothing_is_removed_behind_a_link(tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere" / ".partial-x"
    kept.parent.mkdir()
    kept.touch()
    (tmp_path / "link").symlink_to(kept.parent)
    files.clear(tmp_path / "link")
    assert kept.exists()
    files.clear(kept.parent)
    assert not kept.exists()


def test_a_lock_is_made_privately_and_never_through_a_link(tmp_path: Path) -> None:
    os.close(files.open_lock(tmp_path / "lock"))
    assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="symbolic links"):
        files.open_lock(tmp_path / "link")
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(StorageError):
        files.make_folder(tmp_path / "x" / "y")
    with pytest.raises(StorageError):
        files.write(tmp_path / "x" / "y", b"")


def test_damaged_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        files.read_json(tmp_path / "x.json")
    with pytest.raises(StorageError, match="No such file"):
        files.read_json(tmp_path / "y.json")


def test_pretty_json_does_not_depend_on_the_order_of_keys() -> None:
    assert files.pretty({"b": 1, "a": "é"}) == files.pretty({"a": "é", "b": 1})
    assert files.pretty({"a": "\ud800"}).decode() == '{\n  "a": "\\ud800"\n}\n'
