"""Right code that also writes: it goes nowhere, and nobody is worse off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.conftest import ROWS, Ask

WRITERS = {
    "a log": "with open('log.txt', 'a') as log:\n        print(x, file=log)",
    "a new file": "open('new.txt', 'x').close()",
    "a path": "__import__('pathlib').Path('p.txt').write_text('x')",
    "bytes": "open('b.bin', 'wb').write(b'x')",
    "to be read again": "open('w.txt', 'w+').read()",
    "a folder": "__import__('os').makedirs('a/b/c', exist_ok=True)",
    "an array": "__import__('numpy').save('x.npy', x.numpy())",
    "json": "__import__('json').dump([1], open('x.json', 'w'))",
    "logging": "__import__('logging').basicConfig(filename='l.log', force=True)",
    "the null device": "open('/dev/null', 'w').write('x')",
}


@pytest.mark.parametrize("act", WRITERS.values(), ids=WRITERS)
def test_writing_goes_nowhere(ask: Ask, act: str) -> None:
    run = ask(f"def f(x):\n    {act}\n    return x * 2")
    assert run.calls["a"].outcome == "ok", run.calls["a"].fault
    assert run.calls["a"].value is not None
    assert run.calls["a"].value.numbers().tolist() == [[2 * one for one in row] for row in ROWS]


def test_nothing_is_left_behind(ask: Ask, tmp_path: Path) -> None:
    target = tmp_path / "left.txt"
    run = ask(f"def f(x):\n    open({str(target)!r}, 'w').write('here')\n    return x")
    assert run.calls["a"].outcome == "ok"
    assert not target.exists()


def test_what_is_there_is_not_emptied(ask: Ask, tmp_path: Path) -> None:
    target = tmp_path / "kept.txt"
    target.write_text("kept", encoding="utf-8")
    ask(f"def f(x):\n    open({str(target)!r}, 'w').close()\n    return x")
    assert target.read_text(encoding="utf-8") == "kept"


def test_reading_what_is_not_there_is_still_an_error(ask: Ask) -> None:
    run = ask("def f(x):\n    return open('missing.txt').read()")
    assert run.calls["a"].fault is not None
    assert run.calls["a"].fault.type == "FileNotFoundError"
