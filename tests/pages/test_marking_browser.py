"""The marking page in Chromium: marking by keyboard, and what must never happen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import axe_core_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Download, Page

from grader.deciding.marks_csv import Given, Item, Mark, Part, read_marks, write_marks
from grader.pages.marking import Sheet, marking_page
from tests.pages.test_marking import HOSTILE, an_item

AXE: Final = Path(axe_core_python.__file__).parent / "axe.min.js"
NASTY: Final = (
    "plain",
    "=1+1",
    "'=1",
    "''",
    " -a",
    'say "so", or; not',
    "one\ntwo\n- three",
    "a;=b",
    "tab\t@x",
    "+",
    "＝wide",
    "größer 😀",
    "a\n\n=b",
    "'",
)


@dataclass
class Opened:
    """A page, and what it tried: requests, dialogs, errors and console messages."""

    page: Page
    tried: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def until(self, selector: str, wanted: str) -> None:
        """Loads the page again while another process still writes what it kept."""
        for _ in range(50):
            if self.text(selector).startswith(wanted):
                return
            self.page.reload()
        assert self.text(selector).startswith(wanted)

    def add_item(self, points: str, words: str) -> None:
        """With the keyboard, from the answer and back to it."""
        self.press("n", "Shift+Tab")
        self.write(points)
        self.press("Tab")
        self.write(words)
        self.press("Enter", "Escape")

    def export(self, *keys: str) -> bytes:
        with self.page.expect_download() as waiting:
            self.press(*(keys or ("e",)))
        download: Download = waiting.value
        assert download.suggested_filename == "marks.csv"
        return Path(download.path()).read_bytes()

    def take(self, data: bytes, name: str = "marks.csv") -> None:
        file: Any = {"name": name, "mimeType": "text/csv", "buffer": data}
        self.page.set_input_files("#import", file)
        self.page.wait_for_function("document.querySelectorAll('#imported li').length > 0")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800})
    yield made
    made.close()


Opener = Callable[..., Opened]


@pytest.fixture
def opened(context: BrowserContext, tmp_path: Path) -> Opener:
    """Opens a page of these items; the same items are the same file."""

    def opens(*items: Item, **facts: Any) -> Opened:
        path = tmp_path / "marking.html"
        path.write_bytes(marking_page(Sheet("Course", items, **({"marker": "ann"} | facts))))
        made = Opened(context.new_page())
        page, tried = made.page, made.tried
        page.on("request", lambda one: tried.append(one.url))
        page.on("dialog", lambda one: (tried.append(one.message), one.dismiss()))
        page.on("pageerror", lambda one: tried.append(str(one)))
        page.on("console", lambda one: tried.append(one.text))
        page.goto(path.as_uri())
        tried.remove(path.as_uri())
        return made

    return opens


def _items(*texts: str) -> tuple[Item, ...]:
    """In the order that the page shows them."""
    made = [an_item(number, text) for number, text in enumerate(texts)]
    keys = sorted(item.key for item in made)
    return tuple(an_item(n, text) for n, text in zip(_numbers(made, keys), texts, strict=True))


def _numbers(made: list[Item], keys: list[str]) -> list[int]:
    places = {item.key: number for number, item in enumerate(made)}
    return [places[key] for key in keys]


def _marks(data: bytes, items: tuple[Item, ...]) -> list[tuple[float | None, str, str]]:
    """Points, comment and marker by item; an empty row where there is no mark."""
    read = read_marks({"marks.csv": data}, items)
    assert (read.conflicts, read.unknown, read.problems) == ((), (), ())
    found = {mark.key: (mark.points, mark.comment, mark.by) for mark in read.marks}
    assert all(mark.at for mark in read.marks)
    return [found.get(item.key, (None, "", "")) for item in items]


# ------------------------------------------------------------------ what must never happen


def test_hostile_text_stays_text(opened: Opener) -> None:
    items = tuple(
        an_item(
            number,
            parts=(Part(text, f"{number} {text}"),),
            title=text,
            findings=(text,),
            given=Given(1.0, text, text, text),
        )
        for number, text in enumerate(HOSTILE)
    )
    page = opened(*items)
    elements = (
        "() => [...new Set([...document.querySelectorAll('*')].map(e => e.localName))].sort()"
    )
    before = page.page.evaluate(elements)
    shown = ""
    for view in ("typed", "rendered"):
        page.page.click(f"#{view}")
        page.page.focus("#card")
        for _ in items:
            shown += page.text("#card")
            page.press("j")
        page.press(*("k" for _ in items))
        assert page.page.locator("#parts a, #parts img, #parts script, #parts svg").count() == 0
    # Elements that Markdown makes of a text of ours may be new, others not.
    assert set(page.page.evaluate(elements)) - set(before) <= {"p", "em", "strong", "code", "pre"}
    assert "<script>alert(1)</script>" in shown
    assert "\u202e" not in shown
    assert page.tried == []


def test_a_hostile_file_stays_text(opened: Opener) -> None:
    items = _items("a", "b")
    page = opened(*items)
    page.press("1")
    rows = [
        Mark(
            item.key, "essay", item.definition, 2.0, f"{HOSTILE[0]}{HOSTILE[2]}", HOSTILE[1], "<b>"
        )
        for item in items
    ]
    page.take(write_marks(rows), "<img src=x onerror=alert(1)>.csv")
    assert "<script>alert(1)</script>" in page.text("#conflicts")
    page.page.click("#theirs")
    assert page.page.locator("#work img, #work script, #conflicting img").count() == 0
    assert page.tried == []


def test_the_policy_is_in_force(opened: Opener) -> None:
    page = opened(an_item(0))
    refused = page.page.evaluate(
        """() => new Promise((done) => {
          const seen = [];
          document.addEventListener('securitypolicyviolation', (event) => {
            seen.push(event.effectiveDirective);
            if (seen.length === 3) done(seen.sort());
          });
          const add = (tag, facts) => document.body.append(
            Object.assign(document.createElement(tag), facts));
          add('script', {textContent: 'document.title = "ran"'});
          add('img', {src: 'https://example.org/x.png'});
          add('style', {textContent: '* { display: none }'});
        })"""
    )
    assert refused == ["img-src", "script-src-elem", "style-src-elem"]
    assert page.page.title() != "ran"


# ------------------------------------------------------------------ marking


def test_a_class_is_marked_by_keyboard_alone(opened: Opener) -> None:
    items = _items("first", "second", "third", "fourth")
    page = opened(*items, marker="")
    page.press("3", "j", "c")
    page.write("=well, said\n- but short")
    page.press("Escape", "p")
    page.write("4,5")
    page.press("Enter")  # goes on to the third
    assert page.text("#title").startswith("Answer 3 of 4")
    page.add_item("+2", "names overflow")
    page.add_item("-0.5", "no reason")
    page.press("1", "2", "Enter", "1", "c")
    page.write("Good.")
    page.press("Control+Enter")
    assert page.text("#said") == "Every answer is marked."
    page.press("Escape", "e")
    assert page.page.evaluate("document.activeElement.id") == "marker"
    page.write("bob")
    page.press("Escape")
    assert _marks(page.export(), items) == [
        (3.0, "", "bob"),
        (4.5, "=well, said\n- but short", "bob"),
        (1.5, "names overflow\nno reason", "bob"),
        (2.0, "names overflow\nGood.", "bob"),
    ]
    assert page.text("#unsaved") == "nothing left to export"
    assert page.tried == []


def test_the_same_by_mouse(opened: Opener) -> None:
    items = _items("first", "second")
    page = opened(*items)
    page.page.click("#quick button:nth-child(3)")
    page.page.click("#next")
    page.page.fill("#item-points", "7")
    page.page.fill("#item-text", "all of it")
    page.page.click("#item-save")
    page.page.click("#items .item")
    page.page.fill("#comment", "yes")
    page.page.click("#previous")
    page.page.select_option("#jump", "1")
    with page.page.expect_download() as waiting:
        page.page.click("#export")
    data = Path(waiting.value.path()).read_bytes()
    # Seven of five points are five.
    assert _marks(data, items) == [(2.0, "", "ann"), (5.0, "all of it\nyes", "ann")]


def test_comment_items_are_edited_and_deleted(opened: Opener) -> None:
    items = _items("first", "second")
    page = opened(*items)
    page.add_item("1", "one")
    page.add_item("2", "two")
    page.press("1", "2", "j", "1")
    page.page.click("#items li:first-child button >> nth=1")
    assert page.page.input_value("#item-text") == "one"
    page.page.fill("#item-text", "uno")
    page.page.fill("#item-points", "-1")
    page.press("Enter")
    page.page.click("#items li:nth-child(2) button >> nth=2")
    assert _marks(page.export("Escape", "e"), items) == [
        (1.0, "uno\ntwo", "ann"),
        (0.0, "uno", "ann"),
    ]


def test_points_that_cannot_be_are_refused(opened: Opener) -> None:
    page = opened(*_items("first"))
    for points in ("6", "-1", "1e0", "many"):
        page.page.fill("#points", points)
        page.press("Enter")
        assert "Nothing was changed" in page.text("#said")
        assert page.page.get_attribute("#points", "aria-invalid") == "true"
    page.press("Escape", "9")
    assert page.text("#mark") == "not marked"


def test_keys_can_be_turned_off_and_are_letters_in_fields(opened: Opener) -> None:
    page = opened(*_items("first", "second"))
    page.press("?")
    assert page.page.is_visible("#help")
    page.page.uncheck("#shortcuts")
    page.page.click("#help-close")
    page.press("j", "3")
    assert (page.text("#title")[:8], page.text("#mark")) == ("Answer 1", "not marked")
    page.page.focus("#comment")
    page.press("j", "3", "Enter", "e")
    assert page.page.input_value("#comment") == "j3\ne"


def test_blank_answers_are_decided_at_once(opened: Opener) -> None:
    items = (*(an_item(n, "" if n < 3 else f"{n}") for n in range(5)), an_item(9, parts=()))
    page = opened(*items)
    assert page.text("#blank") == "All blank answers (3): 0 points"
    page.page.click("#blank")
    assert page.text("#marked") == "3 of 6 marked"
    marks = _marks(page.export(), items)
    assert [points for points, *_ in marks] == [0.0, 0.0, 0.0, None, None, None]
    assert page.page.is_disabled("#blank")


def test_identical_answers_are_marked_together_or_apart(opened: Opener) -> None:
    items = (an_item(0, "same"), an_item(1, " same\n"), an_item(2, "same"))
    page = opened(*items)
    assert page.text("#count") == "3 identical answers, marked together"
    page.press("4")
    assert [points for points, *_ in _marks(page.export(), items)] == [4.0] * 3
    page.page.click("#split")
    assert page.text("#title").startswith("Answer 1 of 3")
    page.press("2")
    page.page.click("#split")
    assert "different marks" in page.text("#said")
    assert sorted(points or 0 for points, *_ in _marks(page.export(), items)) == [2.0, 4.0, 4.0]


def test_a_mark_given_before_goes_on(opened: Opener) -> None:
    given = Given(3.0, "well", "bob", "2026-11-22T08:00:00Z")
    items = (an_item(0, given=given), an_item(1, "other", given=given))
    page = opened(*items)
    assert page.text("#marked") == "2 of 2 marked"
    assert "Marked before: 3 of 5 points, by bob." in page.text("#given")
    page.press("1", "j", "2", "x")
    assert page.text("#mark") == "3 of 5 points"
    # What nobody changed here is in no file: it would be another's mark under this date.
    assert set(_marks(page.export(), items)) == {(1.0, "well", "ann"), (None, "", "")}


# ------------------------------------------------------------------ drafts


def test_a_closed_tab_loses_nothing(opened: Opener) -> None:
    items = _items("first", "second", "third")
    page = opened(*items)
    page.press("3", "j")
    page.add_item("1", "one")
    page.press("1", "c")
    page.write("half a sen")
    page.page.close()
    again = opened(*items)
    again.until("#title", "Answer 2 of 3")
    again.until("#unsaved", "2 not exported yet")
    assert again.page.input_value("#comment") == "half a sen"
    assert again.text("#unsaved") == "2 not exported yet"
    assert _marks(again.export(), items)[:2] == [(3.0, "", "ann"), (1.0, "one\nhalf a sen", "ann")]
    again.page.close()
    opened(*items).until("#unsaved", "nothing left to export")


def test_a_page_made_anew_with_more_answers_has_the_drafts(opened: Opener) -> None:
    items = _items("first", "second")
    opened(*items).press("3")
    opened(*items, an_item(7, "late")).until("#marked", "1 of 3 marked")


def test_a_warning_before_marks_are_lost(opened: Opener) -> None:
    page = opened(*_items("first"))
    page.press("3")
    with page.page.expect_event("dialog") as waiting:
        page.page.close(run_before_unload=True)
    assert waiting.value.type == "beforeunload"
    page.export()
    page.tried.clear()
    with page.page.expect_event("close"):
        page.page.close(run_before_unload=True)
    assert page.tried == []


def test_points_that_were_typed_only_are_kept_too(opened: Opener) -> None:
    items = _items("first")
    page = opened(*items)
    page.press("p")
    page.write("4,5")
    with page.page.expect_event("dialog"):
        page.page.close(run_before_unload=True)
    assert opened(*items).text("#mark") == "4.5 of 5 points"


def test_a_browser_that_keeps_nothing_says_so(opened: Opener, context: BrowserContext) -> None:
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }});"
    )
    items = _items("first")
    page = opened(*items)
    assert page.page.is_visible("#storage")
    page.press("3")
    assert page.text("#said").endswith("Not kept by this browser.")
    assert _marks(page.export(), items) == [(3.0, "", "ann")]


def test_a_full_browser_says_so(opened: Opener) -> None:
    page = opened(*_items("first"))
    assert not page.page.is_visible("#storage")
    page.page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    page.press("3")
    assert page.page.is_visible("#storage")


@pytest.mark.parametrize("kept", ["1", "[]", "{", '{"drafts": {"K": 5}, "apart": 1, "marker": []}'])
def test_damaged_drafts_do_not_stop_the_page(opened: Opener, kept: str) -> None:
    items = _items("first")
    page = opened(*items)
    page.press("3")
    page.page.evaluate(
        "kept => localStorage.setItem(Object.keys(localStorage)[0], kept)",
        kept.replace("K", items[0].key),
    )
    again = opened(*items)
    assert again.text("#marked") == "0 of 1 marked"
    again.press("2")
    assert again.text("#marked") == "1 of 1 marked"
    assert again.tried == []


def test_two_tabs_of_one_page_agree(opened: Opener) -> None:
    items = _items("first", "second")
    one, two = opened(*items), opened(*items)
    one.press("3")
    two.page.wait_for_function("document.getElementById('marked').textContent[0] === '1'")
    two.press("j", "4")
    one.page.wait_for_function("document.getElementById('marked').textContent[0] === '2'")
    assert [points for points, *_ in _marks(one.export(), items)] == [3.0, 4.0]


# ------------------------------------------------------------------ files


def test_another_markers_file_is_merged_and_conflicts_are_chosen(opened: Opener) -> None:
    items = _items("first", "second", "third", "fourth", "fifth")
    page = opened(*items)
    page.press("1", "j", "2", "j", "3")
    points = {0: 1.0, 1: 5.0, 2: 5.0, 3: 4.0, 4: 9.0}
    rows = [
        Mark(
            items[number].key,
            "essay",
            items[number].definition,
            value,
            "",
            "bob",
            "2026-11-22T08:00Z",
        )
        for number, value in sorted(points.items(), reverse=True)
    ]
    page.take(write_marks([*rows, Mark("k-0", "essay", "", 1.0)]))
    assert page.text("#imported").splitlines() == [
        "marks.csv: 1 taken, 1 the same, 2 in conflict, 1 of answers that are not here.",
        "marks.csv, line 2: 9 is more than the 5 points there are.",
    ]
    page.page.click("#conflicts li:first-child >> text=Keep mine")
    page.page.click("#conflicts li:first-child >> text=Take theirs")
    assert not page.page.is_visible("#conflicting")
    assert [(value, by) for value, _, by in _marks(page.export("Escape", "e"), items)] == [
        (1.0, "ann"),
        (5.0, "bob"),
        (3.0, "ann"),
        (4.0, "bob"),
        (None, ""),
    ]


def test_conflicts_outlive_the_tab(opened: Opener) -> None:
    items = _items("first")
    page = opened(*items)
    page.press("1")
    page.take(write_marks([Mark(items[0].key, "essay", items[0].definition, 2.0, "", "bob")]))
    page.page.close()
    assert opened(*items).page.locator("#conflicts li").count() == 1


def test_a_stale_row_or_another_file_is_named(opened: Opener) -> None:
    items = _items("first")
    page = opened(*items)
    page.take(b"name,mark\nada,1\n")
    assert "has no columns key, definition, points" in page.text("#imported")
    page.take(write_marks([Mark(items[0].key, "essay", "f" * 16, 1.0)]))
    page.page.wait_for_function("/stale/.test(document.getElementById('imported').textContent)")
    assert page.text("#marked") == "0 of 1 marked"


def test_the_page_and_the_terminal_write_the_same_file(opened: Opener) -> None:
    rows = [
        Mark(f"k-{number}", "essay", "e", number / 4 if number else None, text, text.split("\n")[0])
        for number, text in enumerate(NASTY)
    ]
    page = opened()
    fields = [
        {name: getattr(row, name) for name in ("key", "criterion", "definition", "points")}
        | {"comment": row.comment, "by": row.by, "at": row.at}
        for row in rows
    ]
    written = page.page.evaluate("rows => MarksCsv.write(rows)", fields)
    assert written.encode() == write_marks(rows)
    read = page.page.evaluate("text => MarksCsv.read(text).rows", written)
    assert [row["comment"] for row in read] == [text.strip() for text in NASTY]
    for separator in (";", "\t"):
        text = f"\ufeffsep={separator}\r\n" + separator.join(["POINTS", "definition", "key"])
        rows_read = page.page.evaluate(
            "text => MarksCsv.read(text)", text + "\n\n" + separator.join(['"2,5"', "d-e", "k-1"])
        )
        assert json.loads(json.dumps(rows_read))["rows"][0]["points"] == "2,5"
        assert rows_read["rows"][0]["line"] == 4


# ------------------------------------------------------------------ everybody's page


@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1400)])
def test_axe_finds_nothing(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    path = tmp_path / "marking.html"
    items = tuple(
        an_item(n, f"*{n % 3}* `code`\n\n# Head\n\n- one", findings=("One bug.",)) for n in range(5)
    )
    path.write_bytes(marking_page(Sheet("Course", (*items, an_item(9, "")), "ann", "today", 3)))
    with browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True
    ) as context:
        page = Opened(context.new_page())
        page.page.goto(path.as_uri())
        page.page.add_script_tag(path=AXE)
        page.add_item("+1", "a reason that is long enough to be broken into lines")
        page.press("1")
        rows = [Mark(one.key, "essay", one.definition, 5.0, "so", "bob") for one in items]
        page.take(write_marks(rows))
        page.press("Escape", "v")
        for key in ("j", "?"):
            page.press(key)
            found = page.page.evaluate("axe.run().then(found => found.violations)")
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_of_nothing_says_so(opened: Opener) -> None:
    page = opened()
    assert page.page.is_visible("#nothing")
    page.press("j", "3", "e", "Enter")
    assert page.tried == []
