"""The student's page: what it shows, and that nothing of it can become markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import axe_core_python
import pytest
from playwright.sync_api import Browser

from grader.core.report import Adjustment, Answer, Marked, RepairFacts, Report
from grader.pages.code import CodeCell
from grader.pages.picture import Picture
from grader.pages.student import student_page
from grader.reporting.student import student_view
from tests.pages.test_marking import HOSTILE

AXE: Final = Path(axe_core_python.__file__).parent / "axe.min.js"
GOLDEN: Final = Path(__file__).parents[1] / "stories" / "golden"
CODE: Final = (
    CodeCell(2, 1, "logits = torch.rand((1, 20)) + 100"),
    CodeCell(6, 3, "def good_softmax(x):\n    # max\n    return x - max(x)"),
)
ELEMENTS: Final = {
    *("article", "blockquote", "body", "caption", "code", "details", "div", "em", "figcaption"),
    *("figure", "h1", "h2", "h3", "h4", "head", "header", "html", "li", "line", "main", "meta"),
    *("ol", "p", "pre", "q", "rect", "section", "span", "strong", "style", "summary", "svg"),
    *("table", "tbody", "td", "th", "thead", "title", "tr", "ul"),
}


class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def report(name: str = "jonas-txt") -> Report:
    """A report of the golden files; its `run` block and digest are not among them."""
    told = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    told["rubric"].setdefault("sha256", "0" * 64)
    told["execution"]["isolation"].setdefault("layers", [])
    told.setdefault("run", {"seconds": 0.0, "at": "", "environment": {}})
    return Report.model_validate(told)


def page(name: str = "jonas-txt", **changes: Any) -> Elements:
    view = student_view(report(name).model_copy(update=changes))
    return Elements(student_page(view, CODE))


def test_causes_come_before_criteria_and_the_key_at_the_end() -> None:
    found = page()
    whole = report()
    at = [found.text.index(one) for one in (
        "Score", whole.headline, whole.diagnoses[0].hint, "Your code that was run",
        whole.criteria[0].title, "If you think this is wrong", whole.submission.id,
    )]  # fmt: skip
    assert at == sorted(at)


def test_every_shown_criterion_has_its_status_in_words() -> None:
    found = page()
    for row in student_view(report()).criteria:
        assert row.title in found.text
    assert "does not hold" in found.text
    assert "waits for a person" in found.text


def test_the_line_of_a_bug_is_marked_in_the_code() -> None:
    whole = report()
    first = whole.diagnoses[0]
    assert first.location is not None
    here = first.model_copy(
        update={"location": first.location.model_copy(update={"cell": 6, "line": 5})}
    )
    found = page(diagnoses=(here,))
    assert (
        len([one for one, told in found.found if one == "li" and told.get("class") == "bad"]) == 1
    )
    assert found.text.count(f"✗ {here.message}") == 1


def test_hidden_inputs_stay_hidden() -> None:
    found = page()
    hidden = {
        each.fixture
        for row in report().criteria
        for each in row.evidence
        if each.visibility == "hidden"
    }
    assert hidden
    assert [name for name in hidden if name in found.text] == []


def test_what_a_person_decided_is_told_and_not_who() -> None:
    whole = report()
    rows = tuple(
        row.model_copy(
            update={
                "status": "partial",
                "points": 2.5,
                "marked": Marked(by="Ann Marker", at="2026", comment="Why?", entry="e"),
            }
        )
        if row.status == "pending"
        else row
        for row in whole.criteria
    )
    change = Adjustment(
        kind="override", criterion=rows[1].id, points=2.0, reason="Unclear handout.",
        by="Ann Marker", entry="e-1",
    )  # fmt: skip
    found = page(criteria=rows, adjustments=(change,))
    for told in ("Marked by a person.", "Why?", "Unclear handout.", "+2.00", "decided by a person"):
        assert told in found.text
    assert "Ann" not in found.text


def test_ungradable_is_no_zero() -> None:
    whole = report()
    found = page(
        status="ungradable", reason="the notebook is cut off", criteria=(), diagnoses=(),
        headline="", final=whole.final.model_copy(update={"score": None}),
    )  # fmt: skip
    assert "This could not be graded: the notebook is cut off" in found.text
    assert "0.00" not in found.text


def hostile(text: str) -> bytes:
    """Every field that anybody else may fill holds the text."""
    whole = report()
    rows = tuple(
        row.model_copy(
            update={
                "title": text,
                "feedback": text,
                "evidence": tuple(
                    each.model_copy(update={"text": text, "worst": None, "fixture": text})
                    for each in row.evidence
                ),
                "marked": Marked(by=text, at=text, comment=text, entry=text),
            }
        )
        for row in whole.criteria
    )
    bugs = tuple(
        each.model_copy(update={"message": text, "hint": text}) for each in whole.diagnoses
    )
    assert whole.execution is not None
    run = whole.execution.model_copy(update={"stdout": text, "stderr": text, "notes": (text,)})
    facts = whole.submission.model_copy(update={"source": text, "id": text})
    diff = RepairFacts(
        role="forward", bugs=tuple(one.id for one in bugs), diff=text, criteria=(), tried=1,
        revealed=True,
    )  # fmt: skip
    changed = whole.model_copy(
        update={
            "submission": facts,
            "reason": text,
            "headline": text,
            "criteria": rows,
            "diagnoses": bugs,
            "execution": run,
            "repairs": (diff,),
            "answers": (Answer(criterion=rows[0].id, question=text, text=text),),
            "adjustments": (
                Adjustment(kind="comment", criterion=None, points=0, reason=text, by=text),
            ),
        }
    )
    view = student_view(changed).model_copy(update={"headline": text})
    code = (CodeCell(1, 1, text), CodeCell(2, 1, f"x = '''{text}"))
    pictures = {row.id: Picture(text, (1,), (1.0, 0.5), (0.25, 0.75)) for row in view.criteria}
    return student_page(view, code, pictures, appeal=text, title=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_an_element(text: str) -> None:
    found = Elements(hostile(text))
    assert {name for name, _ in found.found} <= ELEMENTS
    told = {key for _, attributes in found.found for key in attributes}
    assert told <= {
        *("aria-hidden", "aria-label", "aria-labelledby", "charset", "class", "content"),
        *("http-equiv", "id", "lang", "name", "role", "scope", "tabindex"),
        *("height", "viewbox", "width", "x", "x1", "x2", "y", "y1", "y2"),
    }
    policy = next(one["content"] for _, one in found.found if "http-equiv" in one)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy


def test_nothing_happens_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    tried: list[str] = []
    for number, text in enumerate(HOSTILE):
        path = tmp_path / f"{number}.html"
        path.write_bytes(hostile(text))
        shown = browser.new_page()
        shown.on("request", lambda one: tried.append(one.url))
        shown.on("dialog", lambda one: (tried.append(one.message), one.dismiss()))
        shown.on("console", lambda one: tried.append(one.text))
        shown.goto(path.as_uri())
        assert tried == [path.as_uri()]
        tried.clear()
        shown.close()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    path = tmp_path / "page.html"
    view = student_view(report())
    drawn = Picture("values/x", (), tuple(n / 12 for n in range(12)), (1 / 12,) * 12)
    pictures = dict.fromkeys((row.id for row in view.criteria), drawn)
    path.write_bytes(student_page(view, CODE, pictures))
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True
    )
    shown = context.new_page()
    shown.goto(path.as_uri())
    shown.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    wide = shown.evaluate("document.documentElement.scrollWidth")
    shown.add_script_tag(path=AXE)
    found = shown.evaluate("async () => (await axe.run()).violations")
    context.close()
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert wide <= width
