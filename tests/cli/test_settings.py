from __future__ import annotations

from pathlib import Path

import pytest

from grader.cli.request import Request, folder_of, reference_of, targets_of
from grader.cli.settings import Settings, settings
from grader.core.errors import UsageError


def _write(folder: Path, text: str) -> Path:
    (folder / "grader.toml").write_text(text)
    return folder


def test_no_file_sets_nothing(tmp_path: Path) -> None:
    assert settings(tmp_path) == Settings()


def test_all_keys(tmp_path: Path) -> None:
    _write(tmp_path, 'rubric = "softmax"\nroster = "class.csv"\nout = "marks"')
    assert settings(tmp_path) == Settings("softmax", Path("class.csv"), Path("marks"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('rubrik = "x"', "no setting `rubrik`; did you mean `rubric`?"),
        (
            'zzz = "x"',
            r"no setting `zzz` \(there are notebook, out, roster, rubric, secret, threshold\)",
        ),
        ("rubric = 3", "`rubric` has to be text"),
        ('out = ""', "`out` has to be text"),
        ("rubric = ", "cannot be read"),
    ],
)
def test_errors_say_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings(_write(tmp_path, text))


def test_a_file_that_is_not_utf8_is_told(tmp_path: Path) -> None:
    (tmp_path / "grader.toml").write_bytes(b'rubric = "\xff"')
    with pytest.raises(UsageError, match="cannot be read"):
        settings(tmp_path)


def test_an_option_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_write(tmp_path, 'rubric = "log_softmax"\nout = "marks"'))
    assert reference_of(Request()) == "log_softmax"
    assert reference_of(Request(rubric="softmax")) == "softmax"
    assert folder_of(Request()) == Path("marks")
    assert folder_of(Request(out=Path("here"))) == Path("here")


def test_a_file_beside_the_submissions_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "class").mkdir()
    _write(tmp_path / "class", 'rubric = "softmax"')
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="which rubric"):
        Request(paths=(tmp_path / "class",)).check()


@pytest.mark.parametrize("given", ["forward", "=f", "forward=", "forward=1x", "forward=a.b"])
def test_malformed_targets(given: str) -> None:
    with pytest.raises(UsageError, match="ROLE=NAME"):
        targets_of(Request(targets=(given,)))


def test_targets() -> None:
    assert targets_of(Request(targets=("forward=f", "backward=g"))) == {
        "forward": "f",
        "backward": "g",
    }
