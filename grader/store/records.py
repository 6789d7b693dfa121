"""Records on disk: what ran in one file that identical submissions share, the rest in another.

`observations/<key>.safetensors`  the exchanges: tensors, and the JSON of everything else as one
                                  tensor of bytes; the key is made of what was run (slices,
                                  fixtures, limits, isolation, torch) and of what came back
`observations/index/<id>.json`    the submission: everything else of its record, the key, the
                                  digest of its report, and a digest of all that

A file that does not match its digest is damaged, whatever it says. Nothing in the first holds a
clock reading, so that equal runs make equal files.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from grader.core.errors import StorageError
from grader.core.observation import Exchange
from grader.core.record import Record
from grader.core.tensor import DTYPES, DType, RawTensor
from grader.core.text import inline
from grader.store import files
from grader.store.codec import Aside, decode, encode

__all__ = [
    "checked_digest",
    "digest",
    "forget",
    "identifiers",
    "read_record",
    "report_digest",
    "set_report",
    "write_record",
]

_FORMAT: Final = 1
_KEY: Final = re.compile(r"[0-9a-f]{24}-[0-9a-f]{16}")
_DOCUMENT: Final = "document"
_LONGEST_RUN: Final = 1e9  # seconds; what is stored as more was never measured


@dataclass(frozen=True, slots=True)
class _Exchanges:
    """The shared part of a record."""

    exchanges: Mapping[str, Mapping[str, Exchange]] = field(default_factory=dict)


def digest(data: bytes) -> str:
    """sha256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_record(folder: Path, record: Record, fixtures: str, report: str = "") -> None:
    """Store a record under `observations/`.

    fixtures  the digest of all fixtures
    report    the digest of the report that was made of the record, empty where there is none
    """
    key, clock = "", []
    if record.exchanges:
        aside = Aside()
        shared = encode(_Exchanges(record.exchanges), _Exchanges, aside)
        data = _to_bytes(shared, aside.tensors)
        key = f"{_asked(record, fixtures)}-{digest(data)[:16]}"
        clock = aside.clock
        path = folder / f"{key}.safetensors"
        if not files.holds(path, data):  # what is there may be damaged
            files.write(path, data)
    document = {
        "format": _FORMAT,
        "exchanges": key,
        "seconds": clock,
        "record": encode(replace(record, exchanges={}), Record, Aside()),
        "report": report,
    }
    _write_index(_index_path(folder, record.submission_id), document)


def read_record(folder: Path, identifier: str) -> Record:
    """The stored record of a submission; StorageError where it is not there or damaged."""
    path = _index_path(folder, identifier)
    document = _read_index(path)
    record = decode(document.get("record"), Record, Aside())
    key = document.get("exchanges")
    if not isinstance(record, Record) or record.submission_id != identifier:
        raise StorageError(f"{path} is damaged: it is of another submission")
    if not key:
        return record
    shared, tensors = _from_bytes(folder / f"{key}.safetensors", _shared(folder, key))
    aside = Aside(tensors=tensors, clock=_clock(path, document.get("seconds")))
    return replace(record, exchanges=decode(shared, _Exchanges, aside).exchanges)


def _clock(path: Path, readings: object) -> list[float]:
    known = readings if isinstance(readings, list) else []
    if not all(type(one) in (int, float) and 0 <= one < _LONGEST_RUN for one in known):
        raise StorageError(f"{path} is damaged: its seconds are no numbers")
    return [float(one) for one in known]


def report_digest(folder: Path, identifier: str) -> str:
    """The digest that the submission's report must have; empty where none was kept.

    StorageError where the record is damaged.
    """
    path = _index_path(folder, identifier)
    return str(_read_index(path).get("report", "")) if path.exists() else ""


def checked_digest(folder: Path, identifier: str) -> str:
    """As `report_digest`; StorageError also where what ran is not there as it was written.

    Only bytes are compared, nothing is decoded.
    """
    path = _index_path(folder, identifier)
    document = _read_index(path) if path.exists() else {}
    if key := document.get("exchanges"):
        _shared(folder, key)
    return str(document.get("report", ""))


def set_report(folder: Path, identifier: str, report: str) -> None:
    """Keep the digest of a new report of the record; nothing where there is no record."""
    path = _index_path(folder, identifier)
    if path.exists():
        _write_index(path, {**_read_index(path), "report": report})


def identifiers(folder: Path) -> Iterator[str]:
    """Ids of the stored records, sorted."""
    for path in sorted((folder / "index").glob("*.json")):
        if not path.name.startswith(files.TEMPORARY):
            yield path.stem


def forget(folder: Path, gone: Collection[str]) -> None:
    """Remove records, and what they ran where no other record shares it.

    A record that is damaged has to be made again, and so keeps nothing for itself. Calling it again
    ends what a killed one began.
    """
    used: dict[str, set[str]] = {}
    for identifier in identifiers(folder):
        try:
            key = _read_index(_index_path(folder, identifier)).get("exchanges")
        except StorageError:
            continue
        used.setdefault(str(key or ""), set()).add(identifier)
    with files.told("remove records from", folder):
        # what they ran first: without its record nobody would know whose it was
        for key, users in used.items():
            if _KEY.fullmatch(key) and users <= set(gone):
                (folder / f"{key}.safetensors").unlink(missing_ok=True)
        for identifier in gone:
            _index_path(folder, identifier).unlink(missing_ok=True)


def _index_path(folder: Path, identifier: str) -> Path:
    return folder / "index" / f"{identifier}.json"


def _write_index(path: Path, document: Mapping[str, object]) -> None:
    files.write(path, _json({**document, "check": _check(document)}))


def _read_index(path: Path) -> dict[str, Any]:
    document = files.read_json(path)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise StorageError(f"{path} was written by another version; grade the submission again")
    if document.get("check", "") not in ("", _check(document)):
        raise StorageError(f"{path} is damaged: it is not as it was written; grade it again")
    return document


def _check(document: Mapping[str, object]) -> str:
    return digest(_json({name: part for name, part in document.items() if name != "check"}))


def _asked(record: Record, fixtures: str) -> str:
    told = {
        "slices": {role: one.digest for role, one in record.slices.items()},
        "fixtures": fixtures,
        "limits": encode(record.limits, type(record.limits), Aside()),
        "isolation": record.isolation,
        "torch": record.torch,
    }
    return hashlib.sha256(_json(told)).hexdigest()[:24]


def _json(document: object) -> bytes:
    # ASCII: text of a submission may hold lone surrogates, which UTF-8 does not carry.
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode("ascii")


def _to_bytes(document: object, tensors: list[RawTensor]) -> bytes:
    told = {"format": _FORMAT, "body": document, "dtypes": [tensor.dtype for tensor in tensors]}
    arrays: dict[str, NDArray[Any]] = {_DOCUMENT: np.frombuffer(_json(told), dtype=np.uint8)}
    for number, tensor in enumerate(tensors):
        flat = np.frombuffer(tensor.data, dtype=_carrier(tensor.dtype))
        arrays[f"t{number:05}"] = flat.reshape(tensor.shape)
    return bytes(save(arrays))


def _shared(folder: Path, key: object) -> bytes:
    """The bytes of what ran, as they were written."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise StorageError(f"a record in {folder} is damaged: it names no observations")
    path = folder / f"{key}.safetensors"
    data = files.read(path)
    if not key.endswith(digest(data)[:16]):
        raise StorageError(f"{path} is damaged: not as written; grade its submissions again")
    return data


def _from_bytes(path: Path, data: bytes) -> tuple[Any, list[RawTensor]]:
    try:
        arrays = load(data)
        told = json.loads(arrays[_DOCUMENT].tobytes())
        tensors = [
            _tensor(arrays[f"t{number:05}"], dtype) for number, dtype in enumerate(told["dtypes"])
        ]
        return told["body"], tensors
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        said = inline(str(error))[:200]
        raise StorageError(f"{path} is damaged; grade its submissions again: {said}") from error


def _tensor(array: NDArray[Any], dtype: DType) -> RawTensor:
    if dtype not in DTYPES or array.dtype != _carrier(dtype):
        raise ValueError(f"a tensor of {array.dtype} cannot be {dtype}")
    return RawTensor(dtype, array.shape, array.tobytes())


def _carrier(dtype: DType) -> np.dtype[Any]:
    # numpy has no bfloat16: its bits travel as integers, the name stands in the document.
    return np.dtype("uint16" if dtype == "bfloat16" else dtype).newbyteorder("<")
