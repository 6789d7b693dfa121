from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from grader.store import submission_id


def test_the_slug_is_readable() -> None:
    found = submission_id("Zoë Ångström/tutorial 1b.ipynb", b"x")
    assert re.fullmatch(r"zoe-angstrom-tutorial-1b-[0-9a-f]{12}", found)


def test_files_of_the_same_name_and_content_do_not_share_an_id() -> None:
    ids = {submission_id(f"{who}/work.ipynb", b"same") for who in ("ada", "Ada", "ada-", "äda")}
    assert len(ids) == 4


def test_path_and_content_cannot_be_traded() -> None:
    assert submission_id("a.py", b"b") != submission_id("a.p", b"yb")


@given(st.text(alphabet=st.characters(), max_size=300), st.binary(max_size=20))
def test_any_path_makes_a_safe_file_name(source: str, data: bytes) -> None:
    found = submission_id(source.encode("utf-8", "backslashreplace").decode(), data)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{12}", found)
    assert len(found) < 80
