"""Outputs go before anything is decoded, and nothing else goes with them."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import Ungradable
from grader.core.notebook import Notebook
from grader.notebook import read, slim
from grader.notebook.skip import BYTES, MOST_STEPS, TEXT
from grader.notebook.slim import without_outputs

CODE = "def f(x):\n    return x - x.max()\n"
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)
CELLS = st.lists(
    st.fixed_dictionaries(
        {"cell_type": st.sampled_from(["code", "markdown", "odd", 3, None])},
        optional={
            "source": st.text(max_size=30) | st.lists(st.text(max_size=9), max_size=3) | VALUES,
            "outputs": VALUES,
            "metadata": VALUES,
            "id": st.text(max_size=5) | VALUES,
            "input": st.text(max_size=9),
            "attachments": VALUES,
        },
    )
    | VALUES,
    max_size=5,
)


@pytest.fixture(autouse=True)
def _small_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slim, "_WORTHWHILE", 0)


def _told(data: bytes) -> Notebook | str:
    try:
        return read(data, "a.ipynb")
    except Ungradable as error:
        return str(error)


@given(CELLS, VALUES, st.sampled_from([None, 1]), st.booleans(), st.sampled_from(["cells", "w"]))
def test_the_same_notebook_is_read_without_its_outputs(
    cells: list[Any], metadata: object, indent: int | None, ascii_only: object, form: str
) -> None:
    sheets = {"worksheets": [{"cells": cells, "metadata": metadata}], "metadata": metadata}
    told = {"cells": cells, "metadata": metadata, "nbformat": 4} if form == "cells" else sheets
    data = json.dumps(told, indent=indent, ensure_ascii=bool(ascii_only)).encode(
        "utf-8", "surrogatepass"
    )
    less = without_outputs(data)
    assert len(less) <= len(data) + 2 * data.count(b":")
    assert less.count(b"\n") == data.count(b"\n")
    slim._WORTHWHILE = len(data) + 1  # type: ignore[misc]  # the fixture puts it back
    whole = _told(data)
    slim._WORTHWHILE = 0  # type: ignore[misc]
    assert _told(data) == whole
    assert _told(less) == whole


@given(st.binary(max_size=80))
def test_any_bytes_come_back_or_get_shorter(data: bytes) -> None:
    for one in (data, b'{"cells":[{"outputs":' + data, b"{" + data + b"}"):
        less = without_outputs(one)
        assert less == one or json.loads(less.decode("latin-1")) is not None


@given(VALUES, st.text(max_size=9))
def test_the_end_of_a_value_is_found_without_making_it(value: object, behind: str) -> None:
    text = json.dumps(value)
    tail = "" if isinstance(value, int | float) and not isinstance(value, bool) else behind
    tail = "," + tail
    assert TEXT.behind(text + tail, 0)[0] == len(text)
    assert BYTES.behind((text + tail).encode("utf-8", "replace"), 0)[0] == len(text)


@pytest.mark.parametrize("odd", ['"', '"a\\', "[", "[[]", '{"a":"', "", "]", ",", "[" * 9999])
def test_a_value_without_an_end_has_none(odd: str) -> None:
    assert TEXT.behind(odd, 0)[0] == -1
    assert BYTES.behind(odd.encode(), 0)[0] == -1


def test_steps_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "[" * 50_000 + "]" * 50_000
    end, steps = TEXT.behind(deep, 0)
    assert end == len(deep)
    assert 90_000 < steps < MOST_STEPS
    assert TEXT.behind("[" * MOST_STEPS + "]" * MOST_STEPS, 0)[0] == -1
    assert TEXT.behind("[" + "[[],[]]," * 100_000 + "0]", 0)[1] < 5


OUTPUTS = {
    "one line": b'"' + b"x" * 20_000_000 + b'"',
    "one letter of four bytes": '"😀'.encode() + b"x" * 20_000_000 + b'"',
    "short lines": b"[" + b'"0.123 0.345\\n",\n' * 1_000_000 + b'""]',
    "escapes": b'"' + b"\\u2588" * 2_000_000 + b'"',
    "numbers": b"[" + b"[0.5,0.25]," * 500_000 + b"0]",
}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_outputs_of_any_size_take_no_memory(kind: str) -> None:
    cell = b'{"cell_type":"code","metadata":{},"outputs":[{"text":%s}],"source":%s}'
    source = json.dumps(CODE).encode()
    data = b'{"cells":[\n' + cell % (OUTPUTS[kind], source) + b"],\n" + b'"nbformat":4}'
    tracemalloc.start()
    try:
        notebook = read(data, "a.ipynb")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [cell.source for cell in notebook.code_cells] == [CODE.rstrip()]
    line = data[: data.index(source)].count(b"\n") + 1
    assert notebook.code_cells[0].file_lines[:1] == (line,)
    assert peak < 6_000_000


def test_what_cannot_be_gone_over_comes_back_as_it_is() -> None:
    for data in (
        b'{"cells":[' + b"{}," * MOST_STEPS + b"{}]}",
        b'{"cells":[{"outputs":' + b"[" * 200_000 + b"]" * 200_000 + b"}]}",
        b'{"c\\u0065lls":[{"outputs":[1]}]}',
        b'{"cells":[{"outputs":[1]}',
        '{"cells":[{"outputs":[1]}]}'.encode("utf-16"),
        '{"cells":[{"outputs":[1]}]}'.encode("utf-16-le"),
    ):
        assert without_outputs(data) is data
