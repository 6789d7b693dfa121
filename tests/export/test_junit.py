from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite

from grader.export import EXPORTERS, Options
from tests.export.samples import GOLDEN, book, line, student
from tests.store.samples import criterion


def _suites(data: bytes) -> list[TestSuite]:
    return list(JUnitXml.fromstring(data))


def test_an_independent_reader_finds_every_outcome() -> None:
    data = EXPORTERS["junit"].make(book(), Options()).files["junit.xml"]
    assert data == (GOLDEN / "junit.xml").read_bytes()
    ada, group, open_, unread, _ = _suites(data)
    assert (ada.tests, ada.failures, ada.errors, ada.skipped) == (2, 1, 0, 0)
    assert b'<property name="score" value="12.50" />' in data
    assert [[type(one) for one in case.result] for case in ada] == [[], [Failure]]
    assert [[type(one) for one in case.result] for case in open_] == [[], [Skipped]]
    assert [[type(one) for one in case.result] for case in unread] == [[Error]]
    assert group.failures == 0
    assert b"secret" not in data


@settings(max_examples=50)
@given(st.text(max_size=20))
def test_any_text_is_valid_xml(text: str) -> None:
    row = criterion("values", "failed", 0).model_copy(update={"feedback": text, "title": text})
    made = book(line(student("Ada", 1), rows=(row,), source="a.py"), title=text)
    data = EXPORTERS["junit"].make(made, Options()).files["junit.xml"]
    assert _suites(data)[0].failures == 1
