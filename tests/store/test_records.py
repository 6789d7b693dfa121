from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.core.errors import StorageError
from grader.core.fixture import Argument
from grader.core.notebook import Note
from grader.core.observation import (
    Exchange,
    Fault,
    Limits,
    Observation,
    Poison,
    Program,
    Run,
    Setup,
)
from grader.core.record import Answered, Record
from grader.core.repair import Change, Repair, RepairSet
from grader.core.slice import Location, Slice, Statement
from grader.core.tensor import DTYPES, RawTensor
from grader.store import files
from grader.store.codec import Aside, decode, encode
from grader.store.records import (
    identifiers,
    read_record,
    report_digest,
    set_report,
    write_record,
)
from tests.store.samples import record

_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=12)
_SECONDS = st.floats(0, 1e6)


@st.composite
def _tensors(draw: st.DrawFn) -> RawTensor:
    dtype = draw(st.sampled_from(sorted(DTYPES)))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=4)))
    size = DTYPES[dtype]
    for length in shape:
        size *= length
    data = draw(st.binary(min_size=size, max_size=size))
    return RawTensor(dtype, shape, data)  # type: ignore[arg-type]  # drawn from the literal


_FAULTS = st.builds(Fault, _TEXT, _TEXT, st.none() | _TEXT, st.none() | st.integers(), _TEXT)
_OBSERVATIONS = st.builds(
    Observation,
    st.sampled_from(["ok", "raised", "timed_out", "killed", "not_run"]),
    value=st.none() | _tensors(),
    returned=_TEXT,
    gradient=st.none() | _tensors(),
    flows=st.booleans(),
    custom=st.booleans(),
    changed=st.booleans(),
    ops=st.lists(_TEXT, max_size=2).map(tuple),
    fault=st.none() | _FAULTS,
    stdout=_TEXT,
    stderr=_TEXT,
    seconds=_SECONDS,
)
_STATEMENTS = st.builds(
    Statement,
    code=_TEXT,
    filename=_TEXT,
    location=st.builds(
        Location, st.integers(1), st.integers(1), st.none() | _TEXT, st.none() | st.integers()
    ),
    binds=st.lists(_TEXT, max_size=2).map(tuple),
    data=st.none() | st.sampled_from(["random", "passed", "literal"]),
    tolerant=st.booleans(),
)
_POISONS = st.builds(
    Poison, st.just(("a::b",)), st.just(("c.d",)), st.sampled_from(["nudge", "roll"])
)
_PROGRAMS = st.builds(
    Program,
    statements=st.lists(_STATEMENTS, max_size=2).map(tuple),
    symbol=_TEXT,
    fills=st.dictionaries(_TEXT, st.integers(), max_size=2),
    devices=st.booleans(),
    vary=st.none() | st.integers(0, 3),
    watch=st.lists(_TEXT, max_size=2).map(tuple),
    poison=st.none() | _POISONS,
)
_RUNS = st.builds(
    Run,
    setup=st.builds(
        Setup,
        st.sampled_from(["ok", "raised"]),
        form=_TEXT,
        faults=st.lists(st.tuples(st.integers(0), _FAULTS), max_size=2).map(tuple),
    ),
    calls=st.dictionaries(_TEXT, _OBSERVATIONS, max_size=3),
    layers=st.lists(_TEXT, max_size=2).map(tuple),
    seconds=_SECONDS,
)
_SLICES = st.builds(
    Slice,
    role=_TEXT,
    state=st.sampled_from(["found", "missing", "stub", "unparsed"]),
    statements=st.lists(_STATEMENTS, max_size=2).map(tuple),
    notes=st.lists(st.builds(Note, _TEXT, st.none() | st.integers()), max_size=2).map(tuple),
)
_CHANGES = st.builds(
    Change,
    rule=_TEXT,
    bug=_TEXT,
    places=st.lists(st.builds(Location, st.integers(1), st.integers(1)), max_size=2).map(tuple),
)
_REPAIRS = st.builds(
    Repair,
    sets=st.lists(
        st.builds(RepairSet, st.lists(_CHANGES, max_size=2).map(tuple), _TEXT), max_size=2
    ).map(tuple),
    tried=st.integers(0, 999),
    unread=st.lists(_TEXT, max_size=2).map(tuple),
)
_RECORDS = st.builds(
    Record,
    submission_id=st.just("some-id"),
    source=_TEXT,
    sha256=_TEXT,
    format=st.none() | st.sampled_from(["ipynb", "export"]),
    ungradable=_TEXT,
    notes=st.lists(st.builds(Note, _TEXT), max_size=2).map(tuple),
    slices=st.dictionaries(_TEXT, _SLICES, max_size=2),
    exchanges=st.dictionaries(
        _TEXT,
        st.dictionaries(_TEXT, st.builds(Exchange, _PROGRAMS, _RUNS), max_size=2),
        max_size=2,
    ),
    answers=st.none()
    | st.lists(
        st.builds(
            Answered,
            _TEXT,
            st.booleans(),
            _TEXT,
            _TEXT,
            st.none() | st.builds(Location, st.integers(1), st.integers(1)),
        ),
        max_size=2,
    ).map(tuple),
    repairs=st.dictionaries(_TEXT, _REPAIRS, max_size=2),
    limits=st.builds(Limits, call_seconds=_SECONDS, memory_bytes=st.integers(0)),
    retried=st.booleans(),
)


def _folder(path: Path) -> Path:
    files.make_folder(path / "index")
    return path


@settings(max_examples=60, deadline=None)
@given(_RECORDS)
def test_a_record_comes_back_as_it_was_stored(one: Record) -> None:
    with TemporaryDirectory() as name:
        folder = _folder(Path(name))
        write_record(folder, one, "fixtures")
        assert read_record(folder, "some-id") == one
        assert list(identifiers(folder)) == ["some-id"]


@given(_tensors())
def test_tensors_keep_every_bit(tensor: RawTensor) -> None:
    aside = Aside()
    seen = Observation("ok", value=tensor, gradient=tensor)
    document = encode(seen, Observation, aside)
    assert aside.tensors == [tensor]
    assert decode(document, Observation, aside) == seen


def test_nan_and_bfloat16_keep_every_bit(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    one = record()
    odd = {
        "nan": RawTensor("float32", (2,), b"\x01\x00\xc0\x7f\xff\xff\xff\xff"),
        "half": RawTensor("bfloat16", (1, 2), b"\xc0\x7f\x80\x3f"),
        "empty": RawTensor("float64", (0, 5), b""),
        "flag": RawTensor("bool", (), b"\x01"),
    }
    exchange = one.exchanges["forward"]["main"]
    calls = {name: Observation("ok", value=tensor) for name, tensor in odd.items()}
    run = replace(exchange.run, calls=calls)
    one = replace(one, exchanges={"forward": {"main": replace(exchange, run=run)}})
    write_record(folder, one, "fixtures")
    assert read_record(folder, one.submission_id) == one


def test_identical_submissions_share_what_ran(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    first, second = record("a.py", seconds=0.25), record("b.py", seconds=0.5)
    write_record(folder, first, "fixtures")
    write_record(folder, second, "fixtures")
    assert len(list(folder.glob("*.safetensors"))) == 1
    assert read_record(folder, first.submission_id) == first
    assert read_record(folder, second.submission_id) == second


@pytest.mark.parametrize(
    "changed", [{"isolation": "strict"}, {"torch": "2.1"}, {"limits": Limits(call_seconds=9)}]
)
def test_other_conditions_have_another_key(tmp_path: Path, changed: dict[str, object]) -> None:
    folder = _folder(tmp_path)
    write_record(folder, record("a.py"), "fixtures")
    write_record(folder, replace(record("b.py"), **changed), "fixtures")  # type: ignore[arg-type]  # fields by name
    write_record(folder, record("c.py"), "other fixtures")
    assert len(list(folder.glob("*.safetensors"))) == 3


def test_the_same_record_makes_the_same_bytes(tmp_path: Path) -> None:
    stored = []
    for name in ("one", "two"):
        folder = _folder(tmp_path / name)
        write_record(folder, record(), "fixtures")
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        stored.append([(path.name, path.read_bytes()) for path in paths])
    assert stored[0] == stored[1]


@pytest.mark.parametrize("damage", [b"", b"{}", b"not a tensor file", b"\xff" * 64])
def test_damaged_observations_are_told(tmp_path: Path, damage: bytes) -> None:
    folder = _folder(tmp_path)
    one = record()
    write_record(folder, one, "fixtures")
    for path in folder.glob("*.safetensors"):
        path.write_bytes(damage)
    with pytest.raises(StorageError, match="damaged"):
        read_record(folder, one.submission_id)


@pytest.mark.parametrize(
    "damage",
    [b"[]", b"{", b'{"format": 2}', b'{"format": 1}', b'{"format": 1, "record": {"source": 3}}'],
)
def test_a_damaged_index_is_told(tmp_path: Path, damage: bytes) -> None:
    folder = _folder(tmp_path)
    one = record()
    write_record(folder, one, "fixtures")
    (folder / "index" / f"{one.submission_id}.json").write_bytes(damage)
    with pytest.raises(StorageError):
        read_record(folder, one.submission_id)


@given(st.data())
def test_no_flipped_bit_of_a_record_is_believed(drawn: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = _folder(Path(name))
        one = record()
        write_record(folder, one, "fixtures", "digest")
        path = drawn.draw(st.sampled_from(sorted(p for p in folder.rglob("*") if p.is_file())))
        data = bytearray(path.read_bytes())
        place = drawn.draw(st.integers(0, 8 * len(data) - 1))
        data[place // 8] ^= 1 << place % 8
        path.write_bytes(data)
        try:
            assert read_record(folder, one.submission_id) == one
            assert report_digest(folder, one.submission_id) in ("digest", "")
        except StorageError as error:
            assert str(error)  # noqa: PT017 - either outcome is right


def test_a_record_of_another_submission_is_told(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    one, other = record("a.py"), record("b.py")
    write_record(folder, one, "fixtures")
    path = folder / "index" / f"{one.submission_id}.json"
    path.rename(path.with_stem(other.submission_id))
    with pytest.raises(StorageError, match="another submission"):
        read_record(folder, other.submission_id)


def test_the_digest_of_a_report_is_kept_and_replaced(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    one = record()
    assert report_digest(folder, one.submission_id) == ""
    set_report(folder, one.submission_id, "new")
    assert list(identifiers(folder)) == []
    write_record(folder, one, "fixtures", "old")
    set_report(folder, one.submission_id, "new")
    assert report_digest(folder, one.submission_id) == "new"
    assert read_record(folder, one.submission_id) == one


def test_a_field_that_an_earlier_version_did_not_have_takes_its_default() -> None:
    document = encode(Argument("x", RawTensor("bool", (0,), b"")), Argument, aside := Aside())
    del document["layout"]
    document["unknown"] = 1
    assert decode(document, Argument, aside) == Argument("x", RawTensor("bool", (0,), b""))


def test_a_record_of_a_version_without_repairs_is_read(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    one = record()
    write_record(folder, one, "fixtures")
    path = folder / "index" / f"{one.submission_id}.json"
    document = json.loads(path.read_bytes())
    assert not document["record"].pop("repairs")
    path.write_text(json.dumps({**document, "check": ""}))
    assert read_record(folder, one.submission_id) == one


def test_repairs_are_no_part_of_what_identical_submissions_share(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    repair = Repair((RepairSet((Change("r", "b", (Location(1, 2),)),), "-a\n+b"),), 3)
    first, second = record("a.py"), replace(record("b.py"), repairs={"forward": repair})
    for one in (first, second):
        write_record(folder, one, "fixtures")
        assert read_record(folder, one.submission_id) == one
    assert len(list(folder.glob("*.safetensors"))) == 1
    assert read_record(folder, second.submission_id).repairs["forward"].sets[0].bugs == ("b",)
