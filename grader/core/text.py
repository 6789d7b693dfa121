"""Making a stranger's text plain: nothing that moves a cursor, hides or reorders text."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["plain"]

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
