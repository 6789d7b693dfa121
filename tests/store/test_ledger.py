from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from grader.core.errors import StorageError, UsageError
from grader.store import files, ledger
from grader.store.ledger import append, forget, read_ledger, repair
from tests.deciding.samples import AT, entry, whole

REPORT = whole()
ONE = entry("comment", REPORT, reason="één")
TWO = entry("mark", REPORT, criterion="essay", points=2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_decisions_come_back_in_order_and_private(path: Path) -> None:
    assert read_ledger(path) == ()
    added = (*append(path, [ONE]), *append(path, [TWO, ONE]))
    assert read_ledger(path) == added
    assert [one.reason for one in added] == ["één", "because", "één"]
    assert len({one.id for one in added}) == 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert append(path, []) == ()


def test_lines_are_only_ever_added(path: Path) -> None:
    append(path, [ONE])
    before = path.read_bytes()
    append(path, [TWO])
    assert path.read_bytes().startswith(before)


def test_what_makes_no_sense_is_refused_and_nothing_is_added(path: Path) -> None:
    append(path, [ONE])
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"not kept, mark about .*: a mark is of one criterion"):
        append(path, [ONE, entry("mark", REPORT, points=1)])
    assert path.read_bytes() == before


def test_a_damaged_line_is_named_and_nothing_is_added_to_it(path: Path) -> None:
    append(path, [ONE, TWO])
    path.write_bytes(path.read_bytes().replace(b'"points": 2.0', b'"points": 3.0'))
    for act in (lambda: read_ledger(path), lambda: append(path, [ONE]), lambda: repair(path)):
        with pytest.raises(StorageError, match=r"ledger\.jsonl is damaged: line 2 was changed"):
            act()


def test_a_torn_last_line_is_told_and_cut_off_only_when_asked(path: Path) -> None:
    append(path, [ONE, TWO])
    whole_file = path.read_bytes()
    path.write_bytes(whole_file[:-5])
    for act in (lambda: read_ledger(path), lambda: append(path, [ONE])):
        with pytest.raises(StorageError, match="line 2 is cut off; nobody was told"):
            act()
    assert path.read_bytes() == whole_file[:-5]
    assert repair(path).startswith(b'{"id": "e-')
    assert [one.reason for one in read_ledger(path)] == ["één"]
    assert repair(path) == b""
    append(path, [TWO])
    assert path.read_bytes() == whole_file


def test_a_disk_that_fills_leaves_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(path, [ONE])
    before = path.read_bytes()
    real = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < 50:
            raise OSError(28, "No space left on device")
        return real(handle, data[:-40])

    with monkeypatch.context() as patched:
        patched.setattr(ledger.os, "write", half)  # type: ignore[attr-defined]  # the module's os
        with pytest.raises(StorageError, match=r"cannot write .*No space left"):
            append(path, [TWO])
    assert path.read_bytes() == before


def test_nothing_is_written_behind_a_link(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    for act in (lambda: read_ledger(path), lambda: append(path, [ONE]), lambda: repair(path)):
        with pytest.raises(StorageError, match="symbolic link"):
            act()
    assert not (tmp_path / "elsewhere").exists()


def test_forgetting_rewrites_what_is_left(path: Path) -> None:
    other = TWO.model_copy(update={"submission": "other"})
    append(path, [ONE, other, TWO])
    assert forget(path, {REPORT.submission.id}, by="lead", at=AT) == 2
    assert REPORT.submission.id.encode() not in path.read_bytes()
    assert [one.submission for one in read_ledger(path)] == ["other", "forgotten"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert forget(path, {"nobody"}, by="lead", at=AT) == 0
    assert path.read_bytes() == before
    assert not list(path.parent.glob(f"{files.TEMPORARY}*"))
