from __future__ import annotations

import io
import re
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.errors import UsageError
from grader.core.gradebook import Gradebook
from grader.export import EXPORTERS, Options
from grader.export.feedback import canvas_name, moodle_name
from tests.export.samples import book, line, student


def canvas_reads(name: str) -> tuple[str, str] | None:
    """Canvas's rule: the first two parts that are all digits; `link...` last is no attachment."""
    parts = name.rsplit("/", 1)[-1].split("_")
    numbers = [part for part in parts if re.match(r"\A[0-9]+\Z", part)]
    if len(numbers) < 2 or parts[-1].startswith("link") or name.startswith("._"):
        return None
    return numbers[0], numbers[1]


def _pages(made: Gradebook) -> Options:
    return Options(pages={one.report.submission.id: b"<!doctype html>" for one in made.lines})


@pytest.mark.parametrize(
    ("download", "page"),
    [
        ("lovelaceada_101_9001_work.ipynb", "lovelaceada_101_9001_work.html"),
        ("lovelaceada_LATE_101_9001_my_work.v2.ipynb", "lovelaceada_LATE_101_9001_my_work.v2.html"),
        ("a_101_9001_linked.ipynb", "a_101_9001_feedback.html"),
        ("a_101_9001_7.ipynb", "a_101_9001_7.html"),
        ("a_101_text.html", None),
        ("anon_x1y2z_9001_work.ipynb", None),
        ("work.ipynb", None),
        ("a_1_2_../../x.py", None),
        ("._a_1_2_x.py", None),
        ("", None),
    ],
)
def test_names_of_canvas(download: str, page: str | None) -> None:
    assert canvas_name(download) == page


@given(st.text("ab_1२9./li nk", max_size=30))
def test_canvas_reads_the_same_user_and_attachment(download: str) -> None:
    page = canvas_name(download)
    if page is not None:
        assert canvas_reads(page) == canvas_reads(download.rpartition("_")[0] + "_x")


@pytest.mark.parametrize(
    ("download", "page"),
    [
        ("Ada Lovelace_12_assignsubmission_file", "Ada Lovelace_12_assignsubmission_file/"),
        ("Ada_12_assignsubmission_file_", "Ada_12_assignsubmission_file_/"),
        ("Ada_12_assignsubmission_file_work.ipynb", "Ada_12_assignsubmission_file_/"),
        ("top/Ada_12_assignsubmission_file/w.py", "Ada_12_assignsubmission_file/"),
        ("Ada_12_assignsubmission_onlinetext", None),
        ("Ada", None),
    ],
)
def test_folders_of_moodle(download: str, page: str | None) -> None:
    assert moodle_name(download) == (page and f"{page}feedback.html")


def test_pages_go_into_the_zip_under_the_names_of_the_download() -> None:
    made = book()
    export = EXPORTERS["canvas-feedback"].make(made, _pages(made))
    data = export.files["canvas-feedback.zip"]
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.namelist() == sorted(archive.namelist())
    users = sorted(found[0] for name in archive.namelist() if (found := canvas_reads(name)))
    assert users == ["101", "102", "104", "105", "106"]
    assert EXPORTERS["canvas-feedback"].make(made, _pages(made)).files == export.files


def test_what_the_receiver_would_ignore_is_told_and_nothing_at_all_is_refused() -> None:
    ada = line(student("Ada", 101), filename="a_101_9_w.py")
    made = book(ada, line(student("Bo", 102), filename="work.py"))
    told = EXPORTERS["canvas-feedback"].make(made, _pages(made)).warnings
    assert any("left out: Bo" in each for each in told)
    with pytest.raises(UsageError, match="Moodle would ignore every page"):
        EXPORTERS["moodle-feedback"].make(made, _pages(made))


def test_a_number_in_a_name_that_canvas_takes_for_the_user_is_told() -> None:
    made = book(line(student("Bond 7", 101), filename="bond_7_101_9_w.py"))
    told = EXPORTERS["canvas-feedback"].make(made, _pages(made)).warnings
    assert any("another user's id" in each for each in told)


def test_a_missing_page_is_refused_by_name() -> None:
    made = book()
    first = made.lines[0].report.submission.id
    with pytest.raises(UsageError, match="no page for Bo Berg, Cy Cole"):
        EXPORTERS["canvas-feedback"].make(made, Options(pages={first: b""}))


def test_pages_go_into_the_folders_of_moodle() -> None:
    made = book(line(student("Ada", 101), filename="Ada Lovelace_101_assignsubmission_file"))
    data = EXPORTERS["moodle-feedback"].make(made, _pages(made)).files["moodle-feedback.zip"]
    names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert names == ["Ada Lovelace_101_assignsubmission_file/feedback.html"]
