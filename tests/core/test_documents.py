from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from grader.core.documents import load
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


def _file(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text)
    return path


def _findings(path: Path) -> list[str]:
    with pytest.raises(RubricError) as caught:
        load(path, _Whole)
    return [finding.removeprefix(f"{path}:") for finding in caught.value.findings]


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


def test_the_wrong_kind_of_document_is_one_sentence(tmp_path: Path) -> None:
    assert _findings(_file(tmp_path, "- a\n- b")) == ["1:1: expected a mapping, found a list of 2"]


def test_a_right_document_is_the_model(tmp_path: Path) -> None:
    found = load(_file(tmp_path, "parts: [{title: a, size: 2}]\nnamed: {x: {title: b}}"), _Whole)
    assert found.parts[0] == _Part(title="a", size=2)
    assert found.named == {"x": _Part(title="b")}
