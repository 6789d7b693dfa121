"""Records on disk: what ran in one file that identical submissions share, the rest in another.

`observations/<key>.safetensors`  the exchanges: tensors, and the JSON of everything else as one
                                  tensor of bytes; the key is made of what was run (slices,
                                  fixtures, limits, isolation, torch) and of what came back
`observations/index/<id>.json`    the submission: everything else of its record, and the key
Nothing in the first holds a clock reading, so that equal runs make equal files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
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
from grader.store import files
from grader.store.codec import Aside, decode, encode

__all__ = ["identifiers", "read_record", "write_record"]

_FORMAT: Final = 1
_DOCUMENT: Final = "document"


@dataclass(frozen=True, slots=True)
class _Exchanges:
    """The shared part of a record."""

    exchanges: Mapping[str, Mapping[str, Exchange]] = field(default_factory=dict)


def write_record(folder: Path, record: Record, fixtures: str) -> None:
    """Store a record under `observations/`; `fixtures` is the digest of all fixtures."""
    key, clock = "", []
    if record.exchanges:
        aside = Aside()
        shared = encode(_Exchanges(record.exchanges), _Exchanges, aside)
        data = _to_bytes(shared, aside.tensors)
        key = f"{_asked(record, fixtures)}-{hashlib.sha256(data).hexdigest()[:16]}"
        clock = aside.clock
        path = folder / f"{key}.safetensors"
        if not path.exists():
            files.write(path, data)
    document = {
        "format": _FORMAT,
        "exchanges": key,
        "seconds": clock,
        "record": encode(replace(record, exchanges={}), Record, Aside()),
    }
    files.write(folder / "index" / f"{record.submission_id}.json", _json(document))


def read_record(folder: Path, identifier: str) -> Record:
    """The stored record of a submission; StorageError where it is not there or damaged."""
    path = folder / "index" / f"{identifier}.json"
    document = files.read_json(path)
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise StorageError(f"{path} was written by another version; grade the submission again")
    record = decode(document.get("record"), Record, Aside())
    if not isinstance(record, Record):  # pragma: no cover - decode returns what it was asked for
        raise StorageError(f"{path} is damaged")
    key = document.get("exchanges")
    if not key:
        return record
    shared, tensors = _from_bytes(folder / f"{key}.safetensors")
    aside = Aside(tensors=tensors, clock=[float(one) for one in document.get("seconds", ())])
    return replace(record, exchanges=decode(shared, _Exchanges, aside).exchanges)


def identifiers(folder: Path) -> Iterator[str]:
    """Ids of the stored records, sorted."""
    for path in sorted((folder / "index").glob("*.json")):
        if not path.name.startswith(files.TEMPORARY):
            yield path.stem


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


def _from_bytes(path: Path) -> tuple[Any, list[RawTensor]]:
    data = files.read(path)
    try:
        arrays = load(data)
        told = json.loads(arrays[_DOCUMENT].tobytes())
        tensors = [
            _tensor(arrays[f"t{number:05}"], dtype) for number, dtype in enumerate(told["dtypes"])
        ]
        return told["body"], tensors
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageError(f"{path} is damaged; grade its submissions again: {error}") from error


def _tensor(array: NDArray[Any], dtype: DType) -> RawTensor:
    if dtype not in DTYPES or array.dtype != _carrier(dtype):
        raise ValueError(f"a tensor of {array.dtype} cannot be {dtype}")
    return RawTensor(dtype, array.shape, array.tobytes())


def _carrier(dtype: DType) -> np.dtype[Any]:
    # numpy has no bfloat16: its bits travel as integers, the name stands in the document.
    return np.dtype("uint16" if dtype == "bfloat16" else dtype).newbyteorder("<")
