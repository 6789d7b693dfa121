"""A student's Markdown as markup that is safe by construction.

Whatever Markdown makes of a text is read again, and of that only elements of a short list are
written anew, without any attribute; the rest becomes text.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from typing import Any, Final

__all__ = ["markup"]

_HEADINGS: Final = {f"h{level}": f"h{min(level + 3, 6)}" for level in range(1, 7)}
_KEPT: Final = {
    **{
        name: name
        for name in ("blockquote", "code", "dd", "del", "dl", "dt", "em", "li", "ol", "p")
    },
    **{name: name for name in ("pre", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul")},
    **_HEADINGS,
}
_VOID: Final = {"br": "<br>", "hr": "<hr>"}
_DEPTH: Final = 60
"""Of nested elements; what lies deeper is text of the last one."""


def markup(text: str) -> str:
    """The HTML of a Markdown text; its own HTML is shown as text, links and images by their words.

    Empty where the text cannot be rendered; never raises.
    """
    writer = _Writer()
    try:
        writer.feed(_rendered(text))
        writer.close()
    except (RecursionError, ValueError):  # a parser's own limits
        return ""
    return writer.whole()


def _rendered(text: str) -> str:
    from nbconvert.filters.markdown_mistune import (  # noqa: PLC0415 - loads half of Jupyter
        IPythonRenderer,
        MarkdownWithMath,
    )

    renderer = IPythonRenderer(
        escape=True,
        allow_harmful_protocols=False,
        embed_images=False,
        exclude_anchor_links=True,
        attachments=_NoAttachments(),
    )
    return str(MarkdownWithMath(renderer).render(text))


class _NoAttachments(dict[str, dict[str, str]]):
    """Has an empty picture under every name: one that is missing would be an error."""

    def __contains__(self, _name: object) -> bool:
        return True

    def __missing__(self, _name: str) -> dict[str, str]:
        return {"image/png": ""}


class _Writer(HTMLParser):
    """Writes the elements of the list anew, each closed where it belongs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._targets: list[str] = []

    def whole(self) -> str:
        """What was written, with everything closed."""
        return "".join([*self._out, *(f"</{name}>" for name in reversed(self._open))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts: dict[str, Any] = dict(attrs)
        if tag in _VOID:
            self._out.append(_VOID[tag])
        elif tag == "img":
            self.handle_data(f"[image: {facts.get('alt') or 'without words'}]")
        elif tag == "input":
            self.handle_data("[x] " if "checked" in facts else "[ ] ")
        elif tag == "a":
            self._targets.append(str(facts.get("href") or ""))
        elif tag in _KEPT and len(self._open) < _DEPTH:
            self._open.append(_KEPT[tag])
            self._out.append(f"<{_KEPT[tag]}>")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._targets:
            target = self._targets.pop()
            if target:
                self.handle_data(f" <{target}>")
        name = _KEPT.get(tag)
        if name is None or name not in self._open:
            return
        while True:
            last = self._open.pop()
            self._out.append(f"</{last}>")
            if last == name:
                return

    def handle_data(self, data: str) -> None:
        self._out.append(escape(data))
