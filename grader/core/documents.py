"""Read a YAML file written by a person into a model, or say exactly what is wrong and where.

`load` is the whole job. `read`, `validate` and `Document.finding` are its parts, for a reader
that has more to check than a model can say. Only plain data is accepted: no anchors, aliases,
merge keys or tags, no key twice, no NaN, no second document.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import re
import types
import typing
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from grader.core.errors import RubricError

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from ruamel.yaml.nodes import Node

__all__ = ["Document", "Place", "load", "nearest", "read", "validate"]

M = TypeVar("M", bound=BaseModel)
Loc = tuple[int | str, ...]

_MOST_BYTES: Final = 1 << 20
_MOST_DEPTH: Final = 40
_MOST_FINDINGS: Final = 30
_TAG: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file as plain data.

    value   dicts with text keys, lists, text, int, float (never NaN), bool, None
    places  by path from the root: where a value begins
    keys    by path from the root: where a mapping's key stands
    sha256  of the file's bytes
    """

    path: Path
    value: object
    places: Mapping[Loc, Place]
    keys: Mapping[Loc, Place]
    sha256: str

    def place(self, loc: Loc, *, key: bool = False) -> Place:
        """Where `loc` is; parts that name nothing in the file (a union's branch) are passed over.

        `key` asks for the key's own place rather than its value's.
        """
        known: Loc = ()
        for part in loc:
            if (*known, part) in self.places:
                known = (*known, part)
        return (self.keys if key else self.places).get(known, self.places[known])

    def finding(self, loc: Loc, message: str, *, key: bool = False) -> str:
        """`file:line:column: message`, a line for `RubricError`."""
        return _line(self.path, self.place(loc, key=key), message)


def load(path: Path, model: type[M]) -> M:
    """The file as a `model`; RubricError names file, line, column and what was expected."""
    return validate(read(path), model)


def validate(document: Document, model: type[M]) -> M:
    """The document as a `model`; RubricError with one finding for each mistake, in file order."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    found = [
        (_place(document, detail), _message(model, detail))
        for detail in details
        if not _follows(detail)
    ]
    found.sort(key=lambda item: (item[0].line, item[0].column, item[1]))
    lines = dict.fromkeys(_line(document.path, place, message) for place, message in found)
    raise RubricError(tuple(lines)[:_MOST_FINDINGS])


def nearest(word: str, choices: Iterable[str]) -> str:
    """End of a message that offers the nearest choice; empty where nothing is near."""
    by_case = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), list(by_case), n=1)
    return f", nearest: `{by_case[close[0]]}`" if close else ""


def read(path: Path) -> Document:
    """The file as plain data with the place of everything in it; RubricError where it is not."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - models are imported where no file is read
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 - as above

    data = _bytes(path)
    text = _text(path, data)
    try:
        root = YAML(typ="safe", pure=True).compose(text)
        if root is None:
            raise _error(path, Place(1, 1), "expected a document, the file is empty")
        reader = _Reader(path)
        value = reader.value(root, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        problem = " ".join(str(error.problem or error.context or "").split())
        raise _error(path, place, f"expected YAML: {problem}") from error
    except YAMLError as error:
        problem = " ".join(str(error).split())
        raise _error(path, Place(1, 1), f"expected YAML: {problem}") from error
    except RecursionError as error:
        raise _error(path, Place(1, 1), "expected fewer levels of nesting") from error
    except ValueError as error:
        raise _error(path, Place(1, 1), f"expected YAML: {error}") from error
    return Document(path, value, reader.places, reader.keys, hashlib.sha256(data).hexdigest())


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RubricError((f"{path}: cannot be read: {error.strerror or error}",)) from error
    if len(data) > _MOST_BYTES:
        raise RubricError((f"{path}: expected at most {_MOST_BYTES} bytes",))
    return data


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _error(path, Place(line, 1), "expected UTF-8 text") from error


class _Reader:
    """Turns composed nodes into plain data, and keeps where everything was."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: dict[Loc, Place] = {}
        self.keys: dict[Loc, Place] = {}

    def value(self, node: Node, loc: Loc) -> object:
        from ruamel.yaml.nodes import MappingNode, SequenceNode  # noqa: PLC0415 - as in `read`

        self.places[loc] = _start(node)
        if node.anchor is not None:
            raise self.error(node, "expected plain data, anchors and aliases are not read")
        if len(loc) > _MOST_DEPTH:
            raise self.error(node, "expected fewer levels of nesting")
        tag = str(node.tag)
        if isinstance(node, MappingNode) and tag == _TAG + "map":
            return self.mapping(node, loc)
        if isinstance(node, SequenceNode) and tag == _TAG + "seq":
            return [self.value(child, (*loc, at)) for at, child in enumerate(node.value)]
        return self.scalar(node, tag)

    def mapping(self, node: Node, loc: Loc) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, child in node.value:
            if str(key_node.tag) == _TAG + "merge":
                raise self.error(key_node, "expected plain data, merge keys are not read")
            if str(key_node.tag) != _TAG + "str" or key_node.anchor is not None:
                raise self.error(key_node, "expected text as a key, put it in quotes")
            key = str(key_node.value)
            if key in found:
                raise self.error(key_node, f"expected each key once, `{_cut(key)}` is here again")
            self.keys[(*loc, key)] = _start(key_node)
            found[key] = self.value(child, (*loc, key))
        return found

    def scalar(self, node: Node, tag: str) -> object:
        text = str(node.value)
        try:
            match tag.removeprefix(_TAG):
                case "str" | "timestamp":
                    return text
                case "null":
                    return None
                case "bool":
                    return text.lower() in ("true", "yes", "on", "y")
                case "int":
                    return _integer(text)
                case "float":
                    return _float(text)
        except ValueError as error:
            raise self.error(node, f"{error}, found {_cut(text)!r}") from error
        raise self.error(node, f"expected plain data, found the tag `{_cut(tag)}`")

    def error(self, node: Node, message: str) -> RubricError:
        return _error(self.path, _start(node), message)


def _start(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _integer(text: str) -> int:
    digits = text.replace("_", "").lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits.lstrip("+-")[:2], 10)
    if len(digits) > 20:
        raise ValueError("expected an integer of at most 19 digits")
    try:
        return int(digits, base)
    except ValueError as error:
        raise ValueError("expected an integer") from error


def _float(text: str) -> float:
    plain = text.replace("_", "").lower()
    if plain.lstrip("+-") == ".inf":
        return -math.inf if plain.startswith("-") else math.inf
    try:
        value = float(plain)
    except ValueError as error:
        raise ValueError("expected a number") from error
    if not math.isfinite(value):
        raise ValueError("expected a finite number of double precision, or `.inf`")
    return value


def _error(path: Path, place: Place, message: str) -> RubricError:
    return RubricError((_line(path, place, message),))


def _line(path: Path, place: Place, message: str) -> str:
    return f"{path}:{place.line}:{place.column}: {message}"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _place(document: Document, detail: ErrorDetails) -> Place:
    return document.place(detail["loc"], key=detail["type"] == "extra_forbidden")


def _follows(detail: ErrorDetails) -> bool:
    """Whether a list is called too short only because items of it are wrong themselves."""
    least = detail.get("ctx", {}).get("min_length", 0)
    given = detail["input"]
    return detail["type"] == "too_short" and isinstance(given, list) and len(given) >= least


def _message(model: type[BaseModel], detail: ErrorDetails) -> str:
    """One validation error in words: what was expected, what was found, what comes nearest."""
    kind, loc, given = detail["type"], detail["loc"], detail["input"]
    last = _cut(str(loc[-1])) if loc else ""
    if kind == "missing":
        return f"expected the key `{last}`"
    if kind == "extra_forbidden":
        known = sorted(_keys(model, loc[:-1]))
        hint = nearest(str(loc[-1]), known)
        return f"unknown key `{last}`{hint or ', expected one of: ' + ', '.join(known)}"
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        pattern = detail.get("ctx", {}).get("pattern", "")
        return f"expected text that matches `{pattern}`, found {_shown(given)}"
    said = detail["msg"].replace("Input should be ", "expected ")
    said = said if said.startswith("expected") else f"expected otherwise: {said}"
    if kind in ("literal_error", "enum"):
        choices = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
        return f"{said}, found {_shown(given)}{nearest(str(given), choices)}"
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f"expected text, found {_shown(given)}: put it in quotes"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        said = "expected a mapping"
    return f"{said}, found {_shown(given)}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    if value is None:
        return "nothing"
    return _cut(repr(value))


def _keys(model: type[BaseModel], loc: Loc) -> Collection[str]:
    """Keys that the models at `loc` know."""
    at: list[Any] = [model]
    for part in loc:
        inner = [step for annotation in at for step in _inside(annotation, part)]
        at = inner or at
    return {
        info.alias or name
        for annotation in at
        for found in _models(annotation)
        for name, info in found.model_fields.items()
    }


def _inside(annotation: Any, part: int | str) -> Iterator[Any]:
    """Annotations one step further in: a model's field, or the items of a container."""
    for found in _models(annotation):
        for name, info in found.model_fields.items():
            if part in (name, info.alias):
                yield info.annotation
    for container in _containers(annotation):
        yield from (item for item in typing.get_args(container) if item not in (str, ...))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _models(annotation.model_fields["root"].annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif _transparent(annotation):
        for item in typing.get_args(annotation):
            yield from _models(item)


def _containers(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _containers(annotation.model_fields["root"].annotation)
    elif _transparent(annotation):
        for item in typing.get_args(annotation):
            yield from _containers(item)
    elif isinstance(typing.get_origin(annotation), type):
        yield annotation


def _transparent(annotation: Any) -> bool:
    origin = typing.get_origin(annotation)
    return origin in (typing.Annotated, typing.Union, types.UnionType)
