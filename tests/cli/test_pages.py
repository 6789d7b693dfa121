"""Pages of a folder, by the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stories.command import run_grader

RIGHT = """import torch

def good_softmax(x):
    e = torch.exp(x - x.amax(-1, keepdim=True))
    return e / e.sum(-1, keepdim=True)
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("pages")
    (home / "in").mkdir()
    (home / "in" / "right.py").write_text(RIGHT)
    (home / "in" / "halved.py").write_text(RIGHT.replace("return e", "return 0.5 * e"))
    (home / "in" / "unshifted.py").write_text(RIGHT.replace("x.amax(-1, keepdim=True)", "0"))
    (home / "in" / "broken.ipynb").write_text("{")
    run_grader("grade", "in", "--rubric", "softmax", "--out", "graded", cwd=home)
    done = run_grader("pages", "graded", cwd=home)
    assert (done.status, done.out) == (0, f"4 pages in {Path('graded') / 'pages'}\n"), done.err
    return {
        path.name.split("-")[0]: path.read_text(encoding="utf-8")
        for path in (home / "graded" / "pages").iterdir()
    }


def test_a_row_that_is_off_is_drawn(pages: dict[str, str]) -> None:
    assert 'aria-label="expected 0.269, 0.731; got 0.134, 0.366"' in pages["halved"]
    assert "values/pair, row 0: outlined what should have come back" in pages["halved"]


def test_nothing_is_drawn_where_nothing_is_to_be_seen(pages: dict[str, str]) -> None:
    assert [name for name in sorted(pages) if "<svg" in pages[name]] == ["halved"]
