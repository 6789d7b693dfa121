"""Bytes -> text, so that accents in a comment never cost a right answer."""

from __future__ import annotations

import codecs
import re
from typing import Final

from grader.core.errors import Ungradable
from grader.core.notebook import Note
from grader.core.text import plain

__all__ = ["decode"]

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN: Final = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
# Plain character sets only: codecs such as punycode or unicode_escape are quadratic, or rewrite
# the text, and a cookie is a stranger's wish.
_CHARACTER_SETS: Final = re.compile(
    r"(ascii|iso8859|cp\d|koi8|mac-|gb|big5|shift_jis|euc_|johab|tis-620|kz1048|ptcp154)"
)
_COOKIE: Final = re.compile(rb"\A(?:[ \t\f]*(?:#[^\r\n]*)?\r?\n)?[ \t\f]*#[^\r\n]*?coding[:=]"
                            rb"[ \t]*([-\w.]{1,40})")  # fmt: skip
_LOOKED_AT: Final = 100_000
_CONTROL: Final = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes) -> tuple[str, tuple[Note, ...]]:
    r"""The text of a file with `\n` line ends, and what had to be guessed.

    Raises `Ungradable` where the bytes are no text.
    """
    for signature, what in _FOREIGN:
        if data.startswith(signature):
            raise Ungradable(f"the file is {what}, not a notebook")
    text, notes = _characters(data)
    zeros = text.count("\0")
    if zeros:
        text = text.replace("\0", "")
        notes = (*notes, Note(f"{zeros} zero bytes in the file were left out"))
    head = text[:_LOOKED_AT]
    if len(_CONTROL.findall(head)) * 20 > len(head):
        raise Ungradable("the file is binary data, not a notebook")
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def _characters(data: bytes) -> tuple[str, tuple[Note, ...]]:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _marked(data[len(mark) :], name)
    wide = _unmarked_utf16(data)
    if wide:
        return data.decode(wide, "replace"), (Note(f"the file was read as {wide.upper()}"),)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    for name in (*_declared(data), "cp1252"):
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        return text, (Note(f"the file is not UTF-8; it was read as {plain(name)}"),)
    return data.decode("latin-1"), (Note("the file is not UTF-8; it was read as latin-1"),)


def _marked(data: bytes, name: str) -> tuple[str, tuple[Note, ...]]:
    try:
        return data.decode(name), ()
    except UnicodeDecodeError:
        said = f"some bytes of the file are not {name.upper()} and were replaced"
        return data.decode(name, "replace"), (Note(said),)


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without a byte order mark shows as a zero in every second byte."""
    head = data[:2000]
    half = len(head) // 2
    if half < 2:
        return None
    if head[1::2].count(0) * 10 > half * 7 and head[0::2].count(0) == 0:
        return "utf-16-le"
    if head[0::2].count(0) * 10 > half * 7 and head[1::2].count(0) == 0:
        return "utf-16-be"
    return None


def _declared(data: bytes) -> tuple[str, ...]:
    """The character set a PEP 263 cookie names, if it is a plain one."""
    cookie = _COOKIE.search(data[:1000])
    if cookie is None:
        return ()
    try:
        name = codecs.lookup(cookie[1].decode("ascii", "replace")).name
    except (LookupError, ValueError):
        return ()
    return (name,) if _CHARACTER_SETS.match(name) else ()
