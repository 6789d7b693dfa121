from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch import find as module
from grader.batch.find import Found, find, read
from grader.core.errors import Ungradable, UsageError


def _tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def _sources(*paths: Path, leave: Path | None = None) -> list[str]:
    return [one.source for one in find(paths, leave=leave).found]


def test_a_folder_is_searched_in_order(tmp_path: Path) -> None:
    _tree(
        tmp_path,
        "b.ipynb",
        "a/z.py",
        "a/x.TXT",
        "a/README.txt",
        "readme.py",
        "notes.md",
        ".hidden.py",
        ".git/x.py",
        ".ipynb_checkpoints/b.ipynb",
        "a/__pycache__/x.py",
    )
    listing = find([tmp_path])
    assert [one.source for one in listing.found] == ["a/x.TXT", "a/z.py", "b.ipynb"]
    assert listing.ignored == (".hidden.py", "a/README.txt", "notes.md", "readme.py")


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    _tree(tmp_path, "in/a.py", "out/secret.py")
    (tmp_path / "in" / "link.py").symlink_to(tmp_path / "out" / "secret.py")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "in" / "pipe.py")
    listing = find([tmp_path / "in"])
    assert [one.source for one in listing.found] == ["a.py"]
    assert "link.py" in listing.ignored


def test_a_named_file_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    _tree(tmp_path, "README.md")
    assert _sources(tmp_path / "README.md") == ["README.md"]


def test_a_file_named_twice_is_graded_once(tmp_path: Path) -> None:
    _tree(tmp_path, "a/x.py", "a/b/y.py")
    assert _sources(tmp_path, tmp_path / "a", tmp_path / "a" / "x.py") == ["a/b/y.py", "a/x.py"]


def test_sources_of_several_folders_differ(tmp_path: Path) -> None:
    _tree(tmp_path, "ada/x.py", "bo/x.py")
    assert _sources(tmp_path / "ada", tmp_path / "bo") == ["ada/x.py", "bo/x.py"]
    assert _sources(tmp_path / "ada" / "x.py", tmp_path / "bo" / "x.py") == ["ada/x.py", "bo/x.py"]


def test_the_output_folder_is_not_searched(tmp_path: Path) -> None:
    _tree(tmp_path, "x.py", "graded/y.py")
    assert _sources(tmp_path, leave=tmp_path / "graded") == ["x.py"]


def test_a_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        find([tmp_path / "nothing"])


def test_a_name_that_is_not_utf8_has_a_source(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("")
    assert _sources(tmp_path) == ["caf\\xe9.py"]


def test_a_changed_file_is_another_submission(tmp_path: Path) -> None:
    _tree(tmp_path, "x.py")
    found = find([tmp_path]).found[0]
    before = read(found)
    (tmp_path / "x.py").write_text("other")
    assert read(found).id != before.id
    assert read(found).source == before.source


def test_a_huge_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _tree(tmp_path, "x.py")
    monkeypatch.setattr(module, "LARGEST", 3)
    with pytest.raises(Ungradable, match="larger than"):
        read(Found("x.py", tmp_path / "x.py"))


@given(st.lists(st.sampled_from(["", "a", "a/b", "a/b/x.py", "a/y.py", "c"]), min_size=1))
def test_any_paths_give_each_file_once(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    top = tmp_path_factory.getbasetemp() / "tree"
    if not top.exists():
        _tree(top, "a/b/x.py", "a/y.py", "c/x.py")
    found = find([top / name for name in names]).found
    assert len({one.path for one in found}) == len({one.source for one in found}) == len(found)
    assert list(found) == sorted(found)
