"""What a hostile child may answer: any bytes on its socket become an answer or `Gone`."""

from __future__ import annotations

import json
import os
import socket
from typing import Final

import numpy as np
from safetensors.numpy import save

from fuzz.holds import must, one_line, sentence
from grader.core.observation import Fault, Observation, Setup
from grader.core.text import plain
from grader.sandbox import answers, wire
from grader.sandbox.conversation import Answer, Conversation, Gone
from grader.sandbox.zygote import Child
from grader.store.codec import Aside, decode, encode

__all__ = ["answer_to", "check", "holds_observation", "holds_setup", "seeds"]

_FRAME_BYTES: Final = 1 << 20
_OUTPUT_BYTES: Final = 256
_WORST: Final = 10  # characters that `plain` makes of one


def seeds() -> tuple[bytes, ...]:
    """Answers of the child as it is, and of one that lies about each of them."""
    tensors = {"value": np.ones((2, 3), "f4"), "gradient": np.zeros((1, 0), "f8")}
    fault = {"type": "E", "message": "m", "filename": "<cell 1>", "line": 3, "missing_name": "x"}
    ok = {"outcome": "ok", "returned": "tensor", "flows": True, "custom": False, "changed": 1}
    told = (
        ok | {"ops": ["aten::exp"], "value": "value", "form": "function"},
        {"outcome": "raised", "fault": fault, "faults": [[0, fault], [1, {}], [True, []]]},
        {"outcome": "not_run", "fault": None, "ops": "aten", "returned": ["\x1b[2J"]},
        {"outcome": ["ok"], "faults": {"0": 1}, "line": 10**30},
    )
    frames = [wire.pack(wire.ANSWER, one, save(tensors)) for one in told]
    printed = b"\xff\x1b]0;x\x07" + "\u202e".encode()
    return (*(bytes([3]) + printed[:3] + one for one in frames), b"\0" + frames[0] + frames[1])


def check(data: bytes) -> None:
    """The first byte says how much of the rest was printed; all else is the child's answer."""
    if not data:
        return
    printed, sent = data[1 : 1 + data[0]], data[1 + data[0] :]
    try:
        answer = answer_to(sent, printed)
    except Gone as gone:
        sentence(str(gone))
        return
    try:
        seen = answers.observation_of(answer)
    except Gone as gone:
        sentence(str(gone))
    else:
        holds_observation(seen)
    try:
        setup = answers.setup_of(answer)
    except Gone as gone:
        sentence(str(gone))
    else:
        holds_setup(setup)


def answer_to(sent: bytes, printed: bytes = b"") -> Answer:
    """What a conversation makes of a child that sends these bytes and ends; may raise `Gone`."""
    ours, theirs = socket.socketpair()
    out_read, out_write = os.pipe2(os.O_NONBLOCK)
    err_read, err_write = os.pipe2(os.O_NONBLOCK)
    ended, ending = os.pipe2(0)
    child = Child(0, ended, ours, out_read, err_read)
    ours.settimeout(0)
    try:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(sent) + 4096)
        os.write(out_write, printed)
        theirs.settimeout(0)
        theirs.send(sent)
        for descriptor in (out_write, err_write, ending):
            os.close(descriptor)
        theirs.close()
        talk = Conversation(child, output_bytes=_OUTPUT_BYTES, frame_bytes=_FRAME_BYTES)
        return talk.ask(None, seconds=5.0)
    finally:
        child.close()


def holds_observation(seen: Observation) -> None:
    """Bounded plain text, known words, tensors that can be judged; and it can be stored."""
    must(seen.outcome in ("ok", "raised", "not_run"), f"outcome {seen.outcome!r}")
    for tensor in (seen.value, seen.gradient):
        must(tensor is None or tensor.numbers().shape == tensor.shape, "another shape")
    one_line(seen.returned, most=100 * _WORST)
    must(all(type(flag) is bool for flag in (seen.flows, seen.custom, seen.changed)), "no flag")
    must(len(seen.ops) <= answers.MOST_OPS_TOLD, f"{len(seen.ops)} operators")
    for name in seen.ops:
        one_line(name, most=100 * _WORST)
    if seen.fault is not None:
        _holds_fault(seen.fault)
    for text in (seen.stdout, seen.stderr):
        must(plain(text) == text and len(text) <= _OUTPUT_BYTES * _WORST, "output not plain")
    _stored(seen)


def holds_setup(setup: Setup) -> None:
    """Likewise."""
    must(setup.outcome in ("ok", "raised"), f"outcome {setup.outcome!r}")
    one_line(setup.form, most=40 * _WORST)
    must(len(setup.faults) <= answers.MOST_FAULTS, f"{len(setup.faults)} faults")
    for index, fault in setup.faults:
        must(type(index) is int and -1 <= index <= answers.LAST_LINE, f"statement {index!r:.100}")
        _holds_fault(fault)
    _stored(setup)


def _holds_fault(fault: Fault) -> None:
    for text, most in ((fault.type, 100), (fault.message, 600), (fault.missing_name, 100)):
        must(plain(text) == text and len(text) <= most * _WORST, "a fault's text is not plain")
    if fault.filename is not None:
        one_line(fault.filename, most=100 * _WORST)
    line = fault.line
    must(
        line is None or (type(line) is int and 0 <= line <= answers.LAST_LINE),
        f"line {line!r:.100}",
    )


def _stored(one: Observation | Setup) -> None:
    aside = Aside()
    document = json.loads(json.dumps(encode(one, type(one), aside), allow_nan=False))
    must(decode(document, type(one), aside) == one, "is stored as another")
