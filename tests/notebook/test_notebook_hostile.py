"""Files made to hurt: each is a notebook or one sentence, whatever it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest

from grader.core.errors import Ungradable
from grader.core.notebook import Notebook
from grader.core.slice import Wanted
from grader.core.text import plain
from grader.notebook import read
from grader.notebook.magics import Allowance, neutralise
from grader.notebook.syntax import in_triple_quotes
from grader.slicing import cut

GOOD: Final = "def f(x):\n    return x - x.max()\n"
WANTED: Final = Wanted("forward", ("f",))


def _cell(source: object, **more: object) -> dict[str, object]:
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], **more}


def _nb(*cells: object, **more: object) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


def _raw(text: str) -> bytes:
    """A good notebook, as text with `text` behind its first brace."""
    return (b"{" + text.encode() + b"," + _nb(_cell(GOOD))[1:]).replace(b"'", b'"')


READ: Final[Mapping[str, bytes]] = {
    "nbformat 99": _nb(_cell(GOOD), nbformat=99),
    "nbformat 4; rm": _nb(_cell(GOOD), nbformat="4; rm"),
    "nbformat null": _nb(_cell(GOOD), nbformat=None),
    "NaN": _raw("'a': NaN, 'b': [Infinity, -Infinity]"),
    "duplicate keys": _raw("'nbformat': 3, 'nbformat': {}, 'cells': []"),
    "huge integer": _raw("'a': " + "9" * 1_000_000),
    "huge exponent": _raw("'a': 1e" + "9" * 1_000_000),
    "nested metadata": _raw("'metadata': " + "[" * 50_000 + "]" * 50_000),
    "nested outputs": _nb(_cell(GOOD)).replace(b"[]", b"[" * 50_000 + b"]" * 50_000),
    "wrong cells": _nb(None, 3, "a", [], {}, _cell(GOOD)),
    "wrong sources": _nb(*map(_cell, (None, 3, {}, [[GOOD]], [None, 3], True)), _cell(GOOD)),
    "wrong kinds": _nb({"cell_type": [], "source": GOOD}, {"cell_type": 3}, _cell(GOOD)),
    "wrong ids": _nb(_cell(GOOD, id=["a"]), _cell("", id="\x1b[2J\u202e" * 99)),
    "ten thousand cells": _nb(*[_cell("")] * 9_999, _cell(GOOD)),
    "a line of five megabytes": _nb(
        {"cell_type": "markdown", "source": "x" * 5_000_000}, _cell(GOOD)
    ),
    "long string": _nb(_cell("s = '" + "x" * 500_000 + "'"), _cell(GOOD)),
    "nested parentheses": _nb(_cell("(" * 5_000 + ")" * 5_000), _cell(GOOD)),
    "nested operators": _nb(_cell("x = " + "-" * 5_000 + "1"), _cell(GOOD)),
    "a chain": _nb(_cell("x = 1" + "+1" * 20_000), _cell(GOOD)),
    "digits": _nb(_cell("x = " + "9" * 100_000), _cell(GOOD)),
    "blocks": _nb(_cell("\n".join(" " * n + "if x:" for n in range(300))), _cell(GOOD)),
    "zero bytes": _nb(_cell("x = 1\0"), _cell(GOOD)),
    "bidi": _nb(_cell("x = '\u202e' # \u2066"), _cell(GOOD)),
    "cell magics": _nb(_cell("%%time\n" * 3_000), _cell(GOOD)),
    "magics in brackets": _nb(_cell("x = (" + "\n%a\n" * 3_000), _cell(GOOD)),
    "lines that go on": _nb(_cell("%a \\\n" * 3_000), _cell(GOOD)),
    "utf-16": _nb(_cell(GOOD)).decode().encode("utf-16"),
    "utf-32": _nb(_cell(GOOD)).decode().encode("utf-32"),
    "latin-1": _nb(_cell(GOOD)).replace(b'"nbformat"', b'"\xe9": "\xe9\xff", "nbformat"'),
    "surrogates": _nb(_cell("x = '\ud800'"), _cell(GOOD)),
    "carriage returns": _nb(_cell(GOOD)).replace(b", ", b",\r\r"),
}
REFUSED: Final[Mapping[str, tuple[bytes, str]]] = {
    "no cells": (b'{"nbformat": 4}', "no list of cells"),
    "cells null": (b'{"cells": null}', "no list of cells"),
    "cells of text": (b'{"cells": "' + GOOD.encode() + b'"}', "no list of cells"),
    "too many cells": (_nb(*[_cell("")] * 10_001), "more than 10000 cells"),
    "too many parts": (b'{"cells": [' + b"{}," * 9_000 + b"0" + b",0" * 200_000 + b"]}", "cells"),
    "too many lines": (
        b'{"cells":[{"cell_type":"code","source":[' + b'"\\n",' * 200_000 + b'""]}]}',
        "too many parts",
    ),
    "never closed": (b'{"cells": [' + b"[" * 200_000, "cut off|too many"),
    "deep": (b'{"cells": [' + b"[" * 200_000 + b"]" * 200_000 + b"]}", "nested too deeply"),
    "a quote never closed": (b'{"cells": ["' + b"\\" * 999_999, "cut off"),
    "only spaces": (b" " * 3_000_000, "empty"),
    "only zeros": (b"\0" * 3_000_000, "empty"),
    "text behind": (_nb(_cell(GOOD)) + b"x", "not valid JSON"),
    "large": (b'{"cells":[{"cell_type":"markdown","source":"' + b"x" * (17 << 20), "larger"),
    "many lines": (b"In [1]:\n" + b"\n" * 600_000, "lines"),
    "many marks": (b"In [1]:\n" * 20_000, "more than 10000 cells"),
    "outputs like code": (b"In [1]:\nprint(x)\n\n[1, 2, 3]\n" * 9_999, "may be code"),
}


def _is_safe(notebook: Notebook) -> None:
    for note in notebook.notes:
        assert plain(note.text) == note.text
        assert "\n" not in note.text
        assert len(note.text) < 400
    assert len(notebook.notes) <= 101
    for cell in notebook.cells:
        assert cell.cell_id is None or (plain(cell.cell_id) == cell.cell_id)
        cell.source.encode()


@pytest.mark.parametrize("name", READ)
def test_a_good_function_is_found_beside_it(name: str) -> None:
    notebook = read(READ[name], "a.ipynb")
    _is_safe(notebook)
    found = cut(notebook, WANTED)
    assert found.state == "found"
    assert [one.code for one in found.statements] == [GOOD.rstrip()]


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_sentence(name: str) -> None:
    data, said = REFUSED[name]
    with pytest.raises(Ungradable, match=said) as told:
        read(data, "a.ipynb" if data[:1] == b"{" else "a.txt")
    sentence = str(told.value)
    assert plain(sentence) == sentence
    assert len(sentence.splitlines()) == 1
    assert len(sentence) < 200


def test_magics_are_looked_for_as_long_as_a_file_is_allowed() -> None:
    allowance = Allowance(2_000)
    first = neutralise(("%time x = 1", "y = 2"), allowance)
    assert first.lines == ("x = 1", "y = 2")
    spent = neutralise(("x = (", *["%a", "1,"] * 99, ")"), allowance)
    assert allowance.left < 0
    assert spent.lines[1] == "%a"
    assert neutralise(("%time x = 1",), allowance).lines == ("%time x = 1",)
    assert neutralise(("%time x = 1",)).lines == ("x = 1",)


def test_a_hundred_magics_of_a_long_function_are_allowed() -> None:
    lines = ["def f(x):", *["    y = x + 1", "    !ls", "    %time z = 2"] * 25, "    return y"]
    neutral = neutralise(lines)
    assert len(neutral.left_out) == 50
    assert neutral.lines.count("    pass") == 25


@pytest.mark.parametrize("line", ["'" * 5_000_000, "'\\" * 2_000_000, '"' * 3 + "a" * 5_000_000])
def test_a_line_of_megabytes_is_gone_over_once(line: str) -> None:
    assert in_triple_quotes([line, "x = 1"]) <= {1}


EXPORTS: Final[Mapping[str, str]] = {
    "printed numbers": "print(x)\n\n" + "[0.1, 0.2, 0.3]\n" * 9_000,
    "printed prose": "print(x)\n\n" + "this is what it says\n\n" * 3_000,
    "steps down": "\n".join(f"x = {n} a" for n in range(9_000)),
    "brackets never closed": "\n".join("(" * 9_000),
    "quotes": "'''\n" * 9_001,
    "a line of five megabytes": "print(x)\n\n" + "x" * 5_000_000,
    "spaces": "def f(" + ")" + " " * 400_000 + "x",
    "colons": "else" + ": " * 200_000 + "x",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_a_cell_of_an_export_costs_no_other(name: str) -> None:
    text = f"In [1]:\n{GOOD}\nIn [2]:\n{EXPORTS[name]}\n\nIn [3]:\ny = 1\n"
    if name in {"quotes", "printed prose"}:
        text = f"In [1]:\n{GOOD}\nIn [3]:\ny = 1\n\nIn [2]:\n{EXPORTS[name]}\n"
    notebook = read(text.encode(), "a.txt")
    _is_safe(notebook)
    sources: list[Any] = [cell.source for cell in notebook.code_cells]
    assert GOOD.rstrip() in sources
    assert "y = 1" in sources
