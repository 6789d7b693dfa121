"""A YAML file written by a person as plain data, with the place of everything in it.

Scalars are read as YAML 1.2 has them: `yes`, `no`, `on` and dates are text. Only plain data is
accepted: no anchors, aliases, merge keys or tags of programs, no key twice, no NaN, no second
document. The file is read event by event, so that nesting is refused where it gets too deep.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from grader.core.errors import RubricError
from grader.core.text import inline

__all__ = ["Document", "Loc", "Place", "read"]

Loc = tuple[int | str, ...]
"""Keys and indices from the root of a document."""

_MOST_BYTES: Final = 1 << 20
_MOST_DEPTH: Final = 40
_TAG: Final = "tag:yaml.org,2002:"
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT: Final = re.compile(r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)")
_FLOAT: Final = re.compile(
    r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9][0-9_]*(?=[eE]))([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)


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


def read(path: Path) -> Document:
    """The file as plain data with the place of everything in it; RubricError where it is not."""
    # Imported here: models are imported where no file is read.
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    data = _bytes(path)
    text = _text(path, data)
    reader = _Reader(path, text)
    try:
        value = reader.document()
    except MarkedYAMLError as error:
        place = _within(text, error.problem_mark or error.context_mark)
        said = " ".join(f"{error.problem or ''} {error.context or ''}".split())
        raise _error(path, place, f"expected YAML: {said}") from error
    except (YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise _error(path, Place(1, 1), f"expected YAML: {said}") from error
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


def _within(text: str, mark: Any) -> Place:
    """Where a parser stopped; it may say the line after the last."""
    if mark is None:
        return Place(1, 1)
    lines = text.split("\n")
    if mark.line < len(lines):
        return Place(mark.line + 1, mark.column + 1)
    return Place(len(lines), len(lines[-1]) + 1)


def _next_event(text: str) -> Callable[[], Any]:
    """Gives the parsing events one by one as they are asked for; either parser gives the same."""
    try:
        # Exported without saying so; imported here as in `read`.
        from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]  # noqa: PLC0415
    except ImportError:  # no build of libyaml for this Python
        from ruamel.yaml import YAML  # noqa: PLC0415 - as in `read`

        return YAML(typ="safe", pure=True).parse(text).__next__  # type: ignore[no-any-return]  # it is untyped
    return CParser(text).get_event  # type: ignore[no-any-return]  # as above


class _Reader:
    """Turns events into plain data, and keeps where everything was."""

    def __init__(self, path: Path, text: str) -> None:
        from ruamel.yaml import events  # noqa: PLC0415 - as in `read`

        self.path = path
        self.kinds = events
        self.next = _next_event(text)
        self.places: dict[Loc, Place] = {}
        self.keys: dict[Loc, Place] = {}

    def document(self) -> object:
        """The one document of the file."""
        self.next()  # the stream begins
        if not isinstance(self.next(), self.kinds.DocumentStartEvent):
            raise _error(self.path, Place(1, 1), "expected a document, the file is empty")
        value = self.value(self.next(), ())
        self.next()  # the document ends
        after = self.next()
        if not isinstance(after, self.kinds.StreamEndEvent):
            raise self.error(after, "expected one document, here begins another document")
        return value

    def value(self, event: Any, loc: Loc) -> object:
        """The value that begins with `event`."""
        self.places[loc] = _start(event)
        if isinstance(event, self.kinds.AliasEvent) or event.anchor is not None:
            raise self.error(event, "expected plain data, anchors and aliases are not read")
        if len(loc) > _MOST_DEPTH:
            raise self.error(event, "expected fewer levels of nesting")
        if isinstance(event, self.kinds.ScalarEvent):
            return self.scalar(event)
        mapping = isinstance(event, self.kinds.MappingStartEvent)
        if event.tag is not None and str(event.tag) != _TAG + ("map" if mapping else "seq"):
            raise self.tagged(event)
        return self.mapping(loc) if mapping else self.sequence(loc)

    def sequence(self, loc: Loc) -> list[object]:
        found: list[object] = []
        while not isinstance(event := self.next(), self.kinds.SequenceEndEvent):
            found.append(self.value(event, (*loc, len(found))))
        return found

    def mapping(self, loc: Loc) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := self.next(), self.kinds.MappingEndEvent):
            key = self.key(event)
            if key in found:
                raise self.error(event, f"expected each key once, `{_cut(key)}` is here again")
            self.keys[(*loc, key)] = _start(event)
            found[key] = self.value(self.next(), (*loc, key))
        return found

    def key(self, event: Any) -> str:
        plain = isinstance(event, self.kinds.ScalarEvent) and event.anchor is None
        if plain and event.value == "<<" and event.implicit[0]:
            raise self.error(event, "expected plain data, merge keys are not read")
        if not plain or self.kind(event) != "str":
            raise self.error(event, "expected text as a key, put it in quotes")
        return str(event.value)

    def kind(self, event: Any) -> str:
        """What a scalar is: the end of a standard tag, or a whole tag of another kind."""
        if event.tag is not None:
            return str(event.tag).removeprefix(_TAG)
        return _kind(event.value) if event.implicit[0] else "str"

    def scalar(self, event: Any) -> object:
        text, kind = str(event.value), self.kind(event)
        read_as = _SCALARS.get(kind)
        if read_as is None:
            raise self.tagged(event)
        try:
            return read_as(text)
        except ValueError as error:
            raise self.error(event, f"{error}, found {_cut(text)!r}") from error

    def tagged(self, event: Any) -> RubricError:
        return self.error(event, f"expected plain data, found the tag `{_cut(str(event.tag))}`")

    def error(self, event: Any, message: str) -> RubricError:
        return _error(self.path, _start(event), message)


def _start(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _kind(text: str) -> str:
    """What a plain scalar is in YAML 1.2."""
    if text in _NULLS:
        return "null"
    if text in _BOOLS:
        return "bool"
    if _INT.fullmatch(text):
        return "int"
    return "float" if _FLOAT.fullmatch(text) else "str"


def _null(text: str) -> None:
    if text not in _NULLS:
        raise ValueError("expected nothing")


def _bool(text: str) -> bool:
    if text not in _BOOLS:
        raise ValueError("expected true or false")
    return _BOOLS[text]


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


_SCALARS: Final[Mapping[str, Callable[[str], object]]] = {
    "str": str,
    "null": _null,
    "bool": _bool,
    "int": _integer,
    "float": _float,
}


def _error(path: Path, place: Place, message: str) -> RubricError:
    return RubricError((_line(path, place, message),))


def _line(path: Path, place: Place, message: str) -> str:
    return f"{path}:{place.line}:{place.column}: {inline(message)}"


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
