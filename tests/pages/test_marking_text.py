"""Markdown of a stranger: readable, and nothing of it is markup of theirs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.pages.marking_text import markup

SAFE: Final = (
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "dl",
    "dt",
    "em",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
)
SAFE_TOO: Final = ("ol", "p", "pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul")
HOSTILE: Final = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "para <b onclick=alert(1)>bold</b>",
    "[a](javascript:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    '![a" onerror="alert(1)](x)',
    "![](attachment:missing.png)",
    "![](../../../../etc/passwd)",
    "<https://example.org/?a=<b>>",
    "```html\n<script>alert(1)</script>\n```",
    "```mermaid\nclick A alert\n```",
    "```<img>\nx\n```",
    "| a | b |\n|:--|--:|\n| <i>1</i> | 2 |",
    "$<script>alert(1)</script>$ $$<b>$$ \\begin{a}<b>\\end{a}",
    "# <style>*{}</style>",
    "&lt;script&gt; &#60;script&#62;",
    '[a]: javascript:alert(1) "t"\n[a]',
    "- [x] done\n- [ ] not",
    "<!--\n<b>\n-->",
    "</template></div></body>",
)


class _Strict(HTMLParser):
    """Fails on an attribute, an element that is not on the list, or one that is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in SAFE + SAFE_TOO
        assert attrs == []
        if tag not in {"br", "hr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_only_bare_elements_come_out(text: str) -> None:
    _Strict(markup(text))


_PIECES: Final = (
    *("<", ">", "&", '"', "'", "`", "```", "*", "_", "~~", "$", "$$", "[", "](", ")", "!", "#"),
    *(
        "\n",
        "\n\n",
        "    ",
        "> ",
        "- ",
        "1. ",
        "|",
        "|-|",
        "\\",
        "script",
        "img src=x ",
        "http://a",
    ),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=40).map("".join) | st.text(max_size=80))
def test_whatever_it_is_made_of(text: str) -> None:
    _Strict(markup(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* **c** `d<e`", "<p>a <em>b</em> <strong>c</strong> <code>d&lt;e</code></p>"),
        ("# One", "<h4>One</h4>"),
        ("[here](https://example.org/a?b&c)", "<p>here &lt;https://example.org/a?b&amp;c&gt;</p>"),
        ("![a plot](x.png)", "<p>[image: a plot]</p>"),
        ("![](x.png)", "<p>[image: without words]</p>"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("$e^{x} < 1$", "<p>$e^{x} &lt; 1$</p>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("", ""),
    ],
)
def test_what_is_meant_is_shown(text: str, shown: str) -> None:
    assert re.sub(r"(?<=>)\n+(?=<|$)", "", markup(text)) == shown


def test_no_word_is_lost() -> None:
    words = "Exp overflows above 709; [subtract](u) the *row* maximum. | a |\n> quoted\n\n    code"
    seen = _Strict(markup(words)).text
    for word in re.findall(r"\w+", words):
        assert word in seen


@pytest.mark.parametrize("piece", [">", "[", "![", "*a ", "- ", "`", "<", "((", "$", "|", "\\["])
def test_deep_or_endless_text_is_still_markup(piece: str) -> None:
    _Strict(markup(piece * (8_000 // len(piece))))
