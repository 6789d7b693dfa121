"""What is granted, for the ways in which Python and the grader come to lie on a disk."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

import grader
from grader.sandbox.child.layers import readable as module
from grader.sandbox.child.layers.readable import Readable, readable

Layout = Callable[..., Path]


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Make files, with Python's own folders where we say; returns where they are."""

    def make(*files: str, python: tuple[str, ...]) -> Path:
        for name in files:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")
        folders = [tmp_path / name for name in python]
        monkeypatch.setattr(module, "_python_folders", lambda: iter(folders))
        monkeypatch.setattr(module, "_mapped_folders", lambda: iter(()))
        monkeypatch.setattr(module, "_LIBRARIES", ())
        return tmp_path.resolve()

    return make


def _may_read(granted: tuple[Readable, ...], path: Path) -> bool:
    found = path.resolve()
    return any(
        one.path.resolve() in (found, *found.parents) for one in granted if not one.names_only
    )


def test_beside_an_installed_grader_packages_are_read_and_it_is_not(layout: Layout) -> None:
    base = layout(
        "lib/python3/os.py",
        "lib/python3/site-packages/torch/__init__.py",
        "lib/python3/site-packages/six.py",
        "lib/python3/site-packages/grader/_shipped/rubrics/course.yaml",
        "lib/python3/site-packages/grader/sandbox/parent.py",
        python=("lib/python3", "lib/python3/site-packages"),
    )
    packages = base / "lib/python3/site-packages"
    granted = readable(packages / "grader")
    for name in ("torch/__init__.py", "six.py", "../os.py"):
        assert _may_read(granted, packages / name), name
    for name in ("grader/_shipped/rubrics/course.yaml", "grader/sandbox/parent.py", "grader"):
        assert not _may_read(granted, packages / name), name
    assert Readable(packages, names_only=True) in granted


def test_in_a_checkout_its_virtual_environment_alone_is_read(layout: Layout) -> None:
    base = layout(
        "work/grader/sandbox/parent.py",
        "work/rubrics/course.yaml",
        "work/fixtures/logits.yaml",
        "work/submissions/ann.ipynb",
        "work/.venv/lib/python3/site-packages/torch/__init__.py",
        "base/lib/python3/os.py",
        python=("work/.venv/lib/python3/site-packages", "base/lib/python3"),
    )
    granted = readable(base / "work/grader")
    assert _may_read(granted, base / "work/.venv/lib/python3/site-packages/torch/__init__.py")
    assert _may_read(granted, base / "base/lib/python3/os.py")
    for name in ("grader/sandbox/parent.py", "rubrics/course.yaml", "fixtures/logits.yaml"):
        assert not _may_read(granted, base / "work" / name), name
    assert not _may_read(granted, base / "work/submissions/ann.ipynb")


def test_a_checkout_inside_a_granted_folder_is_withheld_with_all_it_holds(layout: Layout) -> None:
    base = layout(
        "lib/grading/grader/core/tensor.py",
        "lib/grading/rubrics/course.yaml",
        "lib/other/part.py",
        python=("lib",),
    )
    granted = readable(base / "lib/grading/grader")
    assert _may_read(granted, base / "lib/other/part.py")
    assert not _may_read(granted, base / "lib/grading/rubrics/course.yaml")
    assert not _may_read(granted, base / "lib/grading/grader/core/tensor.py")


def test_a_link_to_what_is_withheld_grants_nothing(layout: Layout) -> None:
    base = layout("lib/packages/grader/core.py", "lib/packages/six.py", python=("lib/packages",))
    (base / "lib/packages/alias").symlink_to(base / "lib/packages/grader")
    granted = readable(base / "lib/packages/grader")
    assert _may_read(granted, base / "lib/packages/six.py")
    assert not _may_read(granted, base / "lib/packages/grader/core.py")


def test_here_python_is_read_and_we_are_not() -> None:
    granted = readable()
    ours = Path(grader.__file__).resolve().parent
    assert _may_read(granted, Path(os.__file__))
    assert _may_read(granted, Path(sysconfig.get_path("purelib")) / "torch" / "__init__.py")
    assert not _may_read(granted, ours / "pipeline.py")
    assert not _may_read(granted, ours.parent / "rubrics" / "softmax.yaml")
    assert not _may_read(granted, Path("/etc/passwd"))
    assert not _may_read(granted, Path("/proc/self/environ"))
    assert [one.path for one in granted if one.sink] == [Path(os.devnull)]
    assert Path("/") not in {one.path for one in granted}
