"""One child: confine, run the slice's statements, then answer calls one at a time."""

from __future__ import annotations

import contextlib
import importlib.abc
import os
import random
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from grader.sandbox import wire
from grader.sandbox.child import confine, trial
from grader.sandbox.child.differentiate import Differentiating, pulled_back
from grader.sandbox.child.files import lose_what_is_written
from grader.sandbox.child.layers.limits import limit_use
from grader.sandbox.child.modes import MOST_OPS, OnCpu, Watch, poison_named
from grader.sandbox.child.present import (
    arguments,
    as_handed,
    dense,
    encode,
    present,
    same,
)
from grader.sandbox.child.program import Prepared, fault_of, prepare
from grader.sandbox.child.target import Target

__all__ = ["hide_ourselves", "serve", "torch_version", "warm"]

# the generator itself: torch.manual_seed walks the stack for accelerators that are not there
_set_torch_seed = torch.default_generator.manual_seed
_clone = torch.Tensor.clone


def torch_version() -> str:
    """What the zygote imported."""
    return str(torch.__version__)


def warm() -> None:
    """Use once what is dear the first time: autograd, dispatch modes, half precision."""
    torch.set_num_threads(1)
    lose_what_is_written()
    _stand_in_for_compile()
    seed()
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16):
        base = torch.rand(2, 3, dtype=torch.float32).to(dtype).requires_grad_()
        with Watch(("aten::exp",)):
            value = (base - base.max(dim=1, keepdim=True).values).exp()
            value = value / value.sum(dim=1, keepdim=True)
        pulled_back(value, base, torch.ones_like(value))
    with OnCpu():
        torch.zeros(1, device="cuda")
    described = [{"name": "x", "dtype": "float32", "layout": "strided"}]
    (sent,) = arguments(described, encode({"x": torch.rand(2, 3)}))
    present([[1.0], sent.flatten()[:1]])
    str(sent)  # printing a tensor imports its formatter


def _stand_in_for_compile() -> None:
    """`torch.compile` changes how, never what, is computed, and needs a compiler and threads."""

    def compile_nothing(model: Any = None, **_: Any) -> Any:
        return model if model is not None else (lambda function: function)

    torch.compile = compile_nothing


def seed() -> None:
    """The same dice before every call, in every child."""
    random.seed(0)
    np.random.seed(0)
    _set_torch_seed(0)


def serve(found: confine.Confinement, conversation: int, stdout: int, stderr: int) -> None:
    """Talk with the parent until it closes its end. Runs in the forked child."""
    talk, mapped = confine.confine(found, conversation, stdout, stderr)
    _write(talk, wire.pack(wire.READY, {"layers": found.layers, "missing": found.missing}))
    _fresh_streams()
    _, header, _ = _receive(talk)
    if "trial" in header:
        for told in trial.attempt(**header["trial"]):
            _send(talk, told)
        return
    if found.has("resource limits"):
        limit_use(mapped + header["memory_bytes"], header["cpu_seconds"])
    with _devices(mapped=header["devices"]):
        prepared = _set_up(talk, header)
        while True:
            kind, asked, block = _receive(talk)
            if kind == wire.SETUP:
                prepared = _set_up(talk, asked)
            elif kind == wire.CALL and prepared is not None:
                _send(talk, *_answer(prepared, asked, block))
            else:
                return


def _set_up(talk: int, header: dict[str, Any]) -> Prepared | None:
    """Run a program's statements and tell how that went; None where nothing can be called."""
    prepared, told = _prepare(header)
    _send(talk, told)
    return prepared


def _prepare(header: dict[str, Any]) -> tuple[Prepared | None, dict[str, Any]]:
    """Run the slice's statements, with functions falsified by name where that is asked."""
    poison = header["poison"] or {"names": (), "how": ""}
    honest_again = poison_named(poison["names"], poison["how"])
    seed()
    prepared, told = prepare(header)
    if told["faults"] and poison["names"]:
        # a compiler of scripts refuses wrapped functions; their operators are falsified anyway
        honest_again()
        seed()
        prepared, told = prepare(header)
    return prepared, told


def _fresh_streams() -> None:
    # write-through: what is buffered is lost when a child is killed
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as we
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        stream = open(  # noqa: SIM115 - lives as long as the child
            descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
        )
        stream.reconfigure(write_through=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    warnings.simplefilter("default")


class _Absent(importlib.abc.MetaPathFinder):
    """Says of our own package that there is none."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname.partition(".")[0] == __name__.partition(".")[0]:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


def hide_ourselves() -> None:
    """Make our package one that cannot be imported: in the zygote, once for all its children."""
    root = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == root]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Absent())


@contextlib.contextmanager
def _devices(*, mapped: bool) -> Iterator[None]:
    with OnCpu() if mapped else contextlib.nullcontext():
        yield


def _answer(prepared: Prepared, call: dict[str, Any], block: bytes) -> tuple[dict[str, Any], bytes]:
    ask = _gradient if call["mode"] == "gradient" else _value
    # autograd's way through a plain target uses operators that nobody wrote there
    if prepared.watch is None or (ask is _gradient and not prepared.target.method):
        return ask(prepared.target, call, block, None)
    watch = prepared.watch.fresh()
    told, tensors = ask(prepared.target, call, block, watch)
    too_many = watch.count > MOST_OPS
    if watch.how is not None:
        return ({"outcome": "not_run"}, b"") if too_many else (told, tensors)
    if too_many or told["outcome"] != "ok":
        # watching must never be what a right answer fails on: ask again without
        told, tensors = ask(prepared.target, call, block, None)
    return {**told, "ops": sorted(watch.seen)}, tensors


def _value(
    target: Target, call: dict[str, Any], block: bytes, watch: Watch | None
) -> tuple[dict[str, Any], bytes]:
    given = arguments(call["arguments"], block)
    first = arguments(call["before"], block) if call["before"] else []
    before = [_clone(argument) for argument in given]
    handed = as_handed(call["arguments"], given), as_handed(call["before"], first)
    seed()
    try:
        with Differentiating(watch), watch or contextlib.nullcontext():
            result = _called(target, call["mode"], handed[1], handed[0])
        value, returned = present(result)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt are answers too
        return {"outcome": "raised", **fault_of(error), **_changed(given, before)}, b""
    told = {"outcome": "ok", "returned": returned, **_changed(given, before)}
    return told, encode({} if value is None else {"value": value})


def _called(target: Target, mode: str, before: Sequence[Any], given: Sequence[Any]) -> Any:
    if mode == "method":
        return target.of_method(before, given)
    if mode == "context":
        return target.of_context(before, given)
    return target.of_arguments(given)


def _changed(given: Sequence[torch.Tensor], before: Sequence[torch.Tensor]) -> dict[str, bool]:
    try:
        kept = all(same(now, then) for now, then in zip(given, before, strict=True))
    except Exception:  # noqa: BLE001 - an argument made unreadable has been changed
        kept = False
    return {"changed": not kept}


def _gradient(
    target: Target, call: dict[str, Any], block: bytes, watch: Watch | None
) -> tuple[dict[str, Any], bytes]:
    given = arguments(call["arguments"], block)
    (upstream,) = arguments(call["upstream"], block)
    base = given[call["wrt"]].detach().requires_grad_()
    with torch.enable_grad():  # the notebook may have turned recording off for all that follows
        given[call["wrt"]] = base * 1  # no leaf: writing into it is allowed, as inside a network
    seed()
    try:
        with torch.enable_grad():
            result = target.of_arguments(given)
            value, returned = present(result)
            told: dict[str, Any] = {"outcome": "ok", "returned": returned}
            tensors = {} if value is None else {"value": value}
            if isinstance(result, torch.Tensor) and result.requires_grad:
                told |= {"flows": True, "custom": _has_custom_backward(result)}
                with Differentiating(watch), watch or contextlib.nullcontext():
                    gradient = pulled_back(result, base, upstream.to(result.dtype))
                if gradient is not None:
                    tensors["gradient"] = dense(gradient)
    except BaseException as error:  # noqa: BLE001 - as in a value call
        return {"outcome": "raised", **fault_of(error)}, b""
    return told, encode(tensors)


def _has_custom_backward(result: torch.Tensor) -> bool:
    """Whether a Python `autograd.Function` stands anywhere between the result and the input."""
    custom: type = torch.autograd.function.BackwardCFunction
    pending: list[Any] = [result.grad_fn]
    met: set[Any] = set()
    while pending and len(met) < MOST_OPS:
        node = pending.pop()
        if node is None or node in met:
            continue
        if isinstance(node, custom):
            return True
        met.add(node)
        pending.extend(following for following, _ in node.next_functions)
    return False


def _receive(talk: int) -> tuple[int, dict[str, Any], bytes]:
    kind, header_bytes, block_bytes = wire.HEAD.unpack(_exactly(talk, wire.HEAD.size))
    rest = _exactly(talk, header_bytes + block_bytes)
    return kind, wire.unpack_header(rest[:header_bytes]), rest[header_bytes:]


def _exactly(talk: int, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = _read(talk, min(count - len(parts), 2**20))
        if not part:
            _leave(0)  # the parent has no further question
        parts += part
    return bytes(parts)


# read and write, not recv and send: a child needs no system call for sockets
_leave = os._exit
_read = os.read
_write_part = os.write


def _write(talk: int, frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[_write_part(talk, left) :]


def _send(talk: int, told: dict[str, Any], tensors: bytes = b"") -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # the student may have closed or replaced it
            stream.flush()
    _write(talk, wire.pack(wire.ANSWER, told, tensors))
