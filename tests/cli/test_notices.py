from __future__ import annotations

import pytest

from grader.cli.notices import tell_isolation


def test_best_effort_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    tell_isolation("best-effort")
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("best-effort isolation: file system and network are not confined")


def test_none_is_a_banner(capsys: pytest.CaptureFixture[str]) -> None:
    tell_isolation("none")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) > 2
    assert "not confined" in shown.err


def test_strict_has_nothing_to_warn_of(capsys: pytest.CaptureFixture[str]) -> None:
    tell_isolation("strict")
    assert capsys.readouterr() == ("", "")
