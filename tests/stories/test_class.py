"""A class graded into a folder, as a course would do it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shlex
import shutil
import stat
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from grader import assignments, fixtures
from grader.resources import shipped
from grader.store import Store
from tests.stories.command import Done, put, reports, run_grader, statuses, without_run
from tests.stories.promises import BONUS, CRITERIA, ENDLESS, FOLDER, PROMISES, broken, listed

pytestmark = pytest.mark.xdist_group("class")

RUBRIC: Final = shipped("rubrics") / "softmax.yaml"
LOG_RIGHT: Final = """
def good_log_softmax(x):
    z = x - x.max(dim=-1, keepdim=True).values
    return z - z.exp().sum(dim=-1, keepdim=True).log()
"""
LOG_ZEROS: Final = "def good_log_softmax(x):\n    return x * 0\n"


class Course:
    """A folder with the class in `class`, graded into `out`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(FOLDER, folder / "class", ignore=shutil.ignore_patterns(ENDLESS))
        self.out = folder / "out"
        self.done = self.grade("class", out="out", jobs=1)
        self.reports = reports(self.out)

    def grade(self, *paths: str, out: str, jobs: int) -> Done:
        options = ("--rubric", "softmax", "--out", out, "--jobs", str(jobs))
        return run_grader("grade", *paths, *options, cwd=self.folder)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    return Course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def copied(course: Course, tmp_path: Path) -> Path:
    """The output folder to change at will, beside the class."""
    shutil.copytree(course.out, tmp_path / "out")
    shutil.copytree(course.folder / "class", tmp_path / "class")
    return tmp_path


def test_the_promises_are_those_of_the_table_and_of_the_folder() -> None:
    files = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert listed() == files
    assert set(PROMISES) == files - {ENDLESS}


@pytest.mark.parametrize("source", PROMISES)
def test_the_table_holds(course: Course, source: str) -> None:
    assert not broken(course.reports[source], PROMISES[source])


def test_every_submission_has_its_report_and_no_other_file_has(course: Course) -> None:
    assert set(course.reports) == set(PROMISES)


def test_a_broken_promise_would_be_seen(course: Course) -> None:
    assert broken(course.reports["kira.ipynb"], PROMISES["ada/tutorial1b.ipynb"])
    assert broken(course.reports["ada/tutorial1b.ipynb"], PROMISES["kira.ipynb"])


@pytest.mark.parametrize("student", ["ivan", "jonas"])
def test_a_notebook_and_its_export_are_one_slice(course: Course, student: str) -> None:
    store, code = Store(course.out), []
    for suffix in ("ipynb", "txt"):
        identifier = course.reports[f"{student}/tutorial1b.{suffix}"]["submission"]["id"]
        found = store.record(identifier).slices["forward"]
        code.append([(one.code, one.location.cell, one.binds) for one in found.statements])
    assert code[0] == code[1]


@pytest.mark.parametrize("suffix", ["ipynb", "txt"])
def test_the_version_in_comments_is_not_taken(course: Course, suffix: str) -> None:
    report = course.reports[f"ivan/tutorial1b.{suffix}"]
    record = Store(course.out).record(report["submission"]["id"])
    (definition,) = [
        one for one in record.slices["forward"].statements if "good_softmax" in one.binds
    ]
    (target,) = [one for one in report["targets"] if one["role"] == "forward"]
    assert target["location"]["cell"] == definition.location.cell
    assert definition.code.startswith("def good_softmax")
    if suffix == "txt":
        text = (FOLDER / "ivan" / "tutorial1b.txt").read_text(encoding="utf-8").splitlines()
        assert text[target["location"]["file_line"] - 1].startswith("def good_softmax")
        assert sum("def good_softmax" in line for line in text) == 2


def test_a_row_length_written_out_holds_for_that_length_only(course: Course) -> None:
    """Two of the table's words that are no status: sami's rows of 20."""
    folder = shipped("rubrics")
    task = assignments.load("softmax", folder).tasks[0]
    where = assignments.fixture_folder("softmax", folder)
    shapes = {one.name: one.truth.expected.shape for one in fixtures.load(where, task)}
    rows = {row["id"]: row for row in course.reports["sami.ipynb"]["criteria"]}
    for criterion in ("values", "stable"):
        held = {one["fixture"]: one["outcome"] == "ok" for one in rows[criterion]["evidence"]}
        assert held == {name: shapes[name] == (1, 20) for name in held}


def test_the_near_miss_is_hinted_at(course: Course) -> None:
    report = course.reports["ugo.ipynb"]
    told = json.dumps([report["criteria"][0]["feedback"], report["diagnoses"]])
    assert "goodsoftmax" in told


def test_a_library_answer_is_capped_with_the_reason(course: Course) -> None:
    (cap,) = course.reports["quinn.ipynb"]["adjustments"]
    assert (cap["kind"], cap["by"]) == ("cap", "rubric")
    assert "5 points" in cap["reason"]


@pytest.mark.parametrize("source", ["xenia.ipynb", "yann.ipynb"])
def test_what_cannot_be_read_says_so_in_one_sentence(course: Course, source: str) -> None:
    report = course.reports[source]
    assert report["status"] == "ungradable"
    assert report["reason"]
    assert "\n" not in report["reason"]
    assert "Traceback" not in report["reason"]


def test_the_rows_add_up(course: Course) -> None:
    for source, report in course.reports.items():
        rows = [Decimal(str(row["points"])) for row in report["criteria"] if not row["bonus"]]
        changes = [Decimal(str(one["points"])) for one in report["adjustments"]]
        assert sum(rows) + sum(changes) == Decimal(str(report["automatic"]["score"])), source


def test_the_run_ends_in_1_with_a_table_and_the_next_command(course: Course) -> None:
    assert course.done.status == 1, course.done.err
    lines = course.done.out.splitlines()
    heads = {line.split()[0]: line for line in lines if line.strip()}
    for source, report in course.reports.items():
        told = heads[source].split()[1]
        read = report["status"] != "ungradable"
        assert told == (f"{report['automatic']['score']:g}/20" if read else "-"), source
    assert any(line.startswith("29 graded in ") for line in lines)
    assert "27 wait for a mark by hand: discussion" in lines
    (following,) = [line for line in lines if line.startswith("next: ")]
    program, *arguments = shlex.split(following.removeprefix("next: "))
    assert program == "grader"
    explained = run_grader(*arguments, cwd=course.folder)
    assert explained.status == 1, explained.err
    assert "implemented" in explained.out


def test_reports_fit_the_shipped_schema(course: Course) -> None:
    schema = json.loads((shipped("rubrics") / "schema" / "report.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for report in course.reports.values():
        validator.validate(report)
    report = course.reports["kira.ipynb"]
    for spoilt in (
        {**report, "status": "fine"},
        {name: value for name, value in report.items() if name != "automatic"},
        {**report, "criteria": [{**report["criteria"][0], "points": "many"}]},
    ):
        assert not validator.is_valid(spoilt)


def test_summary_and_scores_say_what_the_reports_say(course: Course) -> None:
    summary = json.loads((course.out / "summary.json").read_text(encoding="utf-8"))
    rows = {row["source"]: row for row in summary["rows"]}
    with (course.out / "scores.csv").open(encoding="utf-8", newline="") as file:
        scores = {line["source"]: line for line in csv.DictReader(file)}
    assert set(rows) == set(scores) == set(course.reports)
    for source, report in course.reports.items():
        assert rows[source]["id"] == scores[source]["id"] == report["submission"]["id"]
        assert rows[source]["status"] == scores[source]["status"] == report["status"]
        assert rows[source]["score"] == report["automatic"]["score"]
        if report["status"] == "ungradable":
            assert scores[source]["score"] == "", "no mark, which is not the mark 0"
            continue
        assert Decimal(scores[source]["score"]) == Decimal(str(report["automatic"]["score"]))
        for row in report["criteria"]:
            waits = row["status"] in ("pending", "error")
            told = "" if waits else f"{Decimal(str(row['points'])):.2f}"
            assert scores[source][row["id"]] == told


def test_run_json_tells_what_the_reports_were_made_with(course: Course) -> None:
    facts = json.loads((course.out / "run.json").read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(RUBRIC.read_bytes()).hexdigest()
    assert facts["inputs"] == ["class"]
    assert facts["seed"] == fixtures.DEFAULT_SEED
    assert {"grader", "numpy", "python", "torch"} <= set(facts["versions"])
    assert facts["rubric"]["sha256"] == sha256
    assert {report["rubric"]["sha256"] for report in course.reports.values()} == {sha256}


def test_the_folder_is_private(course: Course) -> None:
    assert stat.S_IMODE(course.out.stat().st_mode) == 0o700


def test_the_submissions_are_left_as_they_were(course: Course) -> None:
    for source in PROMISES:
        assert (course.folder / "class" / source).read_bytes() == (FOLDER / source).read_bytes()
    assert {path.name for path in course.folder.iterdir()} == {"class", "out"}


def test_two_workers_write_the_same_bytes(course: Course) -> None:
    done = course.grade("class", out="two", jobs=2)
    assert done.status == 1, done.err
    _same(course.out, course.folder / "two")


def test_neither_order_nor_company_matters(course: Course) -> None:
    names = sorted((path.name for path in (course.folder / "class").iterdir()), reverse=True)
    some = [f"class/{name}" for name in names if "." in name][:4]
    done = course.grade(*some, out="few", jobs=1)
    assert done.status == 1, done.err
    few = {path.name: without_run(path) for path in (course.folder / "few/reports").iterdir()}
    assert len(few) == 4
    assert few == {name: without_run(course.out / "reports" / name) for name in few}


def test_a_second_run_goes_on_where_the_first_stopped(course: Course, copied: Path) -> None:
    ids = [course.reports[source]["submission"]["id"] for source in ("ada/tutorial1b.ipynb",
        "kira.ipynb")]  # fmt: skip
    for identifier in ids:
        (copied / "out" / "reports" / f"{identifier}.json").unlink()
    before = _bytes(copied / "out" / "reports")
    done = run_grader("grade", "class", "--rubric", "softmax", "--out", "out", cwd=copied)
    assert done.status == 1
    assert "continued: 27 already graded" in done.err
    assert "2 graded in " in done.out
    after = _bytes(copied / "out" / "reports")
    assert {name: after[name] for name in before} == before
    _same(course.out, copied / "out")


def test_a_changed_submission_is_graded_and_no_other(tmp_path: Path) -> None:
    put(tmp_path / "class", a_py=LOG_RIGHT, b_py=LOG_RIGHT)
    grade = ("grade", "class", "--rubric", "log_softmax", "--out", "out")
    run_grader(*grade, cwd=tmp_path)
    before = _bytes(tmp_path / "out" / "reports")
    put(tmp_path / "class", b_py=LOG_ZEROS)
    done = run_grader(*grade, cwd=tmp_path)
    assert "continued: 1 already graded" in done.err
    after = _bytes(tmp_path / "out" / "reports")
    assert {name: after.get(name) for name in before} == before, "an attempt was overwritten"
    assert len(after) == 3


def test_rejudging_moves_nothing_and_writes_no_report(copied: Path) -> None:
    before = _bytes(copied / "out")
    done = run_grader("rejudge", "out", cwd=copied)
    assert done.status == 1, done.err
    assert "29 judged again, nothing moved" in done.out
    assert _bytes(copied / "out") == before


def test_rejudging_by_other_points_says_whose_moved(course: Course, copied: Path) -> None:
    stable = re.compile(r"(  - id: stable\n(?:    .*\n)*?    points: )5\n")
    changed, count = stable.subn(r"\g<1>7\n", RUBRIC.read_text(encoding="utf-8"))
    assert count == 1
    (copied / "mine.yaml").write_text(changed, encoding="utf-8")
    done = run_grader("rejudge", "out", "--rubric", "mine.yaml", cwd=copied)
    assert done.status == 1, done.err
    told = dict(line.split(": ", 1) for line in done.out.splitlines() if ": " in line)
    assert "20/20 +5 -> 22/22 +5" in told["ada/tutorial1b.ipynb"]
    assert "stable 5 -> 7 of 7" in told["ada/tutorial1b.ipynb"]
    assert "0/20 -> 0/22" in told["ivan/tutorial1b.txt"]
    moved = reports(copied / "out")
    for source, report in course.reports.items():
        assert statuses(moved[source]) == statuses(report), source
    scaled = moved["mei/tutorial1b.ipynb"]["automatic"]["score"]
    assert scaled > course.reports["mei/tutorial1b.ipynb"]["automatic"]["score"] + 1

    refused = run_grader("grade", "class", "--rubric", "softmax", "--out", "out", cwd=copied)
    assert refused.status == 2, "the folder is the new rubric's now"
    back = run_grader("rejudge", "out", "--rubric", "softmax", cwd=copied)
    assert back.status == 1, back.err
    _same(course.out, copied / "out")


def test_another_seed_is_refused_with_a_command_that_works(tmp_path: Path) -> None:
    put(tmp_path / "class", a_py=LOG_RIGHT)
    grade = ("grade", "class", "--rubric", "log_softmax", "--out", "out")
    assert run_grader(*grade, cwd=tmp_path).status == 0
    before = _bytes(tmp_path / "out")
    refused = run_grader(*grade, "--seed", "7", cwd=tmp_path)
    assert refused.status == 2
    assert "out was graded with another seed" in refused.err
    assert _bytes(tmp_path / "out") == before
    told = shlex.split(refused.err.rsplit("use another folder: ", 1)[1])
    assert told[0] == "grader"
    done = run_grader(*told[1:], cwd=tmp_path)
    assert done.status == 0, done.err
    facts = json.loads((tmp_path / "out-2" / "run.json").read_text(encoding="utf-8"))
    assert facts["seed"] == 7


@pytest.mark.parametrize("name", ["log_softmax", "mine.yaml"])
def test_another_rubric_is_refused_with_a_command(copied: Path, name: str) -> None:
    text = RUBRIC.read_text(encoding="utf-8").replace("points: 4", "points: 6", 1)
    (copied / "mine.yaml").write_text(text, encoding="utf-8")
    before = _bytes(copied / "out")
    refused = run_grader("grade", "class", "--rubric", name, "--out", "out", cwd=copied)
    assert refused.status == 2
    assert f"grader grade class --rubric {name} --seed 1 --out out-2" in refused.err
    assert ("grader rejudge out --rubric mine.yaml" in refused.err) == (name == "mine.yaml")
    assert _bytes(copied / "out") == before


def test_duplicate_file_names_share_no_report(tmp_path: Path) -> None:
    """Same names, same content, names that differ in case or signs only: a report each."""
    put(tmp_path / "class", a__work_py=LOG_RIGHT, b__work_py=LOG_RIGHT, c__work_py=LOG_ZEROS)
    sources = {
        "a/work.py",
        "b/work.py",
        "c/work.py",
        "work.py",
        "Work.py",
        "a-work.py",
        "a work.py",
    }
    for name in sorted(sources):
        (tmp_path / "class" / name).write_text(LOG_ZEROS if name == "c/work.py" else LOG_RIGHT)
    options = ("--rubric", "log_softmax", "--out", "out", "--jobs", "2")
    done = run_grader("grade", "class", *options, cwd=tmp_path)
    assert done.status == 0, done.err
    found = reports(tmp_path / "out")
    assert set(found) == sources
    assert len({report["submission"]["id"] for report in found.values()}) == len(sources)
    scores = {source: report["automatic"]["score"] for source, report in found.items()}
    assert scores == {source: 0 if source == "c/work.py" else 20 for source in sources}


def test_an_endless_loop_costs_its_inputs_and_nobody_else(tmp_path: Path) -> None:
    right = "import torch\ndef good_softmax(x):\n    e = (x - x.amax(-1, keepdim=True)).exp()\n"
    right += "    return e / e.sum(-1, keepdim=True)\n"
    # In one fixture only: every time-out is waited for.
    hangs = right.replace("    e =", "    while x.max() > 9000:\n        pass\n    e =")
    put(tmp_path / "class", a_py=right, b_py=hangs, c_py=right)
    done = run_grader("grade", "class", "--rubric", "softmax", "--out", "out", cwd=tmp_path)
    assert done.status == 1, done.err
    assert "1 was stopped by a limit or a fault, and graded again alone" in done.err
    found = reports(tmp_path / "out")
    for source in ("a.py", "c.py"):
        assert not broken(found[source], PROMISES["carla.py"])
    rows = {row["id"]: row for row in found["b.py"]["criteria"]}
    outcomes = {one["fixture"]: one["outcome"] for one in rows["stable"]["evidence"]}
    assert outcomes["stable/offset-10000"] == "timed_out"
    assert outcomes["stable/pair-100"] == "ok"
    assert rows["stable"]["status"] == "partial"
    for criterion in ("implemented", "values", "batch", "own-argument", "pure"):
        assert rows[criterion]["status"] == "passed", criterion
    assert found["b.py"]["execution"]["limits"]["call_seconds"] == 2, "the run alone counts"
    assert "timeout" in {one["id"] for one in found["b.py"]["diagnoses"]}


def test_every_criterion_is_in_every_report(course: Course) -> None:
    for source, report in course.reports.items():
        if report["status"] != "ungradable":
            assert tuple(statuses(report)) == (*CRITERIA, *BONUS, "discussion"), source


def _same(one: Path, other: Path) -> None:
    """Two folders hold the same reports, byte by byte but for `run`, and the same observations."""
    left, right = ({path.name: without_run(path) for path in (out / "reports").iterdir()}
                   for out in (one, other))  # fmt: skip
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []
    tensors = [
        {path.name: path.read_bytes() for path in (out / "observations").glob("*.safetensors")}
        for out in (one, other)
    ]
    assert tensors[0] == tensors[1]
    for name in ("summary.json", "scores.csv"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def _bytes(folder: Path) -> dict[str, Any]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }
