"""What `grader rubric init` writes: names, files, and that nothing is overwritten."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignments import fixture_folder, load
from grader.core.errors import StorageError, UsageError
from grader.fixtures import DEFAULT_SEED
from grader.fixtures.loading import load_fixtures
from grader.fixtures.spec import load_specs
from grader.rubric import FixtureFacts, facts, lint
from grader.rubric.starting import Start, files, plan, write
from grader.rubric.verify import load_references

SLUGS = st.from_regex(r"[a-z][a-z0-9]{0,5}([-_][a-z0-9]{1,4}){0,2}", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


def groups(assignment: str, base: Path) -> Mapping[str, tuple[FixtureFacts, ...]]:
    return facts(load_specs(fixture_folder(assignment, base)))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("unit", {}, Start("unit", "good_unit", ("x",))),
        ("unit-rows", {}, Start("unit-rows", "good_unit_rows", ("x",))),
        (
            "huber",
            {"function": "huber_loss", "arguments": ["y", "t"]},
            Start("huber", "huber_loss", ("y", "t")),
        ),
    ],
)
def test_what_is_not_said_is_filled_in(name: str, options: dict, expected: Start) -> None:  # type: ignore[type-arg]  # keyword arguments of a table
    assert plan(name, **options) == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Layer-Norm", "for example `layer_norm`"),
        ("layer norm", "for example `layer_norm`"),
        ("course/huber.yaml", "for example `huber`; --into says in which folder"),
        ("../up", "for example `up`; --into"),
        ("3d", "for example `d`"),
        ("", "small letters and digits"),
        ("---", "small letters and digits"),
        ("null", "small letters and digits"),
        ("a" * 61, "small letters and digits"),
        ("softmax", "comes with the grader: take another, for example `my_softmax`"),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        plan(name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"function": "good softmax"}, "--function good softmax: expected a Python name"),
        ({"function": "def"}, "--function def: expected a Python name in plain letters"),
        ({"function": "torch"}, "--function torch: the example's own files use this word"),
        ({"arguments": ["a-b"]}, "for example `a_b`"),
        ({"arguments": ["α"]}, "expected a Python name in plain letters"),
        ({"arguments": ["x", "x"]}, "--argument x: expected each argument once"),
        ({"arguments": ["max"]}, "--argument max: the example's own files use this word"),
        ({"arguments": ["row_sum"]}, "--argument row_sum: the example's own files"),
        ({"arguments": ["true"]}, "--argument true: the example's own files"),
        ({"arguments": ["good_unit"]}, "expected another name than the function's"),
    ],
)
def test_a_bad_python_name_is_refused(options: dict, said: str) -> None:  # type: ignore[type-arg]  # keyword arguments of a table
    with pytest.raises(UsageError, match=re.escape(said)):
        plan("unit", **options)


@given(SLUGS, WORDS, st.lists(WORDS, max_size=3))
def test_whatever_is_accepted_becomes_python_and_leaves_no_mark(
    name: str, function: str, arguments: list[str]
) -> None:
    try:
        start = plan(name, function, arguments)
    except UsageError:
        return
    for path, text in files(start).items():
        assert not re.search(r"@[a-z]+@", text), path
        if path.endswith(".py"):
            ast.parse(text)


@given(st.text(max_size=12))
def test_any_other_text_is_refused_or_good_for_a_file_name(name: str) -> None:
    try:
        made = files(plan(name))
    except UsageError:
        return
    assert all(re.fullmatch(r"[\w./-]+", path) and ".." not in path for path in made)


@pytest.mark.parametrize("arguments", [("x",), ("y", "n", "on_time")])
def test_it_is_whole(arguments: tuple[str, ...], tmp_path: Path) -> None:
    start = plan("unit", arguments=arguments)
    written = write(start, tmp_path / "deep" / "course")
    rubric = tmp_path / "deep" / "course" / "unit.yaml"
    assert [rubric.parent / path for path in written if not (rubric.parent / path).is_file()] == []
    assert written[0] == "unit.yaml"
    assert [str(each) for each in lint(rubric, groups)] == []
    assignment = load("./unit", rubric.parent)
    assert assignment.tasks[0].arguments == arguments
    fixtures = load_fixtures(rubric.parent / "unit" / "fixtures", assignment.tasks[0], DEFAULT_SEED)
    assert {each.group for each in fixtures} == {"values", "extreme", "batch", "gradient"}
    assert not any(each.degenerate for each in fixtures)
    assert len(load_references(rubric.parent / "unit" / "references")) == 5


def test_its_gradient_is_the_derivative_of_its_answer(tmp_path: Path) -> None:
    write(plan("unit", arguments=("x", "t")), tmp_path)
    task = load("./unit", tmp_path).tasks[0]
    assert task.vjp is not None
    x, t = np.array([[1.0, -2.0, 0.5]]), np.array([[2.0, 1.0, -3.0]])
    upstream = np.array([[0.5, 1.0, -1.5]])
    slopes = np.empty_like(x)
    for at in range(x.size):
        step = np.zeros_like(x)
        step[0, at] = 1e-6
        ahead, behind = (task.oracle({"x": x + sign * step, "t": t}) for sign in (1, -1))
        slopes[0, at] = np.sum(upstream * (ahead - behind)) / 2e-6
    assert np.allclose(task.vjp({"x": x, "t": t}, upstream), slopes, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("there", ["unit.yaml", "unit"])
@pytest.mark.parametrize("how", ["file", "folder", "link"])
def test_nothing_is_overwritten(there: str, how: str, tmp_path: Path) -> None:
    path = tmp_path / there
    if how == "file":
        path.write_text("mine")
    elif how == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    with pytest.raises(UsageError, match=f"{there} is in the way, and nothing was written"):
        write(plan("unit"), tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert how != "file" or path.read_text() == "mine"


def test_what_was_begun_is_removed_where_the_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *arguments: str, **options: str) -> object:
        if path.name == "bugs.py":
            raise OSError(28, "No space left on device", str(path))
        return original(path, *arguments, **options)  # type: ignore[call-overload]  # handed on as they are

    original = Path.open
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match=r"cannot write .*bugs.py: No space left on device"):
        write(plan("unit"), tmp_path / "course")
    assert list((tmp_path / "course").iterdir()) == []


def test_a_file_is_no_folder_to_write_to(tmp_path: Path) -> None:
    (tmp_path / "course").write_text("mine")
    with pytest.raises(UsageError, match="course is no folder"):
        write(plan("unit"), tmp_path / "course")
