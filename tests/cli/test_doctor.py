from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pytest

from grader import __version__
from grader.cli import doctor
from grader.core.errors import IsolationRefused, SandboxFault
from grader.core.observation import Call, Observation, Program, Run, Setup
from grader.core.tensor import pack
from grader.sandbox import parent
from grader.sandbox.trial import Trial


class _Sandbox:
    """Answers every call by `answer`, confined by one layer; `refused` isolations raise."""

    answer: Observation = Observation("ok", value=pack(np.array([2.0, 4.0]), "float32"))
    refused: tuple[str, ...] = ()
    fault: str = ""
    done: tuple[str, ...] = ()

    def __init__(self, isolation: str) -> None:
        if isolation in self.refused:
            raise IsolationRefused(f"{isolation} cannot be had")

    def run(self, program: Program, calls: Sequence[Call]) -> Run:
        if self.fault:
            raise SandboxFault(self.fault)
        return Run(Setup("ok"), {call.key: self.answer for call in calls}, layers=("a wall",))

    def trial(self) -> Trial:
        return Trial(("a wall",), ("a moat",), self.done)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **facts: object
) -> tuple[int, str]:
    monkeypatch.setattr(parent, "Sandbox", type("Fake", (_Sandbox,), facts))
    status = doctor.run()
    return status, " ".join(capsys.readouterr().out.split())


def test_a_real_child_answers_and_its_layers_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run() == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    shown = " ".join(out.split())
    assert f"grader {__version__}" in shown
    assert "trial a child started, ran a function and answered in" in shown
    assert "tried a confined child could not read a file of yours, " in shown
    assert "but it could" not in shown
    for layer in ("separate process", "resource limits", "Landlock (files", "seccomp"):
        assert layer in shown


def test_the_strictest_isolation_is_tried_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown = _run(monkeypatch, capsys)
    assert status == 0
    assert "strict 1 layers in force: a wall" in shown
    assert "missing a moat" in shown
    assert "but it could" not in shown


def test_a_refusal_of_strict_is_told_and_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown = _run(monkeypatch, capsys, refused=("strict",), done=("read", "fork"))
    assert status == 0
    assert "strict refused: strict cannot be had" in shown
    assert "best-effort 1 layers in force: a wall" in shown
    assert "a confined child could not open a file of yours for writing, empty a file " in shown
    assert "but it could read a file of yours, start a process" in shown


@pytest.mark.parametrize(
    "facts",
    [
        {"refused": ("strict", "best-effort")},
        {"fault": "no process"},
        {"answer": Observation("timed_out")},
        {"answer": Observation("ok", value=pack(np.array([2.0, 5.0]), "float32"))},
    ],
)
def test_a_trial_that_fails_exits_3(
    facts: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, shown = _run(monkeypatch, capsys, **facts)
    assert status == 3
    assert "trial failed, nothing can be graded here" in shown


def test_a_missing_package_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "_PACKAGES", ("numpy", "no-package"))
    status, shown = _run(monkeypatch, capsys)
    assert status == 3
    assert "no-package missing" in shown
    assert "trial not made; install first: no-package" in shown
