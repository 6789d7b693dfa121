"""Bytes to text: accents never cost an answer."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import Ungradable
from grader.notebook import read
from grader.notebook.decode import decode

TEXT = "x = 1  # für é, 数\ny = 2\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
    ],
)
def test_marked_encodings_need_no_note(data: bytes) -> None:
    assert decode(data) == (TEXT, ())


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_told_by_its_zeros(name: str) -> None:
    text, notes = decode(TEXT.encode(name))
    assert text == TEXT
    assert name.upper() in notes[0].text


def test_cookie_decides_where_utf8_fails() -> None:
    text, notes = decode(b"#!/usr/bin/env python\n# -*- coding: koi8-r -*-\n# \xc1\n")
    assert text.endswith("# \u0430\n")
    assert "koi8-r" in notes[0].text


@pytest.mark.parametrize("cookie", [b"rot13", b"punycode", b"unicode_escape", b"zlib", b"\xff"])
def test_cookie_names_only_character_sets(cookie: bytes) -> None:
    text, notes = decode(b"# coding: " + cookie + b"\n# \xe9\n")
    assert text.endswith("# é\n")
    assert "cp1252" in notes[0].text


def test_accents_in_comments_cost_nothing() -> None:
    notebook = read("def f(x):\n    return x  # déjà\n".encode("latin-1"), "a.py")
    assert notebook.code_cells[0].source == "def f(x):\n    return x  # déjà"
    assert "cp1252" in notebook.notes[0].text


def test_bytes_of_no_character_set_are_latin1() -> None:
    text, notes = decode(b"# \x81\xff\n")
    assert text == "# \x81ÿ\n"
    assert "latin-1" in notes[0].text


def test_zero_bytes_are_left_out_with_a_note() -> None:
    text, notes = decode(b"x = 1\n" * 20 + b"\0\0")
    assert text == "x = 1\n" * 20
    assert "2 zero bytes" in notes[0].text


def test_cut_utf16_is_read_with_a_note() -> None:
    text, notes = decode(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")[:-1])
    assert text.startswith("x = 1")
    assert "UTF-16-LE" in notes[0].text


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    try:
        text, _ = decode(data)
    except Ungradable:
        return
    assert not set(text) & {"\0", "\r"}
