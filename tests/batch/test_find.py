from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.batch.find import Found, find, read
from grader.core.errors import Ungradable, UsageError
from grader.core.text import plain


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


def test_links_and_pipes_are_not_followed_and_get_a_report(tmp_path: Path) -> None:
    _tree(tmp_path, "in/a.py", "out/secret.py")
    (tmp_path / "in" / "link.py").symlink_to(tmp_path / "out" / "secret.py")
    (tmp_path / "in" / "linked.py").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "in" / "pipe.py")
    listing = find([tmp_path / "in"])
    said = {one.source: _refusal(one) for one in listing.found}
    assert said.pop("a.py") == ""
    assert {source: words.split(":")[0] for source, words in said.items()} == {
        "link.py": "the file is a symbolic link, which is not followed",
        "linked.py": "the file is a symbolic link, which is not followed",
        "pipe.py": "the file is a pipe",
    }
    assert listing.ignored == ("folder",)


def _refusal(found: Found) -> str:
    try:
        read(found)
    except Ungradable as error:
        return str(error)
    return ""


def test_a_link_is_followed_where_nothing_else_is_named(tmp_path: Path) -> None:
    _tree(tmp_path, "out/secret.py", "out/other.py", "in/b.py")
    file, folder = tmp_path / "in" / "a.py", tmp_path / "folder"
    file.symlink_to(tmp_path / "out" / "secret.py")
    folder.symlink_to(tmp_path / "out")
    assert [read(one).data for one in find([file]).found] == [b"out/secret.py"]
    assert _sources(folder) == ["other.py", "secret.py"]
    beside = find([file, tmp_path / "in" / "b.py", folder]).found
    assert [(one.source, bool(_refusal(one))) for one in beside] == [
        ("folder", True),
        ("in/a.py", True),
        ("in/b.py", False),
    ]


@pytest.mark.parametrize("to", ["nowhere", "self"])
def test_a_link_that_leads_nowhere_is_one_sentence(tmp_path: Path, to: str) -> None:
    link = tmp_path / "self"
    link.symlink_to(tmp_path / to)
    assert _refusal(find([link]).found[0]).startswith("the file is a symbolic link")
    assert len(find([link, tmp_path]).found) == 1


def test_folders_that_are_called_as_submissions_are(tmp_path: Path) -> None:
    _tree(tmp_path, "full.ipynb/deep/x.py", "notes.ipynb/notes.md")
    (tmp_path / "empty.ipynb").mkdir()
    found = find([tmp_path]).found
    assert [(one.source, _refusal(one).split(":")[0]) for one in found] == [
        ("empty.ipynb", "the file is a folder"),
        ("full.ipynb/deep/x.py", ""),
        ("notes.ipynb", "the file is a folder"),
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root opens every folder")
def test_a_locked_folder_gets_a_report(tmp_path: Path) -> None:
    _tree(tmp_path, "in/a.py", "in/ann/b.py")
    locked = tmp_path / "in" / "ann"
    locked.chmod(0)
    try:
        found = find([tmp_path / "in"]).found
        assert [one.source for one in found] == ["a.py", "ann"]
        with pytest.raises(PermissionError):
            read(found[1])
    finally:
        locked.chmod(0o700)


def test_names_that_move_cursors_are_spelled_and_no_two_alike(tmp_path: Path) -> None:
    names = (
        "a\nb.py", "a\\nb.py", "a\x1b[31m.py", "a\u202eyp.py", "-rf.py", "=cmd.py", "A.py",
        "a.py", "caf\u00e9.py", "x" * 240 + ".py", "tab\t.py", "\u009b.py",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).write_text("")
    for name in (b"caf\xe9.py", b"caf\\xe9.py", b"\x9b.py"):
        (tmp_path / os.fsdecode(name)).write_text("")
    found = find([tmp_path]).found
    assert len(found) == len(names) + 3
    sources = [one.source for one in found]
    assert len(set(sources)) == len(sources)
    assert all(plain(source) == source and source.isprintable() for source in sources)
    assert {"a\\nb.py", "a\\\\nb.py", "a\\x1b[31m.py", "a\\u202eyp.py", "caf\u00e9.py"} <= set(
        sources
    )
    assert {"caf\\xe9.py", "caf\\\\xe9.py", "\\x9b.py", "\\u009b.py"} <= set(sources)
    ids = [read(one).id for one in found]
    assert len({one.lower() for one in ids}) == len(ids)
    assert all(len(one) <= 80 and one.isascii() for one in ids)
    assert not any(one.startswith("-") for one in ids)


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
