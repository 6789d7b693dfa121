"""The page of the class, as text and in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import axe_core_python
import pytest
from playwright.sync_api import Browser, Page

from grader.pages.code import CodeCell
from grader.pages.overview import Class, overview_page
from grader.reporting.statistics import Cause, Result, Standing
from tests.stories.command import run_grader

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "{{ 7*7 }}",
    "\x1b[2J\u202e",
    "'\"><svg onload=alert(1)>",
)


def result(name: str, status: Any, points: float) -> Result:
    return Result(name, name.title(), status, points, most=16.0, bonus=False)


def member(number: int, **changes: Any) -> Standing:
    score = float(number % 21)
    bugs = (Cause("wrong-axis", "proved", "Over the batch."),) if number % 4 == 0 else ()
    facts: dict[str, Any] = {
        "id": f"s{number:04}-abc",
        "source": f"s{number:04}/work.ipynb",
        "status": ("graded", "needs_person", "ungradable")[number % 3],
        "reason": "" if number % 3 == 0 else "waits for a mark by hand: essay",
        "score": score,
        "most": 20.0,
        "bonus": 0.0,
        "final": score if number % 3 == 0 else None,
        "seconds": 0.1 + number % 7,
        "results": (
            result("values", "passed" if score > 9 else "failed", min(score, 4)),
            result("rest", "partial", max(score - 4, 0)),
        ),
        "causes": bugs,
        "close": ("values",) if number == 7 else (),
        **changes,
    }
    return Standing(**facts)


def course(count: int) -> Class:
    found = tuple(member(n) for n in range(count))
    code = {one.id: (CodeCell(1, 1, f"def f(x):\n    return {one.id!r}"),) for one in found[:9]}
    same = (("s0001/work.ipynb", "s0002/work.ipynb"),)
    return Class("softmax", found, code, same, "2026-11-23")


def opened(browser: Browser, path: Path, data: bytes, **options: Any) -> Page:
    path.write_bytes(data)
    shown = browser.new_context(bypass_csp=bool(options), **options).new_page()
    shown.goto(path.as_uri())
    return shown


def first_cells(page: Page, column: int = 1) -> list[str]:
    return page.locator(f"#rows tr > :nth-child({column})").all_inner_texts()


def test_numbers_stand_in_tables_beside_the_picture() -> None:
    text = overview_page(course(30)).decode()
    assert "<strong>30</strong> submissions: 10 graded, 10 need a person, 10 cannot" in text
    assert '<th scope="row">0 to 10</th>' in text
    assert "<strong>8</strong> submissions have wrong-axis (proved)" in text
    assert "s0007/work.ipynb: values" in text
    assert "s0001/work.ipynb, s0002/work.ipynb" in text
    assert text.count("<pre") == 3


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_markup(browser: Browser, tmp_path: Path, text: str) -> None:
    odd = member(
        0,
        id=text,
        source=text,
        reason=text,
        status="needs_person",
        causes=(Cause(text, "proved", text),),
        close=(text,),
        results=(result(text, "failed", 0),),
    )
    data = overview_page(
        Class(text, (odd,), {text: (CodeCell(1, 1, text),)}, ((text, text),), text)
    )
    page = data.decode()
    assert page.count("<script") == 2
    assert page.count("</script>") == 2
    rows = re.search(r'id="data">(.*?)</script>', page)
    assert rows is not None
    assert len(json.loads(rows[1])) == 1
    tried: list[str] = []
    path = tmp_path / "page.html"
    path.write_bytes(data)
    shown = browser.new_page()
    shown.on("request", lambda one: tried.append(one.url))
    shown.on("dialog", lambda one: (tried.append(one.message), one.dismiss()))
    shown.on("console", lambda one: tried.append(one.text))
    shown.goto(path.as_uri())
    assert len(first_cells(shown)) == 1
    shown.close()
    assert tried == [path.as_uri()]


def test_thousands_are_searched_sorted_and_filtered(browser: Browser, tmp_path: Path) -> None:
    data = overview_page(course(5000))
    assert len(data) < 2_000_000
    page = opened(browser, tmp_path / "page.html", data)
    assert len(first_cells(page)) == 100
    assert page.inner_text("#count") == "5000 of 5000"
    page.click("#after")
    assert first_cells(page)[0] == "s0100/work.ipynb"
    page.get_by_role("button", name="score").click()
    scores = [float(one) for one in first_cells(page, 4)]
    assert scores == sorted(scores)
    page.get_by_role("button", name="score").click()
    assert first_cells(page, 4)[0] == "19"  # who has 20 could not be graded
    assert page.locator("#heads [aria-sort=descending]").inner_text() == "score"
    page.select_option("#status", "ungradable")
    assert page.inner_text("#count") == "1666 of 5000"
    assert set(first_cells(page, 3)) == {"ungradable"}
    page.select_option("#status", "")
    page.fill("#search", "S0123")
    assert first_cells(page) == ["s0123/work.ipynb"]
    page.fill("#search", "wrong-axis")
    assert page.inner_text("#count") == "1250 of 5000"
    page.fill("#search", "")
    page.check("#close")
    assert first_cells(page) == ["s0007/work.ipynb"]
    page.fill("#search", "nobody")
    assert page.inner_text("#place") == "none"
    page.context.close()


def test_it_works_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path / "page.html", overview_page(course(150)))
    page.focus("#search")
    page.keyboard.type("s014")
    assert len(first_cells(page)) == 10
    page.get_by_role("button", name="submission").focus()
    page.keyboard.press("Enter")
    assert first_cells(page)[0] == "s0149/work.ipynb"
    page.context.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    page = opened(
        *(browser, tmp_path / "page.html", overview_page(course(30))),
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    page.context.close()
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert wide <= width


def test_a_class_that_was_graded(tmp_path: Path) -> None:
    right = "import torch\ndef good_softmax(x):\n    e = torch.exp(x - x.amax(-1, keepdim=True))\n"
    right += "    return e / e.sum(-1, keepdim=True)\n"
    (tmp_path / "in").mkdir()
    for name, text in (("ada", right), ("bo", right.replace("-1", "0")), ("cy", right)):
        (tmp_path / "in" / f"{name}.py").write_text(text)
    run_grader("grade", "in", "--rubric", "softmax", "--out", "graded", cwd=tmp_path)
    done = run_grader("report", "graded", cwd=tmp_path)
    assert (done.status, done.out) == (0, f"3 submissions in {Path('graded/overview.html')}\n")
    page = (tmp_path / "graded" / "overview.html").read_text(encoding="utf-8")
    assert "wrong-axis (proved)" in page
    assert "e.sum(0, keepdim=True)" in page
    assert "<li>ada.py, cy.py</li>" in page
    other = run_grader("report", "graded", "--out", "pages/all.html", cwd=tmp_path)
    assert other.status == 0, other.err
    assert (tmp_path / "pages" / "all.html").stat().st_mode & 0o077 == 0
