"""Read a YAML file written by a person into a model, or say exactly what is wrong and where.

`load` is the whole job. `read`, `validate` and `Document.finding` are its parts, for a reader
that has more to check than a model can say.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from grader.core.errors import RubricError
from grader.core.plaindata import Document, Loc, Place, read
from grader.core.spelling import nearest

if typing.TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["Document", "Place", "load", "nearest", "read", "validate"]

M = TypeVar("M", bound=BaseModel)

_MOST_FINDINGS: Final = 30
_MOST_WORDED: Final = 4 * _MOST_FINDINGS
"""Mistakes that are put in words: a file can hold a hundred thousand, and some say the same."""


def load(path: Path, model: type[M]) -> M:
    """The file as a `model`; RubricError names file, line, column and what was expected."""
    return validate(read(path), model)


def validate(document: Document, model: type[M]) -> M:
    """The document as a `model`; RubricError with one finding for each mistake, in file order."""
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    wrong = [detail for detail in details if not _follows(detail)]
    wrong.sort(key=lambda detail: _where(document, detail))
    found = sorted(_found(document, model, detail) for detail in wrong[:_MOST_WORDED])
    raise RubricError(tuple(dict.fromkeys(line for *_, line in found))[:_MOST_FINDINGS])


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _found(
    document: Document, model: type[BaseModel], detail: ErrorDetails
) -> tuple[int, int, str]:
    """Line, column, and the whole finding."""
    message, key = _message(model, detail), _about_key(detail)
    return *_where(document, detail), document.finding(detail["loc"], message, key=key)


def _where(document: Document, detail: ErrorDetails) -> tuple[int, int]:
    place = document.place(detail["loc"], key=_about_key(detail))
    return place.line, place.column


def _about_key(detail: ErrorDetails) -> bool:
    """Whether a key is wrong, not its value."""
    return detail["type"] == "extra_forbidden"


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
