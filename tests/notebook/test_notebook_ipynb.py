"""Jupyter notebooks, of every version and in every state."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader.core.errors import Ungradable
from grader.core.notebook import Notebook
from grader.notebook import read


def _read(value: Any, **how: Any) -> Notebook:
    return read(json.dumps(value, **how).encode(), "a.ipynb")


def _code(source: Any, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, **more}


def test_sources_are_text_or_lists() -> None:
    notebook = _read({"cells": [_code("a = 1\nb = 2"), _code(["a = 1\n", "b = 2"])]})
    assert [cell.source for cell in notebook.code_cells] == ["a = 1\nb = 2"] * 2
    assert notebook.notes == ()


def test_text_cells_take_the_number_of_the_code_before() -> None:
    text = {"cell_type": "markdown", "source": "# x", "attachments": {"a.png": {}}}
    notebook = _read({"cells": [text, _code("a = 1", id="abc"), text, _code("")]})
    assert [(cell.kind, cell.number) for cell in notebook.cells] == [
        ("text", 0),
        ("code", 1),
        ("text", 1),
        ("code", 2),
    ]
    assert notebook.code_cells[0].cell_id == "abc"


def test_version_3_has_worksheets_and_input() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": ["a = 1\n", "b"], "language": "python"}]}
    heading = {"cell_type": "heading", "level": 1, "source": "T"}
    notebook = _read({"nbformat": 3, "worksheets": [sheet, {"cells": [heading]}, 3]})
    assert [(cell.kind, cell.source) for cell in notebook.cells] == [
        ("code", "a = 1\nb"),
        ("text", "T"),
    ]


@pytest.mark.parametrize(
    "frame",
    [
        {},
        {"nbformat": 4, "nbformat_minor": 99},
        {"nbformat": "four", "metadata": None},
        {"metadata": {"kernelspec": {"name": "conda-env-π", "language": "weird"}}},
    ],
)
def test_metadata_does_not_matter(frame: dict[str, Any]) -> None:
    assert _read({**frame, "cells": [_code("a = 1")]}).code_cells[0].source == "a = 1"


@pytest.mark.parametrize("value", [{"cells": []}, {"cells": [{"cell_type": "raw", "source": ""}]}])
def test_a_notebook_may_have_no_code(value: Any) -> None:
    assert _read(value).code_cells == ()


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (3, "is no cell"),
        ("text", "is no cell"),
        ({"source": "x"}, "has no type"),
        ({"cell_type": 7, "source": "x"}, "has no type"),
        ({"cell_type": "cod\x1be", "source": "x"}, "unknown type `cod\\x1be`"),
    ],
)
def test_odd_cells_are_left_out_with_a_note(odd: Any, said: str) -> None:
    notebook = _read({"cells": [odd, _code("a = 1")]})
    assert [cell.source for cell in notebook.cells] == ["a = 1"]
    assert said in notebook.notes[0].text
    assert notebook.notes[0].text.startswith("cell 1 of the file")


@pytest.mark.parametrize("source", [7, {"a": 1}, [1, None], None, []])
def test_code_cells_keep_their_number_whatever_their_source(source: Any) -> None:
    notebook = _read({"cells": [_code(source), _code("a = 1")]})
    assert [cell.source for cell in notebook.code_cells] == ["", "a = 1"]
    assert _read({"cells": [{"cell_type": "code"}]}).code_cells[0].source == ""


def test_a_cell_without_type_but_with_outputs_is_code() -> None:
    notebook = _read({"cells": [{"source": "a = 1", "outputs": [], "execution_count": 1}]})
    assert notebook.code_cells[0].source == "a = 1"


def test_half_surrogates_and_zero_bytes_do_not_travel() -> None:
    notebook = _read({"cells": [_code("a = 1  # \ud83d\0", id="\udc00")]})
    assert notebook.code_cells[0].source == "a = 1  # ?"
    assert notebook.code_cells[0].cell_id == "?"


def test_numbers_of_any_size_are_skipped() -> None:
    data = '{"cells": [{"cell_type": "code", "source": "a", "outputs": [%s, NaN]}]}' % ("9" * 9999)
    assert read(data.encode(), "a.ipynb").code_cells[0].source == "a"


def test_a_broken_cell_stays_and_costs_no_other() -> None:
    notebook = _read({"cells": [_code("a = 1"), _code("!ls\ndef f(:"), _code("b = 2")]})
    assert [cell.source for cell in notebook.code_cells] == ["a = 1", "!ls\ndef f(:", "b = 2"]
    (note,) = notebook.notes
    assert (note.cell, note.line) == (2, 2)
    assert note.text.startswith("code cell 2 is not valid Python (line 2: ")


@pytest.mark.parametrize("indent", [None, 1])
def test_file_lines_of_one_string_are_its_line(indent: int | None) -> None:
    notebook = _read({"metadata": {"a": [1]}, "cells": [_code("a = 1\r\nb = 2")]}, indent=indent)
    line = 1 if indent is None else 10
    assert notebook.code_cells[0].file_lines == (line, line)


def test_file_lines_of_a_list_are_those_of_its_strings() -> None:
    source = ["a = 1\n", "", "\n", "b = 2\n", "c = 3"]
    cell = _read({"cells": [_code(source)]}, indent=1).code_cells[0]
    assert cell.source == "a = 1\n\nb = 2\nc = 3"
    assert cell.file_lines == (6, 8, 9, 10)


def test_file_lines_are_empty_where_a_line_stands_on_two() -> None:
    cell = _read({"cells": [_code(["a =", " 1\n"])]}, indent=1).code_cells[0]
    assert (cell.source, cell.file_lines) == ("a = 1", ())
    cell = read(b'{"cells": [{"cell_type": "code", "source": "a\nb"}]}', "a").code_cells[0]
    assert (cell.source, cell.file_lines) == ("a\nb", ())


def test_too_many_cells_or_too_much_code() -> None:
    with pytest.raises(Ungradable, match="more than 10000 cells"):
        _read({"cells": [{}] * 10_001})
    with pytest.raises(Ungradable, match="MB of code"):
        _read({"cells": [_code("x = 1\n" * 100_000)] * 3})
