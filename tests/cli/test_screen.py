from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from grader.cli.screen import SIGNS, Screen, progress
from grader.core.text import inline


class _Terminal(io.StringIO):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]  # StringIO has none
        return self._encoding


def _shown(*parts: str | Text) -> str:
    stream = _Terminal("utf-8")
    Screen(stream).line(*parts)
    return stream.getvalue()


def test_markup_of_a_stranger_is_not_interpreted() -> None:
    assert _shown("[red]x[/red] :smile: [link=http://a]b[/link]") == (
        "[red]x[/red] :smile: [link=http://a]b[/link]\n"
    )


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40))
def test_a_line_stays_a_line_and_moves_no_cursor(text: str) -> None:
    shown = _shown(inline(text))
    assert shown.endswith("\n")
    body = shown[:-1]
    assert not {unicodedata.category(letter) for letter in body} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_signs_have_an_ascii_form() -> None:
    for encoding, column in (("utf-8", 0), ("ascii", 1)):
        screen = Screen(_Terminal(encoding))
        for status, forms in SIGNS.items():
            assert screen.sign(status).plain == forms[column]
    assert all(form[1].isascii() for form in SIGNS.values())


def test_a_piped_table_has_no_trailing_blanks() -> None:
    stream = _Terminal("utf-8")
    table = Table("a", "b", box=None)
    table.add_row(Text("x"), Text("a long cell"))
    table.add_row(Text("x"), Text("short"))
    Screen(stream).table(table)
    assert all(line == line.rstrip() for line in stream.getvalue().splitlines())


def test_piped_progress_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(100) as advance:
        for _ in range(100):
            advance()
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
