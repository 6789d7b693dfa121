from __future__ import annotations

import stat
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
