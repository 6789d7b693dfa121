"""Running a slice's statements as a notebook kernel would, and finding what to call."""

from __future__ import annotations
import __future__ as future

import ast
import linecache
import random
import sys
import traceback
import types
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from grader.sandbox.child.modes import Watch
from grader.sandbox.child.target import Target, resolve

__all__ = ["Prepared", "fault_of", "prepare", "reordered"]

MOST_TEXT: Final = 600
_uniform = torch.rand
_from_numpy = torch.from_numpy
_numpy_of = torch.Tensor.numpy
_INTEGERS: Final = {torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A target ready to be called."""

    target: Target
    watch: Watch | None


def prepare(header: Mapping[str, Any]) -> tuple[Prepared | None, dict[str, Any]]:
    """Run the statements; None and the reason where nothing can be called afterwards."""
    main = types.ModuleType("__main__")
    main.__dict__["display"] = print  # notebooks have it, and some print with it
    sys.modules["__main__"] = main
    # an assertion about a library's answer or about the sample is no part of the answer
    optimize = 0 if header["poison"] is None and header["vary"] is None else 1
    faults = []
    varied: set[str] = set()
    for number, statement in enumerate(header["statements"]):
        before = _dice() if header["vary"] is not None else ()
        try:
            _execute(statement, main.__dict__, optimize)
            if header["vary"] is not None and statement["data"]:
                if before != _dice() or not _computed_from(statement["code"], varied):
                    _vary(main.__dict__, statement["binds"], header["vary"])
                varied.update(statement["binds"])
        except BaseException as error:  # noqa: BLE001 - a kernel goes on with the next cell
            faults.append([number, fault_of(error)["fault"]])
    try:
        target = resolve(main.__dict__, header["symbol"], header["method"], header["fills"])
    except BaseException as error:  # noqa: BLE001 - constructors and metaclasses are student code
        faults.append([-1, fault_of(error)["fault"]])
        return None, {"outcome": "raised", "form": "", "faults": faults}
    poison = header["poison"]
    watch = Watch(header["watch"], poison and poison["how"]) if header["watch"] else None
    return Prepared(target, watch), {"outcome": "ok", "form": target.form, "faults": faults}


def _execute(statement: Mapping[str, Any], namespace: dict[str, Any], optimize: int) -> None:
    source, filename = statement["code"], statement["filename"]
    padded = "\n" * (statement["line"] - 1) + source
    linecache.cache[f"{filename}"] = (len(padded), None, _lines(filename, padded), filename)
    try:
        exec(_compiled(padded, filename, 0, optimize), namespace)  # noqa: S102 - it is what we do
    except NameError:
        if not _defines(source):
            raise
        # a name that only an annotation needs is no reason to lose the definition
        flags = future.annotations.compiler_flag
        exec(_compiled(padded, filename, flags, optimize), namespace)  # noqa: S102 - likewise


def _compiled(source: str, filename: str, flags: int, optimize: int) -> types.CodeType:
    code: types.CodeType = compile(
        source, filename, "exec", flags=flags, dont_inherit=True, optimize=optimize
    )
    return code


def _lines(filename: str, padded: str) -> list[str]:
    """All known lines of the cell so far: `inspect.getsource` must find each of its functions."""
    known = linecache.cache.get(filename)
    before = list(known[2]) if known is not None and len(known) == 4 else []
    lines = padded.splitlines(keepends=True)
    lines[-1] = lines[-1].rstrip("\n") + "\n"
    merged = before + ["\n"] * max(0, len(lines) - len(before))
    for number, line in enumerate(lines):
        if line.strip():
            merged[number] = line
    return merged


def _defines(source: str) -> bool:
    return isinstance(ast.parse(source).body[0], ast.FunctionDef | ast.ClassDef)


def _dice() -> tuple[object, ...]:
    """Where the usual generators of random numbers stand."""
    numpys = np.random.get_state(legacy=False)
    torchs = torch.default_generator.get_state()
    return repr(numpys), torchs.numpy().tobytes(), random.getstate()


def _computed_from(code: str, varied: Set[str]) -> bool:
    """Whether a statement computes its value from sample data that has other values already.

    That value follows by itself. Replacing it too would break what holds between the two in every
    run: a ratio of the sample to itself is one, whatever the sample.
    """
    node = ast.parse(code).body[0]
    if not isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) or node.value is None:
        return False
    read = list(ast.walk(node if isinstance(node, ast.AugAssign) else node.value))
    shapes = {
        id(part.value) for part in read if isinstance(part, ast.Attribute) and part.attr in _SHAPE
    }
    return any(
        isinstance(part, ast.Name) and part.id in varied and id(part) not in shapes for part in read
    )


_SHAPE: Final = {"shape", "size", "dim", "ndim", "numel", "dtype", "device"}


def _vary(namespace: dict[str, Any], names: tuple[str, ...], variation: int) -> None:
    """Other values, of the same shape and dtype, for the sample data just bound."""
    for name in names:
        if name in namespace:
            namespace[name] = _varied(namespace[name], variation)


def _varied(value: Any, variation: int) -> Any:
    """Fresh floating numbers; integers in another order, so that they stay classes or indices."""
    if isinstance(value, torch.Tensor):
        return _varied_tensor(value, variation)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return _other(value.shape, variation).numpy().astype(value.dtype)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return reordered(value, variation)
    if isinstance(value, list) and value and all(type(item) is float for item in value):
        return [float(item) for item in _other((len(value),), variation)]
    if isinstance(value, list) and value and all(isinstance(item, list) for item in value):
        return [_varied(item, variation) for item in value]
    return value


def _varied_tensor(value: torch.Tensor, variation: int) -> torch.Tensor:
    if value.dtype in _INTEGERS and value.layout is torch.strided and value.device.type == "cpu":
        return _from_numpy(reordered(_numpy_of(value), variation))
    if not value.is_floating_point():
        return value
    with torch.no_grad():
        fresh = _other(tuple(value.shape), variation).to(value.dtype)
    return fresh.requires_grad_(value.requires_grad)


def reordered(values: NDArray[Any], variation: int) -> NDArray[Any]:
    """The same integers in other places; as they are where all are equal.

    The sorted values move on by a third of all places, or by two thirds: unless more than two
    thirds are equal, no place holds its own value both times.
    """
    fresh = np.array(values).reshape(-1)
    order = fresh.argsort(kind="stable")
    step = max(1, fresh.size * variation // 3) % max(1, fresh.size)
    fresh[np.concatenate((order[step:], order[:step]))] = fresh[order]
    return fresh.reshape(values.shape)


def _other(shape: tuple[int, ...], variation: int) -> torch.Tensor:
    # one variation far from anything a notebook samples, one near zero: a name that only shifts
    # its argument is harmless at one scale and harmful at another
    generator = torch.Generator().manual_seed(1000 + variation)
    unit = _uniform(shape, generator=generator, dtype=torch.float64)
    return unit * 40 - 350 if variation == 1 else unit * 3 - 1


def fault_of(error: BaseException) -> dict[str, Any]:
    """The exception as text; a class that lies about itself or raises in `__str__` is survived."""
    try:
        message = str(error)[:MOST_TEXT]
    except BaseException:  # noqa: BLE001 - a hostile __str__
        message = "(its message cannot be shown)"
    filename, line = _innermost(error)
    missing = error.name if type(error) is NameError and isinstance(error.name, str) else ""
    fault = {
        "type": str(type.__getattribute__(type(error), "__name__"))[:100],
        "message": message,
        "filename": filename,
        "line": line,
        "missing_name": (missing or "")[:100],
    }
    return {"fault": fault}


def _innermost(error: BaseException) -> tuple[str | None, int | None]:
    """File and line of the deepest frame in the student's own cells."""
    place: tuple[str | None, int | None] = (None, None)
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename.startswith("<cell "):
            place = (frame.f_code.co_filename, line)
    if isinstance(error, SyntaxError) and place[0] is None:
        return (error.filename, error.lineno)
    return place
