"""Frozen dataclasses to JSON and back, driven by their type hints; tensors are kept apart.

Only what the core words are made of is supported (dataclasses, mappings with text keys, tuples,
unions with None, literals, text, numbers): a new kind of field fails when its codec is built,
not when a class has been graded. Strings may hold lone surrogates; JSON's escapes carry them.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from grader.core.errors import StorageError
from grader.core.tensor import RawTensor
from grader.core.text import inline

__all__ = ["Aside", "decode", "encode"]

_CLOCK: Final = "seconds"
_LONGEST: Final = 300
"""Characters of a reason: what does not fit may be as long as the file."""


@dataclass(slots=True)
class Aside:
    """What does not go into the JSON.

    tensors  in order of first appearance, equal ones once; the JSON holds their index
    clock    every field called `seconds`, in order: all that differs between two equal runs
    """

    tensors: list[RawTensor] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    _index: dict[RawTensor, int] = field(default_factory=dict)
    _ticks: int = 0

    def put(self, tensor: RawTensor) -> int:
        """The index of `tensor`, kept from now on."""
        found = self._index.setdefault(tensor, len(self.tensors))
        if found == len(self.tensors):
            self.tensors.append(tensor)
        return found

    def get(self, at: object) -> RawTensor:
        """The tensor at an index; ValueError where there is none."""
        if type(at) is not int or not 0 <= at < len(self.tensors):
            raise ValueError(f"there is no tensor {at!r}")
        return self.tensors[at]

    def tick(self) -> float:
        """The next reading of the clock; 0.0 where none was kept."""
        self._ticks += 1
        return self.clock[self._ticks - 1] if self._ticks <= len(self.clock) else 0.0


_Coder = Callable[[Any, Aside], Any]


def encode(value: object, kind: type, aside: Aside) -> Any:
    """JSON-ready form of `value`, an instance of the dataclass `kind`."""
    return _coders(kind)[0](value, aside)


def decode(document: Any, kind: type, aside: Aside) -> Any:
    """The instance of the dataclass `kind` that `encode` made `document` of.

    Unknown keys are ignored and missing ones take the field's default, so that a record of an
    earlier minor version is read. StorageError where the document does not fit.
    """
    try:
        return _coders(kind)[1](document, aside)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        said = inline(str(error))[:_LONGEST]
        raise StorageError(f"a stored {kind.__name__} does not fit: {said}") from error


def _same(value: Any, _: Aside) -> Any:
    return value


@cache
def _coders(kind: Any) -> tuple[_Coder, _Coder]:
    origin, inner = get_origin(kind), get_args(kind)
    if kind is RawTensor:
        return (lambda tensor, aside: aside.put(tensor)), (lambda at, aside: aside.get(at))
    if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__"):
        return _dataclass(kind)
    if origin is Literal:
        return _same, _member(inner)
    if origin in (Union, types.UnionType):
        return _optional(inner)
    if origin is tuple:
        return _tuple(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping) and inner[0] is str:
        return _mapping(inner[1])
    if kind in (str, int, float, bool):
        return _same, _scalar(kind)
    raise NotImplementedError(f"no stored form for {kind!r}")


def _dataclass(kind: type) -> tuple[_Coder, _Coder]:
    hints = get_type_hints(kind)
    parts = [(one.name, *_coders(hints[one.name])) for one in fields(kind) if one.name != _CLOCK]
    clocked = _CLOCK in hints
    optional = {
        one.name
        for one in fields(kind)
        if one.default is not MISSING or one.default_factory is not MISSING
    }

    def put(value: Any, aside: Aside) -> dict[str, Any]:
        if clocked:
            aside.clock.append(value.seconds)
        return {name: encoder(getattr(value, name), aside) for name, encoder, _ in parts}

    def get(document: Any, aside: Aside) -> Any:
        _expect(document, dict)
        known = {_CLOCK: aside.tick()} if clocked else {}
        for name, _, decoder in parts:
            if name in document or name not in optional:
                known[name] = decoder(document[name], aside)
        return kind(**known)

    return put, get


def _optional(inner: tuple[Any, ...]) -> tuple[_Coder, _Coder]:
    (one,) = [part for part in inner if part is not type(None)]
    encoder, decoder = _coders(one)
    return (
        lambda value, aside: None if value is None else encoder(value, aside),
        lambda value, aside: None if value is None else decoder(value, aside),
    )


def _tuple(inner: tuple[Any, ...]) -> tuple[_Coder, _Coder]:
    if inner[1:] == (...,):
        encoder, decoder = _coders(inner[0])
        return (
            lambda values, aside: [encoder(value, aside) for value in values],
            lambda values, aside: tuple(decoder(value, aside) for value in _expect(values, list)),
        )
    pairs = [_coders(part) for part in inner]
    return (
        lambda values, aside: [
            encoder(value, aside) for value, (encoder, _) in zip(values, pairs, strict=True)
        ],
        lambda values, aside: tuple(
            decoder(value, aside)
            for value, (_, decoder) in zip(_expect(values, list), pairs, strict=True)
        ),
    )


def _mapping(inner: Any) -> tuple[_Coder, _Coder]:
    encoder, decoder = _coders(inner)
    # A list of pairs: the order of calls is kept although the document's keys are sorted.
    return (
        lambda values, aside: [[key, encoder(value, aside)] for key, value in values.items()],
        lambda values, aside: {
            _expect(key, str): decoder(value, aside) for key, value in _expect(values, list)
        },
    )


def _member(allowed: tuple[Any, ...]) -> _Coder:
    def get(value: Any, _: Aside) -> Any:
        if value not in allowed:
            raise ValueError(f"{value!r} is none of {allowed}")
        return value

    return get


def _scalar(kind: type) -> _Coder:
    def get(value: Any, _: Aside) -> Any:
        if kind is float and type(value) is int:
            return float(value)
        return _expect(value, kind)

    return get


def _expect(value: Any, kind: type) -> Any:
    # not isinstance: JSON's true is no number
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value
