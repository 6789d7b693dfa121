"""The marking page as a file: what it holds, and above all what it does not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import UsageError
from grader.deciding.marks_csv import Given, Item, Part, item_key
from grader.pages.marking import Sheet, marking_page, parse_share, split

HOSTILE: Final = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</template><img src=x onerror=alert(1)>",
    "</textarea></title></style><svg onload=alert(1)>",
    "<!-- <script>",
    "[click](javascript:alert(1))",
    "![](https://example.org/x.png) ![a](attachment:b)",
    "<https://example.org/auto>",
    "{{ 7 * 7 }} {% raw %}",
    "\u202eevil\u2066 \u2028 \u2029 \ufeff \x1b[31m",
    "\ud800 lone",
    "data:text/html,<script>alert(1)</script>",
    "&lt;script&gt; &#60;b&#62; &amp;",
)


def an_item(number: int, text: str = "Because.", **changes: object) -> Item:
    """An item of its own submission."""
    source = f"Ada Lovelace {number}/secret_{number}.ipynb"
    made = Item(
        key=item_key(source, "ab" * 32, "essay"),
        submission=source,
        sha256="ab" * 32,
        criterion="essay",
        definition="0123456789abcdef",
        title="Essay on errors",
        max_points=5.0,
        parts=(Part("Why?", text),),
    )
    return replace(made, **changes)


class _Elements(HTMLParser):
    """Elements with their attributes, and the text of the one that holds the data."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[int, str] = {}
        self.feed(page.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        number = len(self.found) - 1
        self.texts[number] = self.texts.get(number, "") + data

    def handle_endtag(self, _tag: str) -> None:
        self.found.append(("", {}))  # what follows is not the element's

    def of(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [
            (attrs, self.texts.get(number, ""))
            for number, (name, attrs) in enumerate(self.found)
            if name == tag
        ]

    def data(self) -> Mapping[str, Any]:
        return json.loads(self.of("script")[0][1])


def _data(*items: Item, **facts: Any) -> Mapping[str, Any]:
    return _Elements(marking_page(Sheet("T", items, **facts))).data()


# ------------------------------------------------------------------ what is in it


def test_nothing_tells_whose_answer_it_is() -> None:
    given_mark = Given(3.0, "well", "bob", "2026-11-23T08:00:00Z")
    page = marking_page(Sheet("T", tuple(an_item(n, given=given_mark) for n in range(5)), "ann"))
    for word in (b"Ada", b"Lovelace", b"secret", b"ipynb", b"abababab"):
        assert word not in page


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_text_becomes_an_element(hostile: str) -> None:
    def page(text: str) -> bytes:
        mark = Given(1.0, text, text, text)
        parts = (Part(text, text),)
        item = an_item(0, parts=parts, title=text, findings=(text,), given=mark)
        return marking_page(Sheet(text, (item,), text, text))

    plain, attacked = _Elements(page("word")), _Elements(page(hostile))
    known = ["blockquote", "code", "em", "li", "p", "pre", "strong", "ul"]
    kept = [
        [one for one in page.found if one[0] not in known and one[0] != "meta"]
        for page in (plain, attacked)
    ]
    # A text is in two templates at most: as question and as answer it is the same.
    assert kept[0] == kept[1]
    assert len(attacked.of("script")) == 2
    assert attacked.data()["answers"][0]["key"] == plain.data()["answers"][0]["key"]


def test_the_policy_lets_only_these_scripts_and_styles_in() -> None:
    page = marking_page(Sheet("T", (an_item(0),)))
    elements = _Elements(page)
    policy = elements.of("meta")[1][0]["content"] or ""
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, number in (("script", 1), ("style", 0)):
        text = elements.of(tag)[number][1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    # The policy stands before anything it is about.
    assert page.index(b"Content-Security-Policy") < page.index(b"<style")


def test_the_page_needs_nothing_else() -> None:
    elements = _Elements(marking_page(Sheet("T", (an_item(0, "![x](https://example.org/x.png)"),))))
    for _, attributes in elements.found:
        assert not {"src", "href", "action", "style"} & set(attributes)
        assert not [name for name in attributes if name.startswith("on")]


def test_the_data_cannot_end_its_element() -> None:
    page = marking_page(Sheet("T", (an_item(0, "</script>\u2028&"),)))
    block = re.search(rb'id="sheet">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    assert not re.search(rb"[<>&\x80-\xff]", block[1])
    assert json.loads(block[1])["texts"][1] == "</script>\\u2028&"


def test_the_same_sheet_gives_the_same_bytes_in_any_order() -> None:
    items = tuple(an_item(n, f"{n % 3}") for n in range(6))
    assert marking_page(Sheet("T", items)) == marking_page(Sheet("T", items[::-1]))


def test_texts_are_there_once() -> None:
    data = _data(*(an_item(n) for n in range(4)))
    assert data["texts"] == ["Why?", "Because."]


def test_identical_answers_are_alike_whatever_their_white_space() -> None:
    data = _data(
        an_item(0, "a  b\n"), an_item(1, "a\nb"), an_item(2, "ab"), an_item(3, "a b", criterion="x")
    )
    likes = {one["key"]: one["like"] for one in data["answers"]}
    numbers = [likes[an_item(n, criterion=c).key] for n, c in enumerate(("essay",) * 3 + ("x",))]
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 3


def test_blank_answers_come_last_of_their_criterion() -> None:
    items = [an_item(n, "" if n % 2 else "word") for n in range(6)]
    assert [one["blank"] for one in _data(*items)["answers"]] == [False] * 3 + [True] * 3


def test_drafts_are_found_again_when_the_page_is_made_anew() -> None:
    first = _data(an_item(0), marker="ann")
    again = _data(an_item(0), an_item(1), marker="ann", made_at="later")
    others = [_data(an_item(0), marker="bob"), _data(an_item(0, definition="f" * 16), marker="ann")]
    assert first["digest"] == again["digest"]
    assert first["digest"] not in [one["digest"] for one in others]


def test_a_very_long_text_is_cut_and_says_so() -> None:
    text = _data(an_item(0, "x" * 50_000))["texts"][1]
    assert len(text) < 20_100
    assert text.endswith("[cut here: 50000 characters]")


def test_what_is_in_nobodys_share_is_said() -> None:
    page = marking_page(Sheet("T", (), unassigned=7))
    assert b"7 more answers are in nobody's share" in page


# ------------------------------------------------------------------ shares

_ITEMS: Final = tuple(an_item(n, f"answer {n}" if n < 30 else "") for n in range(40))


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("ann=1/2", ("ann", Fraction(1, 2))),
        ("a=b=0.25", ("a=b", Fraction(1, 4))),
        (" ann = 30% ", ("ann", Fraction(3, 10))),
    ],
)
def test_a_share_is_read(text: str, share: tuple[str, Fraction]) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize(
    "text", ["ann", "=1/2", "ann=", "ann=0", "ann=2", "ann=1/0", "ann=-1/2", "ann=x"]
)
def test_what_is_no_share_says_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match="ann=1/2"):
        parse_share(text)


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5),
    st.integers(0, 4),
    st.sets(st.sampled_from(range(40))),
)
def test_every_item_is_in_one_share_of_the_right_size(
    weights: list[int], rest: int, numbers: set[int]
) -> None:
    items = [_ITEMS[number] for number in sorted(numbers)]
    whole = sum(weights) + rest
    shares = {f"m{n}": Fraction(weight, whole) for n, weight in enumerate(weights)}
    found = split(items, shares)
    keys = [item.key for part in (*found.shares.values(), found.rest) for item in part]
    assert sorted(keys) == sorted(item.key for item in items)
    for name, share in shares.items():
        assert abs(len(found.shares[name]) - len(items) * share) < 1
    assert abs(len(found.rest) - len(items) * Fraction(rest, whole)) < 1
    assert split(items[::-1], shares) == found


def test_nobody_left_over_where_the_shares_are_the_whole() -> None:
    found = split(_ITEMS[:10], {"ann": Fraction(1, 3), "bob": Fraction(2, 3)})
    assert ([len(one) for one in found.shares.values()], found.rest) == ([3, 7], ())


def test_identical_answers_are_parted_only_where_a_share_ends() -> None:
    items = [an_item(n, f"answer {n % 10}") for n in range(30)]
    thirds = {name: Fraction(1, 3) for name in ("ann", "bob", "cid")}
    texts = [{one.parts for one in part} for part in split(items, thirds).shares.values()]
    assert sum(map(len, texts)) <= 10 + 2


def test_blank_answers_are_shared_too() -> None:
    items = [an_item(n, "" if n < 10 else f"answer {n}") for n in range(30)]
    found = split(items, {"ann": Fraction(1, 2), "bob": Fraction(1, 2)})
    assert [sum(item.blank for item in part) for part in found.shares.values()] == [5, 5]


@pytest.mark.parametrize(
    "parts", [(Fraction(1, 2), Fraction(2, 3)), (Fraction(0),), (Fraction(-1, 2),)]
)
def test_more_than_the_whole_is_refused(parts: tuple[Fraction, ...]) -> None:
    with pytest.raises(UsageError, match="at most 1"):
        split(_ITEMS, {f"m{n}": part for n, part in enumerate(parts)})
