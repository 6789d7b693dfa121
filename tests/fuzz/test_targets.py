"""Every fuzz target holds on what it starts from, so that whatever it finds is new."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from fuzz.__main__ import TARGETS, main
from fuzz.drive import dictionary, plant


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_on_its_seeds(name: str) -> None:
    target = importlib.import_module(f"fuzz.targets.{name}")
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.check(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_takes_any_bytes(name: str) -> None:
    target = importlib.import_module(f"fuzz.targets.{name}")
    for data in (b"", b"\0", b"\xff" * 40, b"{" * 3000, b"[" * 3000, bytes(range(256))):
        target.check(data)


def test_planting_twice_is_planting_once(tmp_path: Path) -> None:
    for _ in range(2):
        plant((b"one", b"two"), tmp_path / "corpus")
    assert {path.read_bytes() for path in (tmp_path / "corpus").iterdir()} == {b"one", b"two"}


def test_a_dictionary_holds_the_commonest_words() -> None:
    assert dictionary((b"spread: spread \x00\xff", b'{"grid": 1}')) == '"spread"\n"grid"\n'


def test_an_unknown_target_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "no target nothing; there are answers, " in capsys.readouterr().err
