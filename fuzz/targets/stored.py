"""Files of an output folder, damaged or made up."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Final

from fuzz.holds import must, scratch, sentence
from grader.core.errors import StorageError, UsageError
from grader.core.fixture import Argument
from grader.core.notebook import Note
from grader.core.observation import Call, Exchange, Fault, Observation, Program, Run, Setup
from grader.core.record import Graded, Record
from grader.core.report import (
    Automatic,
    CriterionResult,
    Evidence,
    Final_,
    Manual,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
    Worst,
)
from grader.core.slice import Location, Slice, Statement
from grader.core.tensor import RawTensor
from grader.store import RunInfo, Store, submission_id

__all__ = ["FILES", "check", "seeds"]

FILES: Final = ("run.json", "reports", "index", "observations")
"""What the first byte of an input chooses to replace."""

_SOURCE: Final = "ann/work.ipynb"
_ID: Final = submission_id(_SOURCE, b"data")
_SHA: Final = hashlib.sha256(b"data").hexdigest()
_INFO: Final = RunInfo(
    inputs=("class",),
    reference="values",
    rubric_id="values",
    rubric_version="1.0",
    rubric_sha256=_SHA,
    seed=1,
    fixtures={"values/pair": _SHA},
    isolation="strict",
    targets={"forward": "target"},
    versions={"grader": "1"},
)


def _record() -> Record:
    tensors = (
        RawTensor("float32", (1, 2), bytes(8)),
        RawTensor("bfloat16", (2,), b"\xc0\x7f\x80\x3f"),
        RawTensor("bool", (0, 3), b""),
    )
    statement = Statement("x = 1\n", "<cell 1>", Location(1, 1, "id", 3), ("x",), "random")
    call = Call("values/pair", (Argument("x", tensors[0]),))
    fault = Fault("NameError", "no y", "<cell 1>", 1, "y")
    run = Run(
        Setup("ok", "function", ((0, fault),)),
        {call.key: Observation("ok", tensors[1], gradient=tensors[2], ops=("a::b",), fault=fault)},
        layers=("rlimits",),
        seconds=0.25,
    )
    exchange = Exchange(Program((statement,), "target", {"dim": -1}), run)
    return Record(
        submission_id=_ID,
        source=_SOURCE,
        sha256=_SHA,
        format="ipynb",
        notes=(Note("so", 1, 2),),
        slices={"forward": Slice("forward", "found", "target", statements=(statement,))},
        exchanges={"forward": {"main": exchange}},
    )


def _report() -> Report:
    worst = Worst(index=(0, 1), got=float("nan"), expected=0.5)
    row = CriterionResult(
        id="values",
        title="Values",
        points=1.5,
        max_points=4,
        bonus=False,
        visibility="visible",
        status="partial",
        feedback="so",
        evidence=(Evidence(fixture="values/pair", outcome="wrong", worst=worst, error=0.1),),
    )
    return Report(
        submission=SubmissionFacts(id=_ID, source=_SOURCE, sha256=_SHA, format="ipynb"),
        rubric=RubricFacts(id="values", version="1.0", sha256=_SHA),
        status="graded",
        automatic=Automatic(score=1.5, max=4),
        manual=Manual(score=None, max=0),
        final=Final_(score=1.5, max=4),
        criteria=(row,),
        run=RunFacts(seconds=0.5, at="", environment={}),
    )


def _whole_folder() -> Path:
    folder = scratch() / "graded"
    store = Store(folder)
    store.begin(_INFO)
    store.save(Graded(_report(), _record()))
    store.close()
    return folder


_WHOLE: Final = _whole_folder()
_INDEX: Final = _WHOLE / "observations" / "index" / f"{_ID}.json"
_PATHS: Final = (_WHOLE / "run.json", _WHOLE / "reports" / f"{_ID}.json", _INDEX)
(_OBSERVATIONS,) = (_WHOLE / "observations").glob("*.safetensors")


def _unsigned(**changed: str) -> bytes:
    """The index without digests: whoever writes a file can make those too."""
    document = json.loads(_INDEX.read_bytes())
    return json.dumps({**document, "check": "", "report": "", **changed}).encode()


_INDEX.write_bytes(_unsigned())
_RIGHT: Final = (*(path.read_bytes() for path in _PATHS), _OBSERVATIONS.read_bytes())


def seeds() -> tuple[bytes, ...]:
    """Every file as it should be."""
    return tuple(bytes([at]) + right for at, right in enumerate(_RIGHT))


def check(data: bytes) -> None:
    """Each reader gives a value, or one sentence; and what was read can be worked with."""
    if not data:
        return
    at = data[0] % len(FILES)
    try:
        if at == len(_PATHS):
            _use_observations(data[1:])
        else:
            _PATHS[at].write_bytes(data[1:])
            _use()
    finally:
        for path, right in zip(_PATHS, _RIGHT, strict=False):
            path.write_bytes(right)


def _use_observations(data: bytes) -> None:
    """They are found under the digest of their content."""
    key = f"{0:024}-{hashlib.sha256(data).hexdigest()[:16]}"
    path = _WHOLE / "observations" / f"{key}.safetensors"
    path.write_bytes(data)
    _INDEX.write_bytes(_unsigned(exchanges=key))
    try:
        _use()
    finally:
        path.unlink()


def _use() -> None:
    """What `grade`, `rejudge` and `explain` do with a folder that is there."""
    store = Store(_WHOLE)
    try:
        store.begin(_INFO)
    except (StorageError, UsageError) as error:
        sentence(str(error))
    finally:
        store.close()
    try:
        report = store.report(_ID)
    except StorageError as error:
        sentence(str(error))
    else:
        must(report.submission.id == _ID, "another submission's report")
        store.stage(report)
        shutil.rmtree(_WHOLE / ".staged")
    store.finish(store.rows().values())
    json.loads((_WHOLE / "summary.json").read_bytes())
    try:
        record = store.record(_ID)
    except StorageError as error:
        sentence(str(error))
        return
    must(record.submission_id == _ID, "another submission's record")
    for named in record.exchanges.values():
        for exchange in named.values():
            for seen in exchange.run.calls.values():
                must(seen.value is None or seen.value.numbers() is not None, "no numbers")
