from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from grader.export import EXPORTERS, Options
from grader.export.gradescope import held
from tests.export.samples import GOLDEN, book


def gradescope_would_say(document: dict[str, Any]) -> float | None:
    """The total a student sees, by Gradescope's rules; AssertionError where it is not legal."""
    tests = document.get("tests", [])
    assert "score" in document or (tests and all("score" in one for one in tests))
    assert {one["visibility"] for one in tests} <= {
        *("hidden", "after_due_date", "after_published", "visible")
    }
    assert {one.get("status", "passed") for one in tests} <= {"passed", "failed"}
    assert {document[name] for name in ("output_format", "test_output_format")} == {"text"}
    if any(one["visibility"] == "hidden" and one.get("max_score", 0) > 0 for one in tests):
        return None
    return float(document.get("score", sum(one.get("score", 0) for one in tests)))


def _documents(*, partial: bool = False) -> list[dict[str, Any]]:
    made = EXPORTERS["gradescope"].make(book(), Options(partial=partial))
    archive = zipfile.ZipFile(io.BytesIO(made.files["gradescope.zip"]))
    return [
        json.loads(archive.read(f"{one.report.submission.id}/results.json")) for one in book().lines
    ]


def test_no_student_sees_a_score_that_is_none() -> None:
    assert [gradescope_would_say(one) for one in _documents()] == [12.5, 20.0, None, None, None]
    partial = [gradescope_would_say(one) for one in _documents(partial=True)]
    assert partial == [12.5, 20.0, 4.0, None, None]


def test_hidden_criteria_are_no_tests() -> None:
    assert "ecret" not in json.dumps(_documents())


def test_the_golden_documents() -> None:
    for at, name in ((0, "final"), (2, "open"), (3, "ungradable")):
        data = EXPORTERS["gradescope"].make(book(book().lines[at]), Options()).files["results.json"]
        assert data == (GOLDEN / f"gradescope-{name}.json").read_bytes()


@pytest.mark.parametrize("message", ["", "a\x1bb", "x" * 50])
def test_what_is_held_is_legal_and_shows_no_total(message: str) -> None:
    assert gradescope_would_say(held(message)) is None
