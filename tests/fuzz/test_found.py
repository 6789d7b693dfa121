"""What fuzzing found, each kept as it was found; the names say what went wrong."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, cast

import pytest

from fuzz.holds import reads
from fuzz.targets import answers, fixtures, frames, rubric, settings, stored
from grader.core import documents
from grader.core.errors import RubricError, StorageError, UsageError
from grader.core.observation import Limits, Observation, Program, Run
from grader.core.spelling import nearest
from grader.core.tensor import RawTensor
from grader.rubric import load
from grader.rubric.loading import find
from grader.sandbox import parent, wire
from grader.sandbox.zygote import Zygote
from grader.store.codec import Aside, decode

HUGE = "0x" + "f" * 6000
"""A literal that Python reads and then cannot print."""


@pytest.mark.parametrize(
    "code",
    [
        f"z[::{HUGE}]\ndef target(x):\n    return x[::{HUGE}]\n",
        f"def target(x):\n    return {HUGE}\n",
        f"if 1:\n    def target(x):\n        return {HUGE}\nelse:\n    target = {HUGE}\n",
        f"del a[{HUGE}], b\ndef target(x):\n    return x\n",
    ],
)
@pytest.mark.parametrize("name", ["work.py", "work.txt"])
def test_slicing_raised_at_a_number_of_too_many_digits(code: str, name: str) -> None:
    reads(code.encode(), name)


def _block(dtype: str, shape: list[int], size: int = 0) -> bytes:
    facts = {"value": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}
    table = json.dumps(facts).encode()
    return len(table).to_bytes(8, "little") + table + bytes(size)


@pytest.mark.parametrize("shape", [[0, 2**62], [2**62, 0], [0, 2**21, 2**21], [2**63, 0]])
@pytest.mark.parametrize("dtype", ["BF16", "F32", "BOOL"])
def test_an_empty_tensor_claimed_a_shape_that_numpy_cannot_hold(
    dtype: str, shape: list[int]
) -> None:
    frames.check(bytes(wire.HEAD.size) + b"\2{}" + _block(dtype, shape))
    with pytest.raises(wire.WireError):
        wire.unpack_tensors(_block(dtype, shape))


@pytest.mark.parametrize("shape", [[0], [0, 5], [3, 0, 2], [0] * 8])
def test_an_empty_tensor_of_a_common_shape_still_crosses(shape: list[int]) -> None:
    ((dtype, found, data),) = wire.unpack_tensors(_block("F32", shape)).values()
    assert RawTensor(cast("Any", dtype), found, data).numbers().shape == tuple(shape)


@pytest.mark.parametrize("number", [str(2**63), str(-(2**63)), "9" * 4000, "NaN", "-Infinity"])
def test_a_header_held_numbers_that_no_report_can(number: str) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack_header(b'{"line": %s}' % number.encode())


_PARTS = (
    '"faults": [[true, {}], [-5, {}], [9e9, {}], [0, {"line": true}], [0, {"line": -3}]]',
    '"fault": {"line": false, "filename": "<cell 1>"}',
    '"faults": [' + ",".join(['[0, {"type": "E"}]'] * 30_000) + "]",
    '"ops": [' + ",".join(['"a::b"'] * 30_000) + "]",
    '"outcome": ["ok"]',
    '"returned": "\\ud800\\u001b[2J"',
    '"outcome": "killed"',
)


@pytest.mark.parametrize("part", _PARTS, ids=[part[:30] for part in _PARTS])
def test_a_child_answered_what_could_not_be_stored(part: str) -> None:
    header = f'{{"outcome": "raised", {part}}}'.encode()
    frame = wire.HEAD.pack(wire.ANSWER, len(header), 0) + header
    answers.check(b"\0" + frame)


@pytest.mark.parametrize("number", [*range(1, 32), 34, 35, 64])
def test_a_child_that_died_of_a_real_time_signal_stopped_the_grader(number: int) -> None:
    session = parent._Session(cast("Zygote", None), Program((), "target"), (), Limits())
    session._note_death(number)
    assert len(session.notes) == (number != signal.SIGKILL)


HEAD = b"id: a\nversion: '1'\ntitle: t\nassignment: values\ncriteria:\n"


def _criterion(extra: str = "", fixtures: str = "values") -> bytes:
    told = f"- {{id: c, title: t, check: values, points: 1, fixtures: [{fixtures}]{extra}}}\n"
    return told.encode()


@pytest.mark.parametrize(
    "data",
    [
        b'"a\\e[2J\\nb": 1\n',
        b'{"a\\n": 1, "a\\n": 2}',
        b'"\\u202e": !t x\n',
        HEAD + _criterion(fixtures='"\\e[31m\\n"'),
        HEAD + _criterion(fixtures="x" * 50_000),
        HEAD + _criterion(', skip_unless: ["c\\n"]'),
        b"- !<\x7f\xc2\x85> x",
    ],
)
def test_a_finding_repeated_control_characters_of_the_file(data: bytes) -> None:
    rubric.check(data)


def test_a_name_in_a_finding_was_as_long_as_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_bytes(HEAD + _criterion(fixtures=f"[{'x' * 50_000}]"))
    with pytest.raises(RubricError) as caught:
        load(str(path), folder=tmp_path)
    assert len(str(caught.value)) < 1000
    assert nearest("x" * 50_000, ["x"]) == ""


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (HEAD + _criterion() * 5000, "criteria"),
        (HEAD + _criterion(fixtures="values, " * 5000), "fixtures"),
        (HEAD + _criterion(", skip_unless: [" + "c, " * 5000 + "]"), "skip_unless"),
        (HEAD + _criterion() + b"caps:\n" + b"- {failed: c, score: 1, reason: r}\n" * 3000, "caps"),
    ],
)
def test_checking_long_lists_took_minutes(tmp_path: Path, data: bytes, key: str) -> None:
    path = tmp_path / "rubric.yaml"
    path.write_bytes(data)
    with pytest.raises(RubricError) as caught:
        load(str(path), folder=tmp_path)
    assert len(caught.value.findings) == 1
    assert "expected at most" in str(caught.value), key


def test_every_one_of_many_mistakes_was_put_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded: list[object] = []

    def word(_model: object, detail: object) -> str:
        worded.append(detail)
        return f"mistake {len(worded)}"

    monkeypatch.setattr(documents, "_message", word)
    path = tmp_path / "rubric.yaml"
    path.write_bytes(b"".join(b"k%d: 1\n" % at for at in range(3000)))
    with pytest.raises(RubricError):
        load(str(path), folder=tmp_path)
    assert len(worded) < 200


@pytest.mark.parametrize("name", ["~nobody-of-that-name/a.yaml", "~\0/a.yaml", "a\0.yaml"])
def test_a_path_of_no_user_or_no_path_at_all(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no rubric"):
        find(name, folder=tmp_path)


@pytest.mark.parametrize(
    "array",
    [
        "{shape: [0, 10000000000000000000], spread: [0, 1]}",
        "{shape: [0, 1000000000000], spread: [0, 1], repeated: true}",
        "{shape: [1000000000000, 0], spread: [0, 1], offset: 1}",
        "{shape: [3], spread: [1.0e+300, 1.0e+300]}",
        "{shape: [3], spread: [-9007199254740993, -9007199254740992], grid: 1}",
        "{literal: [.inf, 1], classes: 3}",
        "{literal: [1.0e+300], classes: 3}",
        "{literal: [[1, [2]]], classes: 3}",
        "{shape: [2], classes: 1073741824, set: [{column: 0, value: .inf}]}",
    ],
)
def test_an_array_that_cannot_be_expanded(array: str) -> None:
    fixtures.check(f"- {{name: a, says: s, inputs: {{x: {array}}}}}\n".encode())


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"outcome": "ok", "value": -1},
        {"outcome": "ok", "value": True},
        {"outcome": "ok", "ops": "ab"},
        {"outcome": "ok", "ops": {"a": 1}},
        {"outcome": ["ok" * 5000]},
        {"outcome": "\x1b" * 5000},
    ],
)
def test_a_stored_value_of_another_kind_was_taken(document: object) -> None:
    with pytest.raises(StorageError) as caught:
        decode(document, Observation, Aside(tensors=[RawTensor("bool", (0,), b"")]))
    assert len(str(caught.value)) < 500
    assert "\x1b" not in str(caught.value)


def test_a_stored_mapping_was_read_letter_by_letter() -> None:
    for calls in ({"ab": 1}, ["ab"], [[1, {"outcome": "ok"}]], "ab"):
        with pytest.raises(StorageError):
            decode({"setup": {"outcome": "ok"}, "calls": calls}, Run, Aside())
    with pytest.raises(StorageError):
        decode({"call_seconds": 10**400}, Limits, Aside())


def _changed(which: int, **changed: object) -> bytes:
    seed = stored.seeds()[which]
    return seed[:1] + json.dumps({**json.loads(seed[1:]), **changed}).encode()


@pytest.mark.parametrize(
    "data",
    [
        _changed(0, inputs=[1, {}]),
        _changed(0, inputs="class"),
        _changed(0, fixtures=[["a", "b"]]),
        _changed(0, targets={"a": 3}),
        _changed(0, seed=[1]),
        _changed(0, rubric={"reference": 5, "id": [], "version": None, "sha256": 3}),
        _changed(0, rubric=[]),
        _changed(1, automatic={"score": float("nan"), "max": 4}),
        _changed(1, final={"score": 1, "max": float("inf")}),
        _changed(2, seconds="abc"),
        _changed(2, seconds=[None]),
        _changed(2, seconds=[10**400]),
        _changed(2, seconds=[float("nan")]),
        _changed(2, exchanges="../../../x"),
        _changed(2, exchanges="\0"),
        _changed(2, exchanges=["a"]),
        _changed(2, record=[]),
        b"\2" + b"[" * 100_000,
        b"\3" + _block("F8_E4M3", [3], 3),
        b"\3" + _block("U8", [0, 2**62]),
    ],
)
def test_a_stored_file_that_could_not_be_worked_with(data: bytes) -> None:
    stored.check(data)


@pytest.mark.parametrize(
    "data",
    [
        b"out = " + b"[" * 5000,
        b'"a\\u001b[2J" = 1',
        b'"' + b"a" * 50_000 + b'" = 1',
        b"a" + b".a" * 6_000 + b" = 1",
        b'out = "a\\u0000b"',
    ],
)
def test_settings_that_are_nested_hidden_or_endless(data: bytes) -> None:
    settings.check(data)
