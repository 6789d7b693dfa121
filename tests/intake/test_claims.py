"""Names of downloads: whose a file is, which attempt, whether it is late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.handin import System
from grader.intake.claims import READERS, claims, passed_over, recognise
from grader.intake.metadata import Told

FILE = "tutorial1b.ipynb"


def told(system: System, name: str) -> tuple[str, str, int, bool | None, str]:
    """Handle, name, attempt, late, and the beginning of why it is of the wrong type."""
    found = claims(system, [name])[name]
    [handle] = found.handles
    return handle, found.name, found.number, found.late, found.wrong_type[:22]


TEXT = "handed in as a text en"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (f"lovelaceada_1234_567_{FILE}", ("canvas:1234", "lovelaceada", 1, False, "")),
        (f"lovelaceada_LATE_1234_567_{FILE}", ("canvas:1234", "lovelaceada", 1, True, "")),
        (f"late_1_2_{FILE}", ("canvas:1", "late", 1, False, "")),
        (f"jean_luc_12_34_{FILE}", ("canvas:12", "jean_luc", 1, False, "")),
        (f"müller_12_34_{FILE}", ("canvas:12", "müller", 1, False, "")),
        ("a_1_2_my_3_4.ipynb", ("canvas:1", "a", 1, False, "")),
        ("a_1_2_lab-2.ipynb", ("canvas:1", "a", 1, False, "")),
        (f"ada_2nd_12_34_{FILE}", ("canvas:12", "ada_2nd", 1, False, "")),
        ("a_12_34_text.html", ("canvas:12", "a", 1, False, "a .html file was hande")),
        ("a_1_question_t.py", ("canvas:1", "a", 1, False, "")),
        (f"anon_a1b2_34_{FILE}", ("canvas-anonymous:a1b2", "", 1, False, "")),
        (f"LATE_anon_55_34_{FILE}", ("canvas-anonymous:55", "", 1, True, "")),
        ("lovelaceada_1234_text.html", ("canvas:1234", "lovelaceada", 1, False, TEXT)),
        ("x_LATE_7_link.html", ("canvas:7", "x", 1, True, "handed in as a link: a")),
        ("anon_9_text.html", ("canvas-anonymous:9", "", 1, False, TEXT)),
        ("a_1_2_answer.pdf", ("canvas:1", "a", 1, False, "a .pdf file was handed")),
        ("a_1_2_answer", ("canvas:1", "a", 1, False, "another kind of file w")),
        (f"canvas/deep/a_1_2_{FILE}", ("canvas:1", "a", 1, False, "")),
    ],
)
def test_canvas(name: str, wanted: tuple[str, str, int, bool, str]) -> None:
    assert told("canvas", name) == wanted
    assert claims("canvas", [name])[name].filename == name.rsplit("/", 1)[-1]


@pytest.mark.parametrize(
    "name", ["notes.ipynb", "a_1_b.ipynb", "a_b_1_c.ipynb", "a.ipynb", "1_2", "a_١_2_t.ipynb", "_"]
)
def test_no_name_of_canvas(name: str) -> None:
    assert claims("canvas", [name]) == {}
    assert recognise([name]) == "folder"


@pytest.mark.parametrize(
    ("name", "folder", "wanted"),
    [
        (f"Ada Lovelace_1234_assignsubmission_file/{FILE}",
         "Ada Lovelace_1234_assignsubmission_file", ("moodle:1234", "Ada Lovelace", 1, None, "")),
        (f"Ada_12_assignsubmission_file_/{FILE}",
         "Ada_12_assignsubmission_file_", ("moodle:12", "Ada", 1, None, "")),
        (f"Jean_Luc 2_12_assignsubmission_file/sub/{FILE}",
         "Jean_Luc 2_12_assignsubmission_file", ("moodle:12", "Jean_Luc 2", 1, None, "")),
        (f"Ada_12_assignsubmission_file_{FILE}",
         f"Ada_12_assignsubmission_file_{FILE}", ("moodle:12", "Ada", 1, None, "")),
        ("Ada_12_assignsubmission_onlinetext/onlinetext.html",
         "Ada_12_assignsubmission_onlinetext", ("moodle:12", "Ada", 1, None, TEXT)),
        ("Ada_12_assignsubmission_file/a.docx",
         "Ada_12_assignsubmission_file", ("moodle:12", "Ada", 1, None, "a .docx file was hande")),
    ],
)  # fmt: skip
def test_moodle(name: str, folder: str, wanted: tuple[str, str, int, None, str]) -> None:
    assert told("moodle", name) == wanted
    assert claims("moodle", [name])[name].filename == folder
    assert recognise([name]) == "moodle"


@pytest.mark.parametrize(
    ("names", "system"),
    [
        ([f"a_1_2_{FILE}", "b_LATE_3_4_x.pdf", "c_5_text.html"], "canvas"),
        ([f"a_1_2_{FILE}", "notes.ipynb"], "folder"),
        ([f"Ada_1_assignsubmission_file/{FILE}", f"Bo_2_assignsubmission_file_/{FILE}"], "moodle"),
        ([f"Ada_1_assignsubmission_file/{FILE}", f"Bo/{FILE}"], "tree"),
        ([f"course/submitted/ada/ps1/{FILE}", f"course/submitted/bo/ps1/{FILE}"], "nbgrader"),
        ([f"submitted/ada/ps1/{FILE}"], "nbgrader"),
        ([f"ada/{FILE}", f"bo/tutorial/{FILE}"], "tree"),
        ([f"ada/{FILE}", "bo.ipynb"], "folder"),
        ([], "folder"),
    ],
)
def test_a_system_is_recognised_where_every_name_is_its_own(names: list[str], system: str) -> None:
    assert recognise(names) == system


def test_folders_and_files_are_students_by_their_names() -> None:
    assert told("nbgrader", f"submitted/ada/ps1/{FILE}")[0] == "folder:ada"
    assert told("tree", f"ada/ps1/{FILE}")[0] == "folder:ada"
    assert told("folder", "some/ada.ipynb")[0] == "folder:ada"
    assert claims("tree", ["alone.ipynb"]) == {}
    assert claims("nbgrader", ["submitted/ada.ipynb"]) == {}


def test_pictures_beside_a_notebook_are_passed_over() -> None:
    names = ["a_1_2_t.ipynb", "a_1_3_plot.png", "a_1_4_t-1.ipynb", "b_2_5_scan.pdf",
             "b_2_6_scan2.pdf", "c_3_7_t.py", "c_3_8_requirements.txt", "d_4_9_t.txt"]  # fmt: skip
    extra = {"a_1_3_plot.png", "b_2_6_scan2.pdf", "c_3_8_requirements.txt"}
    assert passed_over(claims("canvas", names)) == extra


def test_a_later_attempt_of_the_wrong_type_is_not_passed_over() -> None:
    found = claims("canvas", ["a_1_2_t.ipynb", "a_1_3_t-1.pdf"])
    assert [one.number for one in found.values()] == [1, 2]
    assert passed_over(found) == set()


def test_attempts_are_numbered_where_an_earlier_one_is_there() -> None:
    found = claims(
        "canvas", ["a_1_2_t.ipynb", "a_1_3_t-1.ipynb", "a_1_4_t-3.ipynb", "b_2_5_t-1.py"]
    )
    assert [one.number for one in found.values()] == [1, 2, 4, 1]


def test_gradescope_says_who_and_when() -> None:
    names = [f"assignment_1_export/submission_22/{FILE}", "assignment_1_export/submission_23/x.pdf",
             "assignment_1_export/submission_metadata.yml"]  # fmt: skip
    assert recognise(names) == "gradescope"
    both = Told(("email:a@x.org", "id:7"), "Ada", "2026-11-20T10:00:00+00:00")
    found = claims("gradescope", names, {"submission_22": both})
    assert list(found) == names[:2]
    assert found[names[0]].handles == ("email:a@x.org", "id:7")
    assert found[names[0]].filename == "submission_22"
    assert found[names[1]].handles == ("gradescope-submission:23",)
    assert found[names[1]].wrong_type


def test_nbgrader_says_when() -> None:
    names = [f"submitted/ada/ps1/{FILE}", "submitted/ada/ps1/timestamp.txt"]
    found = claims("nbgrader", names, {"ada": Told(submitted_at="2026-11-20T10:00:00+01:00")})
    assert list(found) == names[:1]
    assert found[names[0]].submitted_at == "2026-11-20T10:00:00+01:00"


word = st.text(
    st.characters(codec="utf-8", exclude_characters="_/\0"), min_size=1, max_size=12
).filter(lambda text: not (text.isascii() and text.isdigit()) and text != "anon")
number = st.integers(0, 10**9).map(str)


@given(name=word, late=st.sampled_from(["", "_LATE"]), user=number, attachment=number, file=word)
def test_a_name_that_canvas_makes_is_read_back(
    name: str, late: str, user: str, attachment: str, file: str
) -> None:
    whole = f"{name}{late}_{user}_{attachment}_{file}.ipynb"
    found = claims("canvas", [whole])[whole]
    assert found.handles == (f"canvas:{user}",)
    assert found.late is bool(late)
    # as Canvas itself will find it when the feedback comes back
    digits = [part for part in found.filename.split("_") if part.isascii() and part.isdigit()]
    assert digits[:2] == [user, attachment]


@given(names=st.lists(st.text(max_size=80), max_size=5))
def test_any_names_are_read(names: list[str]) -> None:
    system = recognise(names)
    for each in READERS:
        found = claims(each, names)
        assert found.keys() <= set(names)
        assert passed_over(found) <= found.keys()
    assert system in READERS
