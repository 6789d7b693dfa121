"""Making a stranger's text plain: nothing that moves a cursor, hides or reorders text."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["cell", "inline", "plain", "unheard"]

_COMMAND: Final = re.compile(r"(?m)^([^\S\n]*)(:)(?=:)|##(?=\[|vso\[|teamcity\[)")
_FORMULA: Final = re.compile(r"(^|;)(?=\s*[=+\-@\t\r\n|%＝＋－＠])")
# Some programs part cells at semicolons too, and trim blanks before they look for a formula.
_KEPT: Final = frozenset("\n\t")
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    r"""The text with control, format (bidi), surrogate and separator characters escaped.

    Line feeds and tabs stay; `ESC` becomes the four characters `\x1b`. The result always encodes
    to UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter
        if letter in _KEPT or unicodedata.category(letter) not in _UNSAFE
        else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )


def inline(text: str) -> str:
    """Plain text for the middle of a line: line feeds and tabs are escaped as well."""
    return plain(text).replace("\n", "\\n").replace("\t", "\\t")


def cell(text: str) -> str:
    """A stranger's text for a cell of a spreadsheet: no formula, no control character, one line."""
    return inline(_FORMULA.sub(r"\1'", text))


def unheard(text: str) -> str:
    r"""Whole lines, without what the log of a build takes for a command of its own.

    That is `::` first on a line, also behind blanks, and `##[` or `##vso[` anywhere. To be applied
    to lines as they are written: wrapping moves words to the front. A colon becomes `\x3a`.
    """

    def escaped(found: re.Match[str]) -> str:
        return f"{found[1]}\\x3a" if found[2] else "#\\x23"

    return _COMMAND.sub(escaped, text)
