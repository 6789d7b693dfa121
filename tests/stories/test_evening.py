"""The evening after the deadline, from the download of an LMS to its upload and a dispute."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any, Final

import pytest

from grader.resources import shipped
from tests.stories import evening
from tests.stories.command import Done, reports, run_grader

pytestmark = pytest.mark.xdist_group("evening")

HANA: Final = 1007
GROUP: Final = (1003, 1004)
LATE: Final = 1011
UNGRADABLE: Final = {1015, 1019, 1023}
STAYS: Final = "canvas.zip/lovelaceada_1000_5000_tutorial1b.ipynb"


class Evening:
    """A folder in which a teaching assistant works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str | Path, ends: int = 0) -> Done:
        done = run_grader(*arguments, cwd=self.folder)
        assert done.status == ends, done.err + done.out
        return done

    def report(self, part: str) -> dict[str, Any]:
        """The one report whose source has `part` in it."""
        found = [one for source, one in reports(self.folder / "graded").items() if part in source]
        assert len(found) == 1, part
        return found[0]

    def identities(self) -> dict[str, Any]:
        path = self.folder / "graded" / "identities.json"
        assert path.stat().st_mode & 0o777 == 0o600
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found


def shared_out(at: Evening) -> tuple[Path, Path]:
    """Two marking pages; no name and no path of a student is in either."""
    at("mark", "graded", "--page", "marking", "--share", "ann=1/2", "--share", "bo=1/2")
    pages = sorted((at.folder / "marking").glob("*.html"))
    assert len(pages) == 2
    for page in pages:
        text = page.read_text(encoding="utf-8").lower()
        for member in evening.CLASS:
            assert member.sortable not in text
            assert f"{member.user}_" not in text
            assert member.name.lower() not in text
        assert "canvas-zip" not in text
    return pages[0], pages[1]


def came_in(at: Evening, graded: Done) -> None:
    """Attempts, lateness, a group, what cannot be graded; names in one place only."""
    assert "read as a download of Canvas" in graded.err
    assert "1 of the roster handed in nothing: Nadia Nobody" in graded.err
    assert "identical files" in graded.err
    assert len(reports(at.folder / "graded")) == 40
    hana = at.report("_5071_")
    assert (hana["submission"]["attempt"]["number"], hana["submission"]["attempt"]["of"]) == (2, 2)
    assert at.report(f"_{LATE}_")["submission"]["attempt"]["late_flag"] is True
    assert len(at.report(f"_{GROUP[0]}_")["submission"]["submitters"]) == 2
    for user in UNGRADABLE:
        report = at.report(f"_{user}_")
        assert report["status"] == "ungradable"
        assert report["final"]["score"] is None
    known = json.dumps(
        [one["submission"]["submitters"] for one in reports(at.folder / "graded").values()]
    )
    assert "Ada" not in known
    assert "@example.org" not in known
    assert {one["name"] for one in at.identities()["students"]} >= {"Ada Lovelace", "Nadia Nobody"}


def marked(at: Evening) -> None:
    """Two markers, one answer that both of them marked, and three decisions of a third."""
    ann, bo = shared_out(at)
    rows, others = evening.rows_of(ann, 4), evening.rows_of(bo, 3)
    twice = next(row for row in rows if row["points"])
    evening.marks_csv(at.folder / "ann.csv", rows)
    evening.marks_csv(at.folder / "bo.csv", [*others, {**twice, "points": 1, "by": "bo"}])
    taken = at("mark", "graded", "--import", "bo.csv", "--import", "ann.csv", ends=1)
    assert "36 marks taken in" in taken.out
    conflict = re.search(r"conflict, not taken: (\S+) discussion: ann 4, bo 1", taken.out)
    assert conflict is not None
    assert "1 left to mark" in taken.out
    again = at("mark", "graded", "--import", "bo.csv", "--import", "ann.csv", ends=1)
    assert "0 marks taken in, 36 were there already" in again.out
    at("override", conflict[1], "discussion", "--points", "2.5", "--reason", "Read by both.",
       "--by", "head", "--out", "graded")  # fmt: skip
    at("override", at.report("_1030_")["submission"]["id"], "stable", "--points", "2", "--reason",
       "The handout was ambiguous.", "--by", "head", "--out", "graded")  # fmt: skip
    at("override", at.report("_1019_")["submission"]["id"], "--excuse", "--reason", "Ill.",
       "--by", "head", "--out", "graded")  # fmt: skip


def sent_out(at: Evening) -> None:
    """Only the column of the assignment changes; nobody gets a 0 who has no mark."""
    exported = at("export", "canvas", "graded", "--template", "gradebook.csv", "--assignment",
                  "Tutorial 1b", ends=1)  # fmt: skip
    assert "no score yet for 2 of 39" in exported.err
    before = evening.table((at.folder / "gradebook.csv").read_text(encoding="utf-8"))
    [path] = (at.folder / "graded" / "export" / "canvas").iterdir()
    after = evening.table(path.read_bytes())
    assert [{**row, "Tutorial 1b (88)": ""} for row in after[1:]] == [
        {**row, "Tutorial 1b (88)": ""} for row in before[1:]
    ]
    marks = {int(row["ID"]): row["Tutorial 1b (88)"] for row in after[1:]}
    assert {user for user, mark in marks.items() if not mark} == {1015, 1023, 1099}
    assert marks[1019] == "EX"
    assert marks[GROUP[0]] == marks[GROUP[1]] != ""
    for user in (1000, HANA, LATE, 1030):
        final = at.report("_5071_" if user == HANA else f"_{user}_")["final"]["score"]
        assert marks[user] == f"{final:.2f}"
    assert float(marks[HANA]) >= 20  # the second attempt, which is right
    at("export", "canvas-feedback", "graded", ends=1)
    [feedback] = (at.folder / "graded" / "export" / "canvas-feedback").iterdir()
    with zipfile.ZipFile(feedback) as archive:
        names = archive.namelist()
        page = archive.read("oneillada_1030_5300_tutorial1b.html").decode()
    assert all(re.fullmatch(r"[^_]+(_LATE)?_\d+_\d+_.+\.html", name) for name in names)
    assert "The handout was ambiguous." in page
    assert "head" not in re.sub(r"<[^>]*>", " ", page).split()


def judged_again(at: Evening) -> None:
    """A mistake in the rubric is found: judged again, compared, exported again."""
    shutil.copytree(at.folder / "graded", at.folder / "old")
    rubric = at.folder / "rubric.yaml"
    text = rubric.read_text(encoding="utf-8")
    start = text.index("id: values")
    points = text.index("points: 4", start)
    rubric.write_text(text[:points] + "points: 5" + text[points + 9 :], encoding="utf-8")
    at("rejudge", "graded", ends=1)
    compared = at("compare", "old", "graded", ends=1)
    assert re.search(
        rf"{re.escape(STAYS)}: \d+ -> \d+;.*values 4/4 passed -> 5/5 passed", compared.out
    )
    assert "rubric" in compared.out
    assert at.report("_1030_")["final"]["score"] is not None
    listed = at("mark", "graded", "--list", ends=1)
    assert "0 conflicts" in listed.out
    at("export", "canvas", "graded", "--template", "gradebook.csv", "--assignment", "88", ends=1)
    [path] = (at.folder / "graded" / "export" / "canvas").iterdir()
    marks = {
        int(row["ID"]): row["Tutorial 1b (88)"] for row in evening.table(path.read_bytes())[1:]
    }
    assert marks[1000] == f"{at.report('_1000_')['final']['score']:.2f}"


def asked_and_left(at: Evening) -> None:
    """One asks and is run again; one leaves and is in nothing any more."""
    ada = at.report("_1000_")["submission"]["id"]
    rerun = at("explain", ada, "--rerun", "--out", "graded")
    assert "run again" in rerun.out
    at("forget", "s0@example.org", "--out", "graded")
    assert not any("_1000_" in source for source in reports(at.folder / "graded"))
    left = "".join(
        one.read_text(encoding="utf-8", errors="replace")
        for one in (at.folder / "graded").rglob("*")
        if one.is_file() and one.suffix in (".json", ".jsonl", ".csv") and "export" not in one.parts
    )
    assert "lovelaceada" not in left
    assert "s0@example.org" not in left


def test_from_a_canvas_download_to_its_gradebook(tmp_path: Path) -> None:
    at = Evening(tmp_path)
    evening.canvas_zip(tmp_path / "canvas.zip")
    evening.roster(tmp_path / "students.csv")
    evening.canvas_gradebook(tmp_path / "gradebook.csv")
    rubric = tmp_path / "rubric.yaml"
    shutil.copy(shipped("rubrics") / "softmax.yaml", rubric)
    graded = at("grade", "canvas.zip", "--rubric", "./rubric.yaml", "--roster", "students.csv",
                "--out", "graded", ends=1)  # fmt: skip
    came_in(at, graded)
    marked(at)
    sent_out(at)
    judged_again(at)
    asked_and_left(at)


def test_from_a_moodle_download_to_its_worksheet(tmp_path: Path) -> None:
    at = Evening(tmp_path)
    evening.moodle_zip(tmp_path / "moodle.zip")
    evening.roster(tmp_path / "students.csv")
    evening.moodle_worksheet(tmp_path / "worksheet.csv")
    graded = at("grade", "moodle.zip", "--rubric", "softmax", "--roster", "students.csv",
                "--out", "graded", ends=1)  # fmt: skip
    assert "read as a download of Moodle" in graded.err
    ann, bo = shared_out(at)
    evening.marks_csv(tmp_path / "ann.csv", evening.rows_of(ann, 4))
    evening.marks_csv(tmp_path / "bo.csv", evening.rows_of(bo, 5))
    assert (
        "36 marks taken in" in at("mark", "graded", "--import", "ann.csv", "--import", "bo.csv").out
    )
    at("export", "moodle", "graded", "--template", "worksheet.csv", ends=1)
    [path] = (tmp_path / "graded" / "export" / "moodle").iterdir()
    rows = evening.table(path.read_bytes())
    assert len(rows) == 40
    marks = {int(re.findall(r"\d+", row["ID"])[0]): row["Bewertung"] for row in rows}
    assert {user for user, mark in marks.items() if mark in ("", "-")} == UNGRADABLE
    assert marks[GROUP[0]] == marks[GROUP[1]]
    final = at.report(f"_{HANA}_")["final"]["score"]
    assert marks[HANA].replace(",", ".") == f"{final:.2f}"
    at("export", "moodle-feedback", "graded", ends=1)
    [feedback] = (tmp_path / "graded" / "export" / "moodle-feedback").iterdir()
    with zipfile.ZipFile(feedback) as archive:
        folders = {name.split("/")[0] for name in archive.namelist()}
    assert "Ada Lovelace_1000_assignsubmission_file" in folders


GRADESCOPE: Final = """submission_22:
  :submitters:
  - :name: Ada Lovelace
    :email: s0@example.org
  - :name: Bela Lovelace
    :email: s1@example.org
  :created_at: 2026-11-20 11:00:00.00 Z
"""


@pytest.mark.parametrize("system", ["gradescope", "nbgrader"])
def test_downloads_that_say_when(tmp_path: Path, system: str) -> None:
    at = Evening(tmp_path)
    code = "import torch\n\ndef good_softmax(x):\n    return torch.zeros_like(x)\n"
    evening.roster(tmp_path / "students.csv")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        if system == "gradescope":
            archive.writestr("assignment_1_export/submission_metadata.yml", GRADESCOPE)
            archive.writestr("assignment_1_export/submission_22/work.py", code)
        else:
            archive.writestr("submitted/1/ps1/work.py", code)
            archive.writestr("submitted/1/ps1/timestamp.txt", "2026-11-20 12:00:00 Europe/Berlin")
    at("grade", "all.zip", "--rubric", "softmax", "--roster", "students.csv", "--due",
       "2026-11-20T10:00:00+00:00", "--out", "graded", ends=1)  # fmt: skip
    assert len(reports(tmp_path / "graded")) == 1
    attempt = at.report("work.py")["submission"]["attempt"]
    assert (attempt["late_flag"], attempt["late_seconds"]) == (True, 3600)
    known = {one["key"]: one["name"] for one in at.identities()["students"]}
    names = {known[key] for key in at.report("work.py")["submission"]["submitters"]}
    assert (
        names == {"Ada Lovelace", "Bela Lovelace"} if system == "gradescope" else {"Ada Lovelace"}
    )
