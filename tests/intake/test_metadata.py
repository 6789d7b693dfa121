"""What downloads say in files of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import UsageError
from grader.core.text import plain
from grader.intake.metadata import Told, gradescope_metadata, nbgrader_timestamp


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-20 10:00:00 UTC", "2026-11-20T10:00:00+00:00"),
        ("2026-11-20 10:00:00.5 Europe/Berlin\n", "2026-11-20T10:00:00.500000+01:00"),
        ("2026-11-20T10:00:00+02:00", "2026-11-20T10:00:00+02:00"),
        ("2026-11-20 10:00:00", None),
        ("2026-11-20 10:00:00 Atlantis/Nowhere", None),
        ("2026-11-20 10:00:00 ../../etc/passwd", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_when_nbgrader_took_it_in(text: str, wanted: str | None) -> None:
    assert nbgrader_timestamp(text.encode()) == wanted


EXPORT = b"""
submission_22:
  :submitters:
  - :name: Ada Lovelace
    :sid: '7'
    :email: Ada@X.org
  - :name: Bo
    :sid: 8
  :created_at: 2026-11-20 10:00:00.25 Z
  :score: 3.0
submission_23:
  :submitters: []
  :created_at: "2026-11-20 10:00:00 +0100"
"""


def test_who_handed_in_at_gradescope() -> None:
    assert gradescope_metadata(EXPORT) == {
        "submission_22": Told(
            ("email:ada@x.org", "id:8"), "Ada Lovelace", "2026-11-20T10:00:00.250000+00:00"
        ),
        "submission_23": Told((), "", "2026-11-20T10:00:00+01:00"),
    }


@pytest.mark.parametrize("data", [b"a: [", b"- 1", b"a: !!python/object:os.system {}", b"\xff"])
def test_what_is_no_list_of_submissions(data: bytes) -> None:
    with pytest.raises(UsageError, match="submission_metadata"):
        gradescope_metadata(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    said = ""
    try:
        gradescope_metadata(data)
    except UsageError as error:
        said = str(error)
    assert plain(said) == said
    nbgrader_timestamp(data)
