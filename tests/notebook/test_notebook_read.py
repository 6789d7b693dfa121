"""What holds of every format: `read` returns a notebook or one sentence, and lines are exact."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.core.errors import Ungradable
from grader.core.notebook import Notebook
from grader.notebook import read

GOLDEN = Path(__file__).parent / "golden"
CODE = (
    "import torch",
    "x = torch.rand((2, 4)) + 100",
    "def f(x):\n\n    z = x\n    # inner\n\n    return z",
    "class A:\n\n    def g(self):\n        return 1",
    's = """text\n\n%no magic\n! nor this\n"""',
    "t = ('%d'\n% 3)",
    "print('é ≠ e', x)",
    "if x is not None:\n    !nvidia-smi",
    "%matplotlib inline",
    "# a comment",
    "f(x)",
    "@f\ndef h(y): return {\n\n  'k': y}",
)
TEXT = (
    "# Part 1b: a heading",
    "Because of numerical issues, the layer is unstable.",
    "What can one do?",
    "$\\frac{a}{b}$",
    "- item\n* item\n\n> quoted",
    "Conclusion",
    "**Bold** ![picture](a.png)",
)
OUTPUT = ("", "tensor(nan)", "[tensor([1., 2.,\n        3.]), tensor(0)]", "0.5", "'word'", "A: 3")
# A bare comment after a blank line is a heading in an export, so cells end in a statement.
CELLS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(CODE), min_size=0, max_size=3),
        st.sampled_from(["\n", "\n\n"]),
        st.sampled_from(OUTPUT),
        st.lists(st.sampled_from(TEXT), max_size=2),
    ),
    min_size=1,
    max_size=6,
)
Built = list[tuple[str, str, list[str]]]


def _built(drawn: list[tuple[list[str], str, str, list[str]]]) -> Built:
    return [(gap.join([*code, "y = 1"]), out, text) for code, gap, out, text in drawn]


def _version4(cells: Built) -> bytes:
    made = nbformat.v4.new_notebook()
    for code, _, text in cells:
        made.cells.append(nbformat.v4.new_code_cell(code))
        made.cells += [nbformat.v4.new_markdown_cell(one) for one in text]
    return nbformat.writes(made, version=4).encode()


def _version3(cells: Built) -> bytes:
    v3 = nbformat.v3
    made = [v3.new_code_cell(input=code, outputs=[]) for code, _, _ in cells]
    sheets = [v3.new_worksheet(cells=made)]
    return nbformat.v3.writes_json(v3.new_notebook(worksheets=sheets)).encode()


def _export(cells: Built) -> bytes:
    parts = []
    for code, out, text in cells:
        parts += [f"In [None]:\n{code}", *([out] if out else []), *text]
    return "\n\n".join(parts).encode()


def _percent(cells: Built) -> bytes:
    parts = []
    for code, _, text in cells:
        parts.append(f"# %%\n{code}\n")
        parts += ["# %% [markdown]\n# " + one.replace("\n", "\n# ") + "\n" for one in text]
    return "\n".join(parts).encode()


def _sources(notebook: Notebook) -> list[str]:
    return [cell.source for cell in notebook.code_cells]


@settings(deadline=None, max_examples=80)
@given(CELLS.map(_built))
def test_formats_agree_on_code_cells(cells: Built) -> None:
    first = read(_version4(cells), "a.ipynb")
    assert len(first.code_cells) == len(cells)
    assert [cell.number for cell in first.code_cells] == list(range(1, len(cells) + 1))
    assert _sources(read(_version3(cells), "a.ipynb")) == _sources(first)
    assert _sources(read(_export(cells), "a.txt")) == _sources(first)
    assert _sources(read(_percent(cells), "a.py")) == _sources(first)


@settings(deadline=None, max_examples=60)
@given(CELLS.map(_built), st.sampled_from([_version4, _version3, _export, _percent]))
def test_file_lines_hold_the_source_line(cells: Built, write: object) -> None:
    assert callable(write)
    data = write(cells)
    notebook = read(data, "a")
    lines = data.decode().split("\n")
    for cell in notebook.cells:
        source = cell.source.split("\n")
        assert len(cell.file_lines) == (len(source) if cell.source else 0)
        for line, where in zip(source, cell.file_lines, strict=bool(cell.source)):
            if line.strip() == "pass":  # stands for a magic
                continue
            written = lines[where - 1]
            if notebook.format == "ipynb":
                assert json.dumps(line, ensure_ascii="\\u" in written)[1:-1] in written
            else:
                assert line in written


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.sampled_from(["a.ipynb", "a.py", "a.txt", "a", "\0.py"]))
@example(b"In [1]:\n\0\xff\xfe'''", "a.txt")
@example(b"\xff\xfea", "a.py")
@example(b'{"cells": [{"source": [1, {"a": "\\ud800"}], "cell_type": "code"}]}', "a.ipynb")
def test_any_bytes_give_a_notebook_or_a_sentence(data: bytes, name: str) -> None:
    _only_ungradable(data, name)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_files_give_a_notebook_or_a_sentence(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(sorted(GOLDEN.glob("*.txt")))).read_bytes()
    if data.draw(st.booleans()):
        whole = _version4([("x = 1\n!ls", "", ["a"]), ("def f(): pass", "", [])])
    begin = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(begin, len(whole)))
    inserted = data.draw(
        st.sampled_from([b"", b"\0", b"\r", b"'''", b"(", b"\xe9", b"\\", b"\x0c"])
    )
    _only_ungradable(whole[:begin] + inserted + whole[stop:], "a.txt")
    _only_ungradable(whole[begin:stop] + inserted, "a.ipynb")


def _only_ungradable(data: bytes, name: str) -> None:
    try:
        notebook = read(data, name)
    except Ungradable as error:
        said = str(error)
    else:
        said = "read"
        _well_formed(notebook)
    assert said
    assert "\n" not in said


def _well_formed(notebook: Notebook) -> None:
    for cell in notebook.cells:
        cell.source.encode()
        assert len(cell.file_lines) in {0, cell.source.count("\n") + 1}


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.ipynb", "empty"),
        (b" \n\n", "a.txt", "empty"),
        (b'{"cells": [\n{"cell_type": "code",\n "sou', "a.ipynb", "cut off.*line 3"),
        (b'{"cells": [\n{"cell_type" "code"}]}', "a.ipynb", "not valid JSON.*line 2"),
        (b'{"cells": []} x', "a.ipynb", "not valid JSON"),
        (b'{"cells": [\n<<<<<<< HEAD\n', "a.ipynb", "merge conflict.*line 2"),
        (b'{"a": 1}', "a.ipynb", "JSON, but not a notebook"),
        (b"[1, 2]", "a.ipynb", "JSON, but not a notebook"),
        (b'{"cells": 3}', "a.ipynb", "JSON, but not a notebook"),
        (b"hello", "a.ipynb", "not JSON"),
        (b'{"cells": ' + b"[" * 100_000, "a.ipynb", "cut off"),
        (b"Dear all,\nI have no code.", "a.txt", "neither"),
        (b"PK\x03\x04abc", "a.ipynb", "ZIP"),
        (b"%PDF-1.4", "a.txt", "PDF"),
        (bytes(range(1, 32)) * 9, "a.py", "binary"),
        (b"<!DOCTYPE html>\n<html>", "a.ipynb", "web page"),
        (b"x" * ((128 << 20) + 1), "a.py", "larger than 128 MB"),
        (b"x = 1\n" * 200_000, "a.py", "more than 1 MB of code"),
    ],
)
def test_bad_input_is_one_clear_sentence(data: bytes, name: str, said: str) -> None:
    with pytest.raises(Ungradable, match=said):
        read(data, name)


@pytest.mark.parametrize(
    ("data", "name", "format_"),
    [
        (b'{"cells": []}', "a.py", "ipynb"),
        (b'\xef\xbb\xbf {"nbformat": 3, "worksheets": []}', "a", "ipynb"),
        (b"def f(x):\n    return x\n", "a.txt", "script"),
        (b"import torch\n", "a.ipynb", "script"),
        (b"# only a comment\n", "a.py", "script"),
        (b"x = 1\n# %%\ny = 2\n", "a.txt", "percent"),
        (b"# In[1]:\n\n\nimport torch\n", "a.py", "percent"),
        (b"In [ ]:\nx = 1\n", "a.py", "export"),
        (b"In [*]:\nx = 1\n", "a.md", "export"),
        (b'def f():\n    """\nIn [1]:\nx\n"""\n', "a.txt", "script"),
        (b'def f():\n    """\nIn [1]:\nx\n"""\nprint "two"\n', "a.py", "script"),
    ],
)
def test_format_is_told_by_content(data: bytes, name: str, format_: str) -> None:
    assert read(data, name).format == format_


def test_notes_are_bounded() -> None:
    cells = [{"cell_type": "odd"}] * 500
    notebook = read(json.dumps({"cells": cells}).encode(), "a.ipynb")
    assert len(notebook.notes) == 101
    assert "400 further notes" in notebook.notes[-1].text
