"""The marking page: one file for whoever reads the written answers of a class.

It holds answers under keys and no names: neither ids nor paths of submissions are in it. Its
script shows text as text; the only markup of an answer is what `marking_text` makes of it here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import resources
from typing import Any, Final

from grader.core.errors import UsageError
from grader.core.text import inline, plain
from grader.deciding.marks_csv import Item, Part
from grader.pages.marking_text import markup

__all__ = ["Sheet", "Split", "marking_page", "parse_share", "split"]

_SCRIPTS: Final = ("marking.csv.js", "marking.drafts.js", "marking.show.js", "marking.js")
_TEXT_LIMIT: Final = 20_000
_KEYS: Final = (
    (("j", "→"), "next answer"),
    (("k", "←"), "previous answer"),
    (("Enter", "u"), "next answer that is not marked"),
    (("1", "…", "9"), "set points, or apply a comment item (see Number keys)"),
    (("0",), "no points"),
    (("#",), "number keys: points or comment items"),
    (("p",), "type points; Enter there goes on"),
    (("c",), "write a comment; Ctrl+Enter there goes on, Escape leaves it"),
    (("n",), "new comment item"),
    (("x",), "take points away"),
    (("v",), "show as typed or as Markdown"),
    (("e",), "export marks.csv"),
    (("?",), "this help"),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one marker gets.

    title       of the rubric
    items       what is to be marked, and what is already, for going on
    marker      who marks; empty: to be typed into the page
    made_at     shown as it is
    unassigned  how many items of the class are in nobody's share
    """

    title: str
    items: tuple[Item, ...]
    marker: str = ""
    made_at: str = ""
    unassigned: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """Items by marker, in order of names; `rest` is in nobody's share."""

    shares: Mapping[str, tuple[Item, ...]]
    rest: tuple[Item, ...] = ()


def parse_share(text: str) -> tuple[str, Fraction]:
    """Name and fraction of `ann=1/2` (or `=0.5`, `=50%`); UsageError where it is something else."""
    name, _, share = text.rpartition("=")
    name, share = name.strip(), share.strip()
    try:
        fraction = Fraction(share.removesuffix("%")) / (100 if share.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        fraction = Fraction(0)
    if not name or len(name) > 100 or not 0 < fraction <= 1:
        shown = inline(text[:80])
        raise UsageError(f"--share {shown}: expected a name and a part of the work: ann=1/2")
    return name, fraction


def split(items: Iterable[Item], shares: Mapping[str, Fraction]) -> Split:
    """Every item in one share, sizes as the fractions say (largest remainder), blank ones likewise.

    The same however the items come; identical answers stay together wherever a share does not end
    between them. UsageError where the fractions are more than the whole.
    """
    whole = sum(shares.values(), Fraction(0))
    if whole > 1 or any(share <= 0 for share in shares.values()):
        raise UsageError(f"--share: the parts are {whole} of the work: at most 1, each more than 0")
    ordered = sorted(items, key=lambda item: (_likeness(item), item.key))
    blank = [item for item in ordered if item.blank]
    written = [item for item in ordered if not item.blank]
    names = sorted(shares)
    parts = [*(shares[name] for name in names), 1 - whole]
    sizes = _apportioned(len(ordered), parts)
    # Blank ones are no work: whoever got them all would have less to read than the others.
    blanks = _apportioned(len(blank), parts)
    found = []
    for size, easy in zip(sizes, blanks, strict=True):
        hard = min(max(size - min(easy, len(blank)), 0), len(written))
        found.append((*_taken(written, hard), *_taken(blank, size - hard)))
    return Split(dict(zip(names, found, strict=False)), found[-1])


def _taken(items: list[Item], count: int) -> list[Item]:
    """The first ones, which are in the list no more."""
    taken = items[:count]
    del items[:count]
    return taken


def _apportioned(total: int, parts: Sequence[Fraction]) -> list[int]:
    sizes = [int(total * part) for part in parts]
    remainders = [total * part - size for part, size in zip(parts, sizes, strict=True)]
    favoured = sorted(range(len(parts)), key=lambda index: (-remainders[index], index))
    for index in favoured[: total - sum(sizes)]:
        sizes[index] += 1
    return sizes


def _likeness(item: Item) -> str:
    """The same for identical answers to the same questions: white space does not count."""
    words = [[_spaced(part.question), _spaced(part.text)] for part in item.parts]
    told = json.dumps([item.criterion, item.definition, words])
    return hashlib.sha256(told.encode("ascii")).hexdigest()


def _spaced(text: str) -> str:
    return " ".join(text.split())


def marking_page(sheet: Sheet) -> bytes:
    """The page, UTF-8: self-contained, and allowed to load nothing."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - only pages need it

    texts = _Texts()
    data = _data(sheet, texts)
    style = _file("marking.css")
    script = "'use strict';\n" + "\n".join(map(_file, _SCRIPTS))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    page = environment.from_string(_file("marking.html")).render(
        sheet={"title": plain(sheet.title), "made_at": plain(sheet.made_at)},
        unassigned=sheet.unassigned,
        keys=_KEYS,
        policy=_policy(script, style),
        style=style,
        script=script,
        data=_json(data),
        rendered=[_markup(text) for text in texts.known],
    )
    return page.encode("utf-8")


class _Texts:
    """Texts by number, each once: most answers are below the same question."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int | None:
        """None for a text that is blank."""
        if not text.strip():
            return None
        shown = plain(text)
        if len(shown) > _TEXT_LIMIT:
            shown = f"{shown[:_TEXT_LIMIT]}\n[cut here: {len(shown)} characters]"
        return self.known.setdefault(shown, len(self.known))


def _markup(text: str) -> str:
    return markup(text) or "<p>This text cannot be shown as Markdown.</p>"


def _data(sheet: Sheet, texts: _Texts) -> dict[str, Any]:
    criteria: dict[tuple[str, str], dict[str, Any]] = {}
    places: dict[tuple[str, str], int] = {}
    for item in sheet.items:
        named = (item.criterion, item.definition)
        places.setdefault(named, len(places))
        criteria[named] = {
            "id": item.criterion,
            "definition": item.definition,
            "title": plain(item.title),
            "max": item.max_points,
        }
    findings = _Texts()
    likes: dict[str, int] = {}
    # In order of keys, which tell nothing: who comes first must not matter. Blank ones at the end.
    ordered = sorted(
        sheet.items,
        key=lambda item: (places[item.criterion, item.definition], item.blank, item.key),
    )
    answers = [
        {
            "key": item.key,
            "criterion": places[item.criterion, item.definition],
            "like": likes.setdefault(_likeness(item), len(likes)),
            "blank": item.blank,
            "parts": [_part(part, texts) for part in item.parts],
            "findings": [findings.number(one) for one in item.findings if one.strip()],
            "given": _given(item),
        }
        for item in ordered
    ]
    return {
        "digest": _digest(sheet, criteria),
        "marker": plain(sheet.marker),
        "criteria": list(criteria.values()),
        "answers": answers,
        "texts": list(texts.known),
        "findings": list(findings.known),
    }


def _part(part: Part, texts: _Texts) -> dict[str, int | None]:
    return {"question": texts.number(part.question), "text": texts.number(part.text)}


def _given(item: Item) -> dict[str, Any] | None:
    given = item.given
    if given is None:
        return None
    told = {"comment": given.comment, "by": plain(given.by), "at": plain(given.at)}
    return {"points": given.points, **told}


def _digest(sheet: Sheet, criteria: Iterable[tuple[str, str]]) -> str:
    """What drafts are kept under: a page made anew, with a late submission more, finds them."""
    told = json.dumps([sheet.title, sheet.marker, sorted(criteria)])
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:16]


def _json(data: Mapping[str, Any]) -> str:
    """JSON that ends no element: `<`, `>` and `&` are escaped, and all that is not ASCII."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _policy(script: str, style: str) -> str:
    parts = ("default-src 'none'", f"script-src '{_hash(script)}'", f"style-src '{_hash(style)}'")
    return "; ".join((*parts, "img-src data:", "base-uri 'none'", "form-action 'none'"))


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def _file(name: str) -> str:
    return (resources.files("grader.pages") / "templates" / name).read_text(encoding="utf-8")
