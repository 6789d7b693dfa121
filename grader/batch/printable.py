"""Names of files as reports, terminals and pages may show them."""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["printable"]

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(name: str) -> str:
    r"""A name in printable characters, no two names alike.

    A name need not be UTF-8 and the report has to be; and it is shown on terminals, in tables and
    on pages. What moves a cursor, hides or reorders text is written `\n`, `\x1b`, `\u202e`, a byte
    that is no character `\xe9`, and so a backslash `\\`.
    """
    if name.isascii() and name.isprintable() and "\\" not in name:
        return name
    return "".join(map(_letter, name))


def _letter(letter: str) -> str:
    code = ord(letter)
    if letter == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is no character
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(letter) not in _UNSAFE:
        return letter
    if code < 0x80:
        return letter.encode("unicode_escape").decode("ascii")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
