from __future__ import annotations

from pathlib import Path

import pytest

from grader import resources


@pytest.mark.parametrize("kind", ["rubrics", "fixtures"])
def test_shipped_data_lies_beside_the_package_in_a_checkout(kind: str) -> None:
    found = resources.shipped(kind)
    assert found.is_absolute()
    assert list(found.rglob("*.yaml"))


def test_in_a_wheel_it_lies_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "grader"
    inside = package / "_shipped" / "rubrics"
    inside.mkdir(parents=True)
    monkeypatch.setattr(resources, "__file__", str(package / "resources.py"))
    assert resources.shipped("rubrics") == inside
    assert resources.shipped("fixtures") == tmp_path / "fixtures"


def test_it_does_not_depend_on_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = resources.shipped("rubrics")
    monkeypatch.chdir(tmp_path)
    assert resources.shipped("rubrics") == before
