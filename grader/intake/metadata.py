"""What a download's own files say beside the names: who handed in, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from grader.core.errors import UsageError
from grader.core.text import inline

__all__ = ["METADATA", "TIMESTAMP", "Told", "gradescope_metadata", "nbgrader_timestamp"]

TIMESTAMP: Final = "timestamp.txt"
"""In nbgrader's tree: when the folder's files were handed in."""

METADATA: Final = "submission_metadata.yml"
"""In an export of Gradescope: of every folder, who handed it in and when."""

_LARGEST: Final = 50 << 20


@dataclass(frozen=True, slots=True)
class Told:
    """Of one folder of a download; empty where nothing is said.

    handles       of everybody it is from
    name          of the first of them
    submitted_at  ISO 8601 with a zone
    """

    handles: tuple[str, ...] = ()
    name: str = ""
    submitted_at: str | None = None


def nbgrader_timestamp(data: bytes) -> str | None:
    """`2026-11-20 10:00:00.5 Europe/Berlin`, or with an offset, as ISO 8601; None: neither."""
    text = data[:100].decode("ascii", "replace").strip()
    day, _, rest = text.partition(" ")
    clock, _, zone = rest.partition(" ")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}" if clock else day)
        if moment.tzinfo is None and zone:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None
    return moment.isoformat() if moment.tzinfo is not None else None


def gradescope_metadata(data: bytes) -> dict[str, Told]:
    """By folder (`submission_123`): submitters and time. UsageError where it is no such file."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - only such an export needs it
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - likewise

    if len(data) > _LARGEST:
        raise UsageError(f"{METADATA} is larger than {_LARGEST >> 20} MB")
    try:
        found: Any = YAML(typ="safe", pure=True).load(data)
    except (YAMLError, ValueError, RecursionError) as error:
        said = inline(" ".join(str(error).split()))[:200]
        raise UsageError(f"{METADATA} cannot be read: {said}") from error
    if not isinstance(found, Mapping):
        raise UsageError(f"{METADATA} holds no submissions: is it of another export?")
    return {str(name): _told(one) for name, one in found.items() if isinstance(one, Mapping)}


def _told(one: Mapping[Any, Any]) -> Told:
    people = _of(one, "submitters")
    people = [each for each in people if isinstance(each, Mapping)] if _is_list(people) else []
    handles = tuple(handle for each in people for handle in _handles(each))
    name = str(_of(people[0], "name") or "") if people else ""
    return Told(handles, name, _moment(_of(one, "created_at")))


def _handles(person: Mapping[Any, Any]) -> Iterator[str]:
    """One a person: the address, which rosters have, else the id."""
    email, sid = _of(person, "email"), _of(person, "sid")
    if email:
        yield f"email:{str(email).casefold()}"
    elif sid:
        yield f"id:{sid}"


def _of(told: Mapping[Any, Any], name: str) -> Any:
    # written by Ruby, which spells its symbols with a colon
    return told.get(f":{name}", told.get(name))


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _moment(value: object) -> str | None:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, date) or not isinstance(value, str):
        return None
    text = value.strip().replace(" UTC", "+00:00")
    day, _, rest = text.partition(" ")
    try:
        moment = datetime.fromisoformat(f"{day}T{rest.replace(' ', '')}" if rest else day)
    except ValueError:
        return None
    return moment.isoformat() if moment.tzinfo else None
