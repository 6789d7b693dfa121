"""Python files, whole, in cells and in pieces."""

from __future__ import annotations

import pytest
from nbconvert import PythonExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.notebook import read


def test_a_plain_file_is_one_cell() -> None:
    notebook = read(b"import torch\n\nx = 1\n!ls\n", "a.py")
    (cell,) = notebook.cells
    assert (notebook.format, cell.number, cell.kind) == ("script", 1, "code")
    assert cell.source == "import torch\n\nx = 1\npass"
    assert cell.file_lines == (1, 2, 3, 4)
    assert [note.line for note in notebook.notes] == [4]


def test_percent_cells() -> None:
    text = (
        "# ---\n# jupyter: x\n# ---\n\n# %%\nx = 1\n# %%time\n\n# %% [markdown]\n# Words\n\n"
        "#%% title\n\ny = 2\n\n# %% raw numbers\nz = 3\n# %% Head [markdown]\n'''\n# %%\n'''\n"
    )
    notebook = read(text.encode(), "a.py")
    assert notebook.format == "percent"
    assert [(cell.kind, cell.number, cell.source, cell.file_lines) for cell in notebook.cells] == [
        ("text", 0, "# ---\n# jupyter: x\n# ---", (1, 2, 3)),
        ("code", 1, "x = 1\n# %%time", (6, 7)),
        ("text", 1, "# Words", (10,)),
        ("code", 2, "y = 2", (14,)),
        ("code", 3, "z = 3", (17,)),
        ("text", 3, "'''\n# %%\n'''", (19, 20, 21)),
    ]


def test_code_above_the_first_mark_is_a_cell() -> None:
    notebook = read(b"x = 1\n# %%\ny = 2\n", "a.py")
    assert [cell.source for cell in notebook.code_cells] == ["x = 1", "y = 2"]


def test_cells_of_nbconvert_scripts() -> None:
    head = b"#!/usr/bin/env python\n# coding: utf-8\n\n# # Title\n\n"
    notebook = read(head + b"# In[1]:\n\n\nx = 1\n\n\n# In[ ]:\n\n\ny\n", "a.py")
    assert [(cell.source, cell.file_lines) for cell in notebook.code_cells] == [
        ("x = 1", (9,)),
        ("y", (15,)),
    ]


def test_a_broken_percent_cell_costs_no_other() -> None:
    notebook = read(b"# %%\nx = 1\n# %%\nprint 'two'\n# %%\ny = 2\n", "a.py")
    assert notebook.format == "percent"
    assert [cell.source for cell in notebook.code_cells] == ["x = 1", "print 'two'", "y = 2"]
    assert [note.cell for note in notebook.notes] == [2]


def test_a_mark_inside_a_function_cuts_nothing() -> None:
    source = "def f(x):\n    y = x\n# %%\n    return y"
    notebook = read(source.encode(), "a.py")
    assert notebook.format == "script"
    assert notebook.code_cells[0].source == source


RIGHT = "def f(x):\n\n    return x\n"
CONFLICT = "<<<<<<< HEAD\n    b = 1\n=======\n    b = 2\n>>>>>>> z\n"


@pytest.mark.parametrize(
    ("broken", "lines"),
    [
        ("def g(x):\n\ty = x\n        return y\n", "lines 4 to 6 are"),
        ('print "two"\n', "line 4 is"),
        ("def g(x)\n    return x\n\n", "lines 4 to 5 are"),
        ("<<<<<<< HEAD\n", "line 4 is"),
        ("x = 1\n=======\ny = 2\n", "line 5 is"),
        (f"def g(x):\n    a = 1\n{CONFLICT}    return b\n", "lines 4 to 11 are"),
        ("x = (1,\n", "line 4 is"),
        ("for i in x: print i\n", "line 4 is"),
    ],
)
def test_top_level_blocks_are_recovered(broken: str, lines: str) -> None:
    text = RIGHT + broken + "@wraps\ndef h():\n    '''\nnot a block\n'''\n" + "z = 3\n"
    notebook = read(text.encode(), "a.py")
    (cell,) = notebook.cells
    told, kept = text.split("\n"), cell.source.split("\n")
    assert kept[:3] == told[:3]
    assert kept[-6:] == told[-7:-1]
    assert all(new in {"", old} for new, old in zip(kept, told, strict=False))
    assert cell.file_lines == tuple(range(1, len(kept) + 1))
    assert len(notebook.notes) == 1
    assert notebook.notes[0].text.startswith(f"{lines} not valid Python (line ")


def test_conflict_around_whole_functions_keeps_them() -> None:
    text = "x = 1\n<<<<<<< HEAD\ndef f(): return 1\n=======\ndef f(): return 2\n>>>>>>> b\n"
    notebook = read(text.encode(), "a.py")
    assert notebook.code_cells[0].source == "x = 1\n\ndef f(): return 1\n\ndef f(): return 2"
    assert [note.line for note in notebook.notes] == [2, 4, 6]


def test_markdown_in_strings_of_a_broken_file() -> None:
    text = 'print "two"\n"""# Title\n\nProse, with (open\nbrackets.\n"""\nx = 1\n'
    source = read(text.encode(), "a.py").code_cells[0].source
    assert source == text[len('print "two"') :].rstrip("\n")


def test_magics_of_a_broken_file_are_left_out() -> None:
    notebook = read(b"!pip install x\nprint 'two'\nx = 1\n", "a.py")
    assert notebook.code_cells[0].source == "pass\n\nx = 1"
    assert [note.line for note in notebook.notes] == [2, 1]


def test_a_file_of_which_nothing_is_python_is_still_a_script() -> None:
    notebook = read(b"no python here\n", "a.py")
    assert notebook.code_cells[0].source == ""
    assert len(notebook.notes) == 1


def test_what_nbconvert_writes_is_read_as_the_notebook_it_came_from() -> None:
    sources = ["import torch\n\ndef f(x):\n    return x", "y = f(3)\ny", "# only a comment"]
    cells = [new_markdown_cell("# Title\n\nprose"), *map(new_code_cell, sources)]
    script, _ = PythonExporter().from_notebook_node(new_notebook(cells=cells))
    found = read(script.encode(), "handed-in.py")
    assert [cell.source for cell in found.code_cells] == sources
