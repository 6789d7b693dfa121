from __future__ import annotations

import pytest

from grader.cli.notices import check_isolation
from grader.core.errors import IsolationRefused
from grader.sandbox import trial


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A machine that lacks the layers given; a real one is in the stories."""
    monkeypatch.setattr(trial, "layers_missing_here", lambda: request.param)


@pytest.mark.parametrize("without", [("Landlock", "seccomp")], indirect=True)
def test_best_effort_is_one_line_on_standard_error(
    without: None, capsys: pytest.CaptureFixture[str]
) -> None:
    check_isolation("best-effort")
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("best-effort isolation: this machine has no Landlock, seccomp; ")


def test_none_is_a_banner(capsys: pytest.CaptureFixture[str]) -> None:
    check_isolation("none")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) > 2
    assert "not confined" in shown.err


@pytest.mark.parametrize("without", [(), ("namespaces",)], indirect=True)
def test_strict_has_nothing_to_warn_of(without: None, capsys: pytest.CaptureFixture[str]) -> None:
    check_isolation("strict")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("without", [("namespaces", "Landlock")], indirect=True)
def test_strict_is_refused_by_the_layer_it_needs(without: None) -> None:
    with pytest.raises(IsolationRefused, match=r"^strict isolation .* Landlock is missing\. "):
        check_isolation("strict")
