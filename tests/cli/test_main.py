from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader import __version__
from grader.cli.main import main
from grader.core.errors import IsolationRefused, StorageError


def _status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.mark.parametrize("command", ["", "grade", "explain", "rejudge", "doctor", "rubric"])
def test_help_fits_a_terminal(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(*command.split(), "--help") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith("...") for line in lines if not line.startswith("Usage"))


def test_help_teaches_how_to_start_and_what_the_statuses_mean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _status("--help") == 0
    shown = capsys.readouterr().out
    for line in (
        "    grader rubric list ",
        "    grader grade FILE --rubric NAME ",
        "    1  done, some need a person",
        "3    isolation refused",
        "130  interrupted",
    ):
        assert line in shown


def test_a_command_without_arguments_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status() == 2
    assert "Start with:" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert _status("--version") == 0
    assert capsys.readouterr().out == f"grader {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "/nowhere"], "/nowhere does not exist"),
        (["grade", "."], "which rubric?"),
        (["grade", ".", "--rubric", "softmax", "--target", "forward"], "expected ROLE=NAME"),
        (["grade", ".", "--jobs", "0"], "--jobs"),
        (["grade", ".", "--rubric", "softmaks"], "nearest: `softmax`"),
        (["grade", ".", "--rubric", "./mine.yaml"], "no rubric file mine.yaml"),
        (["grade", ".", "--isolation", "some"], "best-effort"),
        (["grade"], "Missing argument"),
        (["explain", "someone"], "`someone` is no file, and graded is no output folder"),
        (["rejudge", "."], ". is no output folder"),
        (["frobnicate"], "frobnicate"),
        (["grad"], "Did you mean 'grade'?"),
        (["rubric", "lint", "nothing"], "no rubric `nothing`"),
    ],
)
def test_usage_errors_exit_2_with_a_sentence(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _status(*arguments) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""
    assert "Traceback" not in shown.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (IsolationRefused("no \x1b[31mlayer"), 3),
        (StorageError("disk"), 5),
        (ZeroDivisionError("odd"), 5),
    ],
)
def test_every_error_has_its_exit_status(
    error: Exception,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> int:
        raise error

    monkeypatch.setattr("grader.cli.rubrics.show_all", fail)
    monkeypatch.delenv("GRADER_DEBUG", raising=False)
    assert _status("rubric", "list") == status
    shown = capsys.readouterr().err
    assert shown.startswith("grader: ")
    assert "\x1b" not in shown
    assert "Traceback" not in shown
    assert ("this is a bug in grader" in shown) == isinstance(error, ZeroDivisionError)


def test_an_interruption_exits_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("grader.cli.rubrics.show_all", interrupted)
    assert _status("rubric", "list") == 130


def test_debug_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADER_DEBUG", "1")
    monkeypatch.setattr("grader.cli.rubrics.show_all", lambda: 1 // 0)
    assert _status("rubric", "list") == 5
    assert "ZeroDivisionError" in capsys.readouterr().err.split("grader: error:")[0]


def test_a_terminal_that_knows_ascii_only_gets_escapes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from grader.cli.main import main; main(['grade', 'naïve'])"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=False,
    )
    assert done.returncode == 2
    assert b"na\\xefve does not exist" in done.stderr
