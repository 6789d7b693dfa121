from __future__ import annotations

import math
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from grader.core.documents import load, nearest, read
from grader.core.errors import RubricError


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    colour: Literal["red", "green"] = "red"
    size: int = Field(default=1, ge=0)


class _Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: tuple[_Part, ...] = Field(min_length=1)
    named: dict[str, _Part] = {}
    extra: _Part | None = None


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def _findings(path: Path) -> list[str]:
    with pytest.raises(RubricError) as caught:
        load(path, _Whole)
    return [finding.removeprefix(f"{path}:") for finding in caught.value.findings]


def test_plain_data_comes_back_with_its_places(tmp_path: Path) -> None:
    found = read(_file(tmp_path, "\ufeffa: [1, -2.5, 1e3, .inf]\nb: {c: true, d: null, e: 'x'}\n"))
    assert found.value == {
        "a": [1, -2.5, 1000.0, math.inf],
        "b": {"c": True, "d": None, "e": "x"},
    }
    assert (found.place(("a", 1)).line, found.place(("a", 1)).column) == (1, 8)
    assert found.place(("b", "c"), key=True).column == 5
    assert found.place(("b", "nothing here", "c")) == found.place(("b", "c"))


def test_every_mistake_has_its_line_and_column_in_file_order(tmp_path: Path) -> None:
    text = """\
parts:
  - titel: a
    colour: gren
  - title: 1.0
    size: -1
named:
  x: {title: t, sise: 2}
extra: {title: t, clour: red}
"""
    assert _findings(_file(tmp_path, text)) == [
        "2:5: expected the key `title`",
        "2:5: unknown key `titel`, nearest: `title`",
        "3:13: expected 'red' or 'green', found 'gren', nearest: `green`",
        "4:12: expected text, found 1.0: put it in quotes",
        "5:11: expected greater than or equal to 0, found -1",
        "7:17: unknown key `sise`, nearest: `size`",
        "8:19: unknown key `clour`, nearest: `colour`",
    ]


def test_a_key_near_to_none_is_answered_with_all(tmp_path: Path) -> None:
    found = _findings(_file(tmp_path, "parts: [{title: a, zzzz: 1}]"))
    assert found == ["1:20: unknown key `zzzz`, expected one of: colour, size, title"]


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: 1\na: 2", "2:1", "each key once"),
        ("a: .nan", "1:4", "expected a number"),
        ("a: &x 1\nb: *x", "1:4", "anchors"),
        ("a: &x [b]\n", "1:4", "anchors"),
        ("<<: {a: 1}", "1:1", "merge keys"),
        ("a: !!python/object x", "1:4", "tag"),
        ("a: !mine 1", "1:4", "tag"),
        ("1: a", "1:1", "text as a key"),
        ("? [a]\n: b", "1:3", "text as a key"),
        ("", "1:1", "empty"),
        ("# only this\n", "1:1", "empty"),
        ("--- 1\n--- 2", "2:1", "another document"),
        ("a: [1,\nb", "2:2", "expected YAML"),
        ("\t- a", "1:1", "expected YAML"),
        ("\x00", "1:1", "expected YAML"),
        (b"ok: 1\na: \xff", "2:1", "UTF-8"),
        ("{a: " * 1000, "1:1", "nesting"),
        ("- " * 200, "1:", "nesting"),
        ("a: 1e999", "1:4", "finite"),
        ("a: " + "9" * 5000, "1:4", "19 digits"),
        ("a: !!int x", "1:4", "integer"),
    ],
)
def test_anything_but_plain_data_is_refused(
    tmp_path: Path, text: str | bytes, place: str, said: str
) -> None:
    with pytest.raises(RubricError) as caught:
        read(_file(tmp_path, text))
    (finding,) = caught.value.findings
    assert finding.startswith(f"{tmp_path / 'file.yaml'}:{place}")
    assert said in finding
    assert len(finding) < 300 + len(str(tmp_path))


def test_a_file_that_cannot_be_read_or_is_huge_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match="cannot be read"):
        read(tmp_path / "none.yaml")
    with pytest.raises(RubricError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(RubricError, match="at most"):
        read(_file(tmp_path, b"#" * ((1 << 20) + 1)))


def test_the_wrong_kind_of_document_is_one_sentence(tmp_path: Path) -> None:
    assert _findings(_file(tmp_path, "- a\n- b")) == ["1:1: expected a mapping, found a list of 2"]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.one_of(st.binary(max_size=60), st.text("ab:-[]{}&*!#'\"\n ,?|>%@<", max_size=40)))
def test_odd_bytes_never_raise_anything_else(tmp_path: Path, text: str | bytes) -> None:
    with suppress(RubricError):
        load(_file(tmp_path, text), _Whole)


def test_nearest_ignores_case_and_says_nothing_where_nothing_is_near() -> None:
    assert nearest("Tilte", ["title", "size"]) == ", nearest: `title`"
    assert nearest("zzz", ["title", "size"]) == ""
