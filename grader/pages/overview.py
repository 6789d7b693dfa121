"""The page of a whole class, for staff: one file that needs no network and no server.

Its script shows text as text; nothing that a submission holds becomes markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from grader.core.text import inline, plain
from grader.pages.code import CodeCell
from grader.reporting.statistics import (
    Bin,
    Group,
    Standing,
    figures,
    groups,
    histogram,
    slow,
)

__all__ = ["MOST_SHOWN", "Class", "overview_page"]

MOST_SHOWN: Final = 3
"""Of each group this many have their code on the page."""

_MOST_GROUPS: Final = 60
_MOST_NAMED: Final = 40
_MOST_CODE: Final = 6_000
_SIGNS: Final[Mapping[str, str]] = {
    "passed": "✓",
    "partial": "~",
    "failed": "✗",
    "skipped": "-",
    "not_applicable": "·",
    "pending": "?",
    "error": "!",
}


@dataclass(frozen=True, slots=True)
class Class:
    """What the page is about.

    code       by id of the report, of the first members of groups
    identical  sources of different students with the very same content
    """

    title: str
    found: tuple[Standing, ...]
    code: Mapping[str, Sequence[CodeCell]]
    identical: tuple[tuple[str, ...], ...] = ()
    made_at: str = ""


def overview_page(course: Class) -> bytes:
    """The page, UTF-8: self-contained, and allowed to load nothing."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only pages need it

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    style, script = _file("overview.css"), _file("overview.js")
    found = course.found
    limit, late = slow(found)
    several = groups(found)
    policy = (
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        f"script-src '{_hash(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    )
    page = environment.from_string(_file("overview.html")).render(
        course=course,
        policy="; ".join(policy),
        style=_safe(style),
        script=_safe(script),
        data=_safe(_data(found)),
        statuses=sorted({one.status for one in found}),
        counts={
            status: sum(one.status == status for one in found)
            for status in ("graded", "needs_person", "ungradable")
        },
        bins=histogram(found),
        bars=_safe(_bars(histogram(found))),
        figures=figures(found),
        groups=[_group(one, course.code) for one in several[:_MOST_GROUPS]],
        more_groups=max(0, len(several) - _MOST_GROUPS),
        waiting=_waiting(found),
        limit=limit,
        slow=late[:_MOST_NAMED],
        close=[one for one in found if one.close][:_MOST_NAMED],
        shown=MOST_SHOWN,
        named=_MOST_NAMED,
    )
    return page.encode("utf-8", "replace")


def _group(group: Group, code: Mapping[str, Sequence[CodeCell]]) -> dict[str, Any]:
    """A group with the code of its first members; the same code is shown once."""
    seen: dict[str, list[str]] = {}
    for one in group.members:
        cells = code.get(one.id, ())
        if cells:
            text = "\n\n".join(plain(each.source) for each in cells)
            seen.setdefault(text[:_MOST_CODE], []).append(one.source)
    return {
        "group": group,
        "names": [one.source for one in group.members[:_MOST_NAMED]],
        "code": list(seen.items()),
    }


def _waiting(found: Sequence[Standing]) -> list[tuple[str, list[str]]]:
    """Who needs a person, by the reason; the rarest reason first."""
    by_reason: dict[str, list[str]] = {}
    for one in found:
        if one.status != "graded":
            by_reason.setdefault(one.reason or one.status.replace("_", " "), []).append(one.source)
    return sorted(by_reason.items(), key=lambda pair: (len(pair[1]), pair[0]))


def _bars(bins: Sequence[Bin]) -> str:
    """The distribution as inline SVG: numbers of ours alone."""
    most = max((one.count for one in bins), default=0) or 1
    parts = []
    for place, one in enumerate(bins):
        height = 120 * one.count / most
        parts.append(
            f'<rect class="bar" x="{place * 46 + 4}" y="{140 - height:.1f}" width="38" '
            f'height="{height:.1f}"/><text x="{place * 46 + 23}" y="{134 - height:.1f}">'
            f'{one.count}</text><text class="low" x="{place * 46 + 23}" y="156">{one.low}</text>'
        )
    told = ", ".join(f"{one.low} to {one.high} %: {one.count}" for one in bins)
    return (
        f'<svg role="img" aria-label="Scores. {told}" viewBox="0 0 464 162" width="464" '
        f'height="162">{"".join(parts)}</svg>'
    )


def _data(found: Sequence[Standing]) -> str:
    """The rows as JSON without a letter that could end its element."""
    rows = [
        [
            inline(one.source),
            inline(one.id),
            one.status.replace("_", " "),
            round(one.score, 2) if one.judged else None,
            round(one.bonus, 2),
            one.final,
            "".join(_SIGNS[each.status] for each in one.results),
            ", ".join(inline(each.id) for each in one.causes),
            round(one.seconds, 2),
            bool(one.close),
        ]
        for one in found
    ]
    text = json.dumps(rows, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _shown(value: Any) -> Any:
    return plain(value) if type(value) is str else value


def _safe(text: str) -> Any:
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(text)  # noqa: S704 - files of ours, numbers, and JSON without markup


def _file(name: str) -> str:
    return (resources.files(__package__) / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
