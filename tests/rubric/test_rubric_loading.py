"""Rubrics by name and by path; what a person reads where one is wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from grader.core.errors import RubricError, UsageError
from grader.resources import shipped
from grader.rubric import load

HEAD = 'id: made\nversion: "1.0"\ntitle: Made\nassignment: made\n'
RIGHT = f"{HEAD}criteria:\n  - {{id: a, title: A, check: values, points: 4, fixtures: [a]}}\n"


def test_a_shipped_name(tmp_path: Path) -> None:
    loaded = load("softmax", folder=tmp_path)
    assert loaded.rubric.id == "softmax"
    assert loaded.path == shipped("rubrics") / "softmax.yaml"
    assert loaded.sha256 == hashlib.sha256(loaded.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("reference", ["mine.yaml", "./mine.yaml"])
def test_a_path_starts_at_the_folder(tmp_path: Path, reference: str) -> None:
    (tmp_path / "mine.yaml").write_text(RIGHT)
    assert load(reference, folder=tmp_path).rubric.criteria[0].points == 4


def test_an_absolute_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yml"
    path.write_text(RIGHT)
    assert load(str(path), folder=Path("elsewhere")).path == path


def test_an_unknown_name_says_the_nearest_and_how_to_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no rubric `sofmax`, nearest: `softmax`; `grader rubric"):
        load("sofmax", folder=tmp_path)
    with pytest.raises(UsageError, match="no rubric `zzz`; `grader rubric list`"):
        load("zzz", folder=tmp_path)


@pytest.mark.parametrize("reference", ["none.yaml", "./none"])
def test_a_missing_file(tmp_path: Path, reference: str) -> None:
    with pytest.raises(UsageError, match=r"no rubric file .*none"):
        load(reference, folder=tmp_path)


WRONG = {
    "misspelt key": (
        HEAD + "criteria:\n  - id: a\n    title: A\n    chek: values\n    points: 4\n",
        ["6:5: expected the key `check`", "8:5: unknown key `chek`, nearest: `check`"],
    ),
    "misspelt check": (
        HEAD + "criteria:\n  - {id: a, title: A, check: valus, points: 4}\n",
        ["6:30: ", "nearest: `values`"],
    ),
    "points in words": (
        HEAD + "criteria:\n  - {id: a, title: A, check: values, points: four}\n",
        ["6:46: ", "number", "'four'"],
    ),
    "negative points": (
        HEAD + "criteria:\n  - {id: a, title: A, check: values, points: -4}\n",
        ["6:46: ", "greater than or equal to 0"],
    ),
    "version without quotes": (
        RIGHT.replace('"1.0"', "1.0"),
        ["2:10: expected text, found 1.0: put it in quotes"],
    ),
    "no criteria": (HEAD + "criteria: []\n", ["5:11: "]),
    "key twice": (
        RIGHT + "title: Again\n",
        ["7:1: expected each key once, `title` is here again"],
    ),
    "not YAML": (HEAD + "criteria: [\n", ["expected YAML"]),
    "empty": ("", ["1:1: expected a document, the file is empty"]),
    "unknown criterion": (
        RIGHT + "  - {id: b, title: B, check: values, points: 1, fixtures: [b], "
        "skip_unless: [aa]}\n",
        ["7:78: no criterion `aa`"],
    ),
    "cycle": (
        HEAD + "criteria:\n"
        "  - {id: a, title: A, check: values, points: 4, fixtures: [a], scale_with: [b]}\n"
        "  - {id: b, title: B, check: values, points: 4, fixtures: [a], scale_with: [a]}\n",
        ["6:76: these wait for each other: a -> b -> a; remove one of them from `scale_with`"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_names_line_and_column(tmp_path: Path, text: str, expected: list[str]) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(RubricError) as caught:
        load("wrong.yaml", folder=tmp_path)
    assert all(line.startswith(f"{path}:") for line in caught.value.findings)
    for part in expected:
        assert part in str(caught.value)


def test_a_warning_does_not_stop_a_load(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        RIGHT + "  - {id: b, title: B, check: pure, points: 1, fixtures: [b]}\n"
    )
    assert load("mine.yaml", folder=tmp_path).rubric.criterion("b").points == 1
