from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.text import plain

ANY = st.text(st.characters(exclude_categories=()))
UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(ANY)
def test_it_is_plain_once_and_for_all(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(ANY)
def test_nothing_that_moves_a_cursor_hides_or_reorders_is_left(text: str) -> None:
    left = {letter for letter in plain(text) if unicodedata.category(letter) in UNSAFE}
    assert left <= {"\n", "\t"}


@given(ANY)
def test_it_always_encodes_and_never_loses_a_letter(text: str) -> None:
    assert len(plain(text).encode("utf-8")) >= len(text)


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs", "M")) | st.just("\n")))
def test_what_reads_well_is_left_alone(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\rb", r"a\rb"),
        ("a\x00b", r"a\x00b"),
        ("\x85", r"\x85"),
        ("abc\u202ecba", r"abc\u202ecba"),
        ("\ufeffx", r"\ufeffx"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("line\n\ttab", "line\n\ttab"),
        ("größer ≤ 😀", "größer ≤ 😀"),
        ("", ""),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert plain(text) == expected
