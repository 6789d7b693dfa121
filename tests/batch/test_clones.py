"""Clones as git makes them, and as nobody should."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from grader.batch.clones import branch, file_bytes, files, is_clone
from grader.core.errors import Ungradable, UsageError
from tests.batch.repositories import Repository, fetch, git

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def hours(number: int) -> datetime:
    return NOON + timedelta(hours=number)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "server")
    made.commit({"nb.ipynb": "one", "src/ä b.py": "x"}, hours(0))
    return made


def test_fetches_are_dated_by_the_clone_not_by_commits(
    repository: Repository, tmp_path: Path
) -> None:
    first = git(repository.folder, "rev-parse", "HEAD")
    clone = tmp_path / "clones" / "lab-ada"
    fetch(repository, clone, hours(1))
    second = repository.commit({"nb.ipynb": "two"}, hours(-500))
    fetch(repository, clone, hours(5))
    found = branch(clone)
    assert [(one.id, one.committed) for one in found.history] == [
        (second, hours(-500)),
        (first, hours(0)),
    ]
    assert {(one.commit, one.at) for one in found.fetches} == {
        (first, hours(1)),
        (second, hours(5)),
    }


def test_files_are_read_as_committed_not_as_they_lie_there(
    repository: Repository, tmp_path: Path
) -> None:
    clone = tmp_path / "lab-ada"
    fetch(repository, clone, hours(1))
    (clone / "nb.ipynb").write_text("changed since")
    git(clone, "commit", "--quiet", "--all", "--message=not the student's")
    [last] = branch(clone).history
    entries = {one.name: one for one in files(clone, last.id)}
    assert sorted(entries) == ["nb.ipynb", "src/ä b.py"]
    assert file_bytes(clone, entries["nb.ipynb"].blob) == b"one"
    assert entries["nb.ipynb"].size == 3


def test_a_side_branch_is_not_graded(repository: Repository, tmp_path: Path) -> None:
    main = git(repository.folder, "rev-parse", "HEAD")
    git(repository.folder, "switch", "--quiet", "--create", "feedback")
    repository.commit({"nb.ipynb": "feedback"}, hours(2))
    git(repository.folder, "switch", "--quiet", "main")
    clone = tmp_path / "lab-ada"
    fetch(repository, clone, hours(3))
    assert [one.id for one in branch(clone).history] == [main]


def test_commits_that_were_merged_in_are_no_states_of_the_branch(
    repository: Repository, tmp_path: Path
) -> None:
    first = git(repository.folder, "rev-parse", "HEAD")
    git(repository.folder, "switch", "--quiet", "--create", "side")
    side = repository.commit({"other.py": "y"}, hours(1))
    git(repository.folder, "switch", "--quiet", "main")
    git(repository.folder, "merge", "--quiet", "--no-ff", "side", "--message=m", when=hours(2))
    clone = tmp_path / "lab-ada"
    fetch(repository, clone, hours(3))
    listed = [one.id for one in branch(clone).history]
    assert side not in listed
    assert listed[-1] == first
    assert len(listed) == 2


def test_links_and_other_repositories_in_it_are_not_followed(
    repository: Repository, tmp_path: Path
) -> None:
    (repository.folder / "link.ipynb").symlink_to("/etc/passwd")
    inner = Repository(repository.folder / "inner")
    inner.commit({"x.ipynb": "x"}, hours(0))
    repository.commit({}, hours(1))
    clone = tmp_path / "lab-ada"
    fetch(repository, clone, hours(2))
    found = {one.name: one.why for one in files(clone, branch(clone).history[0].id)}
    assert sorted(found) == ["link.ipynb", "nb.ipynb", "src/ä b.py"]
    assert "symbolic link" in found["link.ipynb"]


def test_an_empty_repository_says_so(tmp_path: Path) -> None:
    clone = tmp_path / "lab-ada"
    fetch(Repository(tmp_path / "server"), clone, NOON)
    with pytest.raises(Ungradable, match="git cannot read the clone: fatal"):
        branch(clone)


def test_a_git_folder_that_leads_elsewhere_is_none(repository: Repository, tmp_path: Path) -> None:
    linked, pointed, plain = (tmp_path / name for name in ("a", "b", "c"))
    for folder in (linked, pointed, plain):
        folder.mkdir()
    (linked / ".git").symlink_to(repository.folder / ".git")
    (pointed / ".git").write_text(f"gitdir: {repository.folder / '.git'}\n")
    assert is_clone(repository.folder)
    assert not any(map(is_clone, (linked, pointed, plain)))
    with pytest.raises(Ungradable, match="no clone"):
        branch(pointed)


@pytest.mark.parametrize(
    "setting",
    [
        "core.alternateRefsCommand",
        "core.askPass",
        "core.fsmonitor",
        "core.pager",
        "core.sshCommand",
        "diff.external",
        "gpg.program",
        "pager.log",
        "remote.origin.uploadpack",
    ],
)
def test_no_setting_in_a_clone_starts_a_program(
    repository: Repository, tmp_path: Path, setting: str
) -> None:
    mark, program = tmp_path / "mark", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    clone = tmp_path / "lab-ada"
    fetch(repository, clone, NOON)
    for name, value in (
        (setting, str(program)),
        ("log.showSignature", "true"),
        ("core.gitProxy", str(program)),
        ("filter.x.smudge", str(program)),
        ("diff.x.textconv", str(program)),
        ("remote.origin.url", f"ext::{program}"),
        ("remote.origin.promisor", "true"),
        ("extensions.partialClone", "origin"),
        ("protocol.ext.allow", "always"),
    ):
        git(clone, "config", name, value)
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc"):
        (clone / ".git" / "hooks").mkdir(exist_ok=True)
        (clone / ".git" / "hooks" / hook).symlink_to(program)
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "attributes").write_text("* filter=x diff=x\n")
    [last] = branch(clone).history
    entry = files(clone, last.id)[0]
    assert file_bytes(clone, entry.blob) == b"one"
    blob = clone / ".git" / "objects" / entry.blob[:2] / entry.blob[2:]
    blob.unlink()  # what is missing would be fetched from the promised remote
    with pytest.raises(Ungradable):
        file_bytes(clone, entry.blob)
    assert not mark.exists()


def test_a_tree_that_holds_itself_a_billionfold_ends(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.batch.clones._MOST_BYTES", 1 << 20)
    here = repository.folder
    blob = git(here, "rev-parse", "HEAD:nb.ipynb")
    (here / "list").write_text("".join(f"100644 blob {blob}\tf{n}\n" for n in range(10)))
    tree = _make_tree(here)
    for _ in range(9):
        (here / "list").write_text("".join(f"040000 tree {tree}\td{n}\n" for n in range(10)))
        tree = _make_tree(here)
    commit = git(here, "commit-tree", tree, "-m", "bomb", when=NOON)
    with pytest.raises(Ungradable, match="more than can be looked through"):
        files(here, commit)


def _make_tree(folder: Path) -> str:
    with (folder / "list").open("rb") as listed:
        done = subprocess.run(
            ["git", "mktree"], cwd=folder, stdin=listed, capture_output=True, check=True
        )
    return done.stdout.decode().strip()


def test_without_git_it_says_what_is_missing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git, which is not installed"):
        branch(repository.folder)
