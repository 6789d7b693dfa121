"""Cells into pieces: exact text and lines, and nothing that cannot be survived."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.notebook import Cell, Notebook
from grader.slicing import cut
from grader.slicing.units import parse

from .story import WANTED, notebook


def units_of(source: str) -> list[tuple[str, int]]:
    parsed = parse(Notebook("ipynb", (Cell(1, "code", source),)))
    return [(unit.code, unit.location.line) for unit in parsed.units]


def test_text_and_lines() -> None:
    source = "a = 'é'; b = (1,\n  2); c = 3  # four\n\n@(\n  deco\n)\n@other\ndef f():\n  pass\n"
    assert units_of(source) == [
        ("a = 'é'", 1),
        ("b = (1,\n  2)", 1),
        ("c = 3", 2),
        ("@(\n  deco\n)\n@other\ndef f():\n  pass", 4),
    ]


def test_odd_line_ends() -> None:
    # a form feed and a vertical tab inside a string are no line ends
    assert units_of("a = 'x\x0by\x0c'\r\nb = 2\rc = 3") == [
        ("a = 'x\x0by\x0c'", 1),
        ("b = 2", 2),
        ("c = 3", 3),
    ]


def test_locations_carry_file_lines_and_ids() -> None:
    cell = Cell(4, "code", "x = 1\ny = 2", cell_id="ab", file_lines=(10, 11))
    (_, unit) = parse(Notebook("ipynb", (cell,))).units
    where = unit.location
    assert (where.cell, where.line, where.cell_id, where.file_line) == (4, 2, "ab", 11)
    assert unit.statement().filename == "<cell 4>"


def test_text_cells_are_not_read() -> None:
    assert parse(Notebook("ipynb", (Cell(0, "text", "x = 1"),))).units == ()


BOMBS = {
    "parentheses": "(" * 100_000,
    "minus": "x = " + "-" * 100_000 + "1",
    "sum": "x = " + "+".join(["1"] * 50_000),
    "attributes": "x = a" + ".b" * 50_000,
    "nested lists": "x = " + "[" * 90 + "]" * 90,
    "nul": "x = '\0'",
    "surrogate": "x = '\ud800'",
    "digits": "x = " + "9" * 10_000,
    "escape": "x = '\\d'",
    "long": "#" * 1_000_001,
    "is": "x = 1 is 1",
    "elif chain": "if a: pass\n" + "elif b: pass\n" * 2000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_costs_no_other_cell(bomb: str) -> None:
    cells = (Cell(1, "code", bomb), Cell(2, "code", "def good_softmax(x):\n    return x"))
    assert cut(Notebook("ipynb", cells), WANTED).state == "found"


def test_notes_are_capped() -> None:
    cells = tuple(Cell(number, "code", "=") for number in range(1, 1001))
    assert len(cut(Notebook("ipynb", cells), WANTED).notes) == 21


@given(st.lists(st.text(max_size=60), max_size=5))
def test_never_raises(sources: list[str]) -> None:
    cells = tuple(Cell(number, "code", source) for number, source in enumerate(sources, 1))
    assert cut(Notebook("script", cells), WANTED).state in {"missing", "stub", "unparsed", "found"}


PIECES = ["good_softmax", "def ", "(x)", ":", "\n", "    ", "return ", "=", "lambda ", "x", "del ",
    "global ", "class ", "import ", "from ", "*", ", ", "for ", " in ", "if ", "try", "except",
    ";", "@", ":=", "[", "]", "1", "'", "#", "with ", " as ", "match ", "case ", "_"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_never_raises_on_almost_python(source: str) -> None:
    cut(Notebook("script", (Cell(1, "code", source),)), WANTED)


@given(
    st.lists(st.sampled_from(["a = 1", "b = (2,\n 3)", "'é\\''", "def f(): pass", "import a, b"]))
)
def test_pieces_parse_to_the_same_tree(lines: list[str]) -> None:
    source = "\n".join(lines)
    codes = "\n".join(code for code, _ in units_of(source))
    flat = source.replace("import a, b", "import a\nimport b")
    assert ast.dump(ast.parse(codes)) == ast.dump(ast.parse(flat))


def test_story_cells_are_numbered() -> None:
    assert [cell.number for cell in notebook("a\n---\nb").cells] == [1, 2]
