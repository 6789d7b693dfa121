"""Magics and shell lines go, every other line stays where it was."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.notebook.magics import neutralise


def _neutral(source: str) -> str:
    lines = source.split("\n")
    found = neutralise(lines)
    assert len(found.lines) == len(lines)
    return "\n".join(found.lines)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install \\\n  torch \\\n  numpy\nx = 1", "pass\n\n\nx = 1"),
        ("if a:\n    !pip install x\ny = 2", "if a:\n    pass\ny = 2"),
        ("def f():\n    %cd ..\n\n    return 1\n!ls", "def f():\n    pass\n\n    return 1\npass"),
        ("files = !ls\nx = 1", "pass\nx = 1"),
        ("x = %pwd\ny = 1", "pass\ny = 1"),
        ("?foo\nfoo??\n%time?", "pass\npass\npass"),
        ("!echo don't\n!echo (\nx = 1", "pass\npass\nx = 1"),
        ("!ls \\", "pass"),
        ("%time x = f(y)", "x = f(y)"),
        ("for i in x:\n    %time y = i", "for i in x:\n    y = i"),
        ("%timeit -n 10 -r 3 f(x)", "f(x)"),
        ("%timeit x = f(y)", "pass"),
        ("%%time\nx = 1\n%matplotlib inline", "\nx = 1\npass"),
        ("\n%%capture out\nx = 1", "\n\nx = 1"),
        (">>> x = 1\n>>> if x:\n...     y = 2", "x = 1\nif x:\n    y = 2"),
        ("In [1]: x = 1\n   ...: y = 2", "x = 1\ny = 2"),
        ("\n    x = 1\n    y = 2", "\nx = 1\ny = 2"),
    ],
)
def test_magics_become_plain_python(source: str, expected: str) -> None:
    assert _neutral(source) == expected
    ast.parse(expected)


@pytest.mark.parametrize(
    "source",
    [
        "s = ('%d'\n% 3)",
        "s = '%d' \\\n% 3",
        's = """\n%foo\n!bar\nwhat?\n"""',
        "# what?\nx = 1  # !ls",
        "x = 5 % 2\ny = x != 2\nz = '!ls'",
        "x = [\n  1,\n]",
    ],
)
def test_python_is_left_alone_beside_a_magic(source: str) -> None:
    assert _neutral(source) == source
    assert _neutral(source + "\n!ls") == source + "\npass"
    assert _neutral("!ls\n" + source) == "pass\n" + source


@pytest.mark.parametrize(
    "name", ["bash", "sh", "writefile a.py", "html", "javascript", "latex", "script x", "nonesuch"]
)
def test_cells_of_another_language_are_dropped(name: str) -> None:
    found = neutralise([f"%%{name}", "x = 1"])
    assert found.dropped
    assert found.lines == ("", "")
    assert [one.text for one in found.left_out] == [f"%%{name}"]


def test_left_out_tells_line_and_text() -> None:
    found = neutralise(["x = 1", "if x:", "    !pip install y", "%time z = 2"])
    assert [(one.line, one.text, one.kept) for one in found.left_out] == [
        (3, "!pip install y", False),
        (4, "%time z = 2", True),
    ]


@settings(deadline=None)
@given(st.text(alphabet="%!?,;/>.=()[]'\"\\ \n\t\x0cxIn1:#", max_size=60))
def test_any_text_keeps_its_number_of_lines(source: str) -> None:
    _neutral(source)


def test_ipython_is_not_imported_for_plain_python() -> None:
    program = (
        "import sys; from grader.notebook import read; "
        "read(b'In [1]:\\nx = 1\\n\\nSome prose.', 'a.txt'); "
        "read(b'x = (1\\n% 2)', 'a.py'); "
        "sys.exit('IPython' in sys.modules or 'nbformat' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
