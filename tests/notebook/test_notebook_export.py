"""Text exports: where a person would say that the cell ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.core.notebook import Notebook
from grader.notebook import read

GOLDEN = Path(__file__).parent / "golden"


def _told(notebook: Notebook) -> str:
    """A split as the golden files have it."""
    told = [notebook.format]
    for cell in notebook.cells:
        lines = cell.file_lines
        where = f"{lines[0]}-{lines[-1]}" if lines else "-"
        sure = " uncertain" if cell.uncertain else ""
        told += [f"=== {cell.kind} {cell.number} @ {where}{sure}", cell.source]
    return "\n".join([*told, *(f"--- note: {note.text}" for note in notebook.notes), ""])


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.txt")), ids=lambda path: path.stem)
def test_golden_splits(path: Path) -> None:
    told = _told(read(path.read_bytes(), path.name))
    assert told == path.with_suffix(".split").read_text(encoding="utf-8")


def _code(chunk: str, before: str = "") -> str:
    return read(f"{before}In [3]:\n{chunk}".encode(), "a.txt").code_cells[-1].source


@pytest.mark.parametrize(
    "rest",
    [
        "# Tutorial 1b",
        "# One\n# Two\n\n## Three",
        "tensor(nan)",
        "tensor([[1., nan],\n        [2., inf]], requires_grad=True)",
        "tensor([1.], grad_fn=<MulBackward0>)",
        "[tensor(1.), tensor(2.)]",
        "torch.Size([1, 20])",
        "array([1, 2], dtype=float32)",
        "{'a': 1, 'b': [tensor(1)]}",
        "-0.5",
        "(1, True, None)",
        "'text'",
        "Conclusion",
        "loss: 0.5",
        "y = tensor([1., 2.])",
        "softmax is stable",
        "* item",
        "- item",
        "[a link](somewhere)",
        "What is a logit?",
        "![a picture](data:image/png;base64,AAAA)",
        "/content/drive",
        "% of all",
        "Don't (do it",
        "```python\nx = 2\n```",
        "$\\frac{1}{2}$",
        "     a    b\n0  1.0  2.0",
        "tensor(1)\n\nProse follows.\n\nx = 5",
        "def f(x) returns the answer.",
        'Words """ with\n\nquotes',
    ],
)
def test_what_follows_a_cell_is_given_back(rest: str) -> None:
    code = "x = 1\n\n\ndef f(a):\n\n    return a"
    notebook = read(f"In [3]:\n{code}\n\n{rest}\n\nIn [4]:\ny = 2".encode(), "a.txt")
    assert [cell.source for cell in notebook.code_cells] == [code, "y = 2"]
    assert [cell.uncertain for cell in notebook.code_cells] == [True, False]
    text = notebook.cells[1]
    assert (text.kind, text.number, text.uncertain) == ("text", 1, True)
    assert text.source == rest


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\n\nx",
        "x = 1\n\nx.shape, x",
        "x = 1\n\nprint(x)",
        "x = 1\n\n# why\ny = 2",
        "class A:\n\n    b = 1\n\n    # inner\n\n    c = 2",
        "def f(x):\n    return x\n\n    # behind",
        "# only a comment\n# of two lines",
        "tensor(1)",
        "from torch import tensor\n\ny = tensor([1.])",
        "x: int = 1\n\ny: int = 2",
        "s = '''\n\n# no heading\n\n'''",
        "%matplotlib inline\n\n!ls\n\nx = 1",
        "x = 1\n\n!ls",
        "x = 1\n\nx?",
        "@staticmethod\ndef f():\n    pass",
    ],
)
def test_code_behind_a_blank_line_stays(code: str) -> None:
    source = _code(code + "\n\n# Heading\n\nProse, of course.")
    assert source.count("\n") == code.count("\n")
    if not any(mark in code for mark in "%!?"):
        assert source == code


def test_names_of_earlier_cells_are_code() -> None:
    assert _code("y = 2\n\nx", before="In [2]:\nx = 1\n\n") == "y = 2\n\nx"
    assert _code("y = 2\n\nx", before="In [2]:\nz = 1\n\n") == "y = 2"


@pytest.mark.parametrize(
    "broken",
    [
        "def f(x):\n    z = x\n\n    return z z",
        "def f(x):\n    z = x\n  return z",
        "x = 1\n\ndef f(x)\n    return x",
        "def f(x):\n    return (x\n\ny = 2",
        "x = = 1",
    ],
)
def test_broken_code_is_left_as_it_is(broken: str) -> None:
    notebook = read(f"In [3]:\n{broken}\n\nSome prose.\n\nIn [4]:\ny = 2".encode(), "a.txt")
    assert [cell.source for cell in notebook.code_cells] == [broken, "y = 2"]
    assert "code cell 1 is not valid Python" in notebook.notes[0].text
    assert notebook.cells[1].source == "Some prose."


def test_out_marks_end_the_code() -> None:
    notebook = read(b"In [3]:\nx = 1\nOut[3]:\ny = 2\n\nIn [4]:\nz\nOut[4]: 3", "a.txt")
    assert [cell.source for cell in notebook.code_cells] == ["x = 1", "z"]
    assert notebook.cells[1].source == "Out[3]:\ny = 2"


def test_an_export_with_a_blank_line_under_every_mark() -> None:
    notebook = read(b"In [1]:\n\n# first\nx = 1\n\nIn [2]:\n\n\ny = 2\n\nProse it is.", "a.txt")
    assert [cell.source for cell in notebook.code_cells] == ["# first\nx = 1", "y = 2"]
    assert notebook.code_cells[1].file_lines == (9,)


def test_a_session_with_code_beside_the_mark() -> None:
    session = b"In [1]: def f(x):\n   ...:     return x\n   ...: \nIn [2]: f(1)\nOut[2]: 1\n"
    notebook = read(session, "a.txt")
    assert [cell.source for cell in notebook.code_cells] == ["def f(x):\n    return x", "f(1)"]


def test_marks_in_front_of_nothing_but_code() -> None:
    notebook = read(b"In [1]: \nx = 1\n\nIn [2]: \ny = 2\n", "a.txt")
    assert [cell.source for cell in notebook.code_cells] == ["x = 1", "y = 2"]


def test_marks_behind_prose_that_opens_a_string() -> None:
    notebook = read(b'Words """ here\n\nIn [1]:\nx = 1\n', "a.txt")
    assert [cell.source for cell in notebook.code_cells] == ["x = 1"]


def test_spaces_that_do_not_break_are_spaces() -> None:
    notebook = read("In\xa0[1]:\ndef f():\n\xa0\xa0return 1".encode(), "a.txt")
    assert notebook.code_cells[0].source == "def f():\n  return 1"
