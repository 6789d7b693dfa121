from __future__ import annotations

import contextlib
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grader.core.decision import Entry, Kind
from grader.core.errors import StorageError, UsageError
from grader.core.handin import Handin, Identities, Student
from grader.core.report import Report
from grader.store import RunInfo, Store, records, row_of
from tests.store.samples import criterion, graded, record, report

INFO = RunInfo(
    inputs=("class",),
    reference="sample",
    rubric_id="sample",
    rubric_version="1.0",
    rubric_sha256="0" * 64,
    seed=1,
    fixtures={"values/pair": "digest"},
    isolation="none",
)
GOLDEN = Path(__file__).parent / "golden" / "report-1.0.json"


Begin = Callable[[Path], Store]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Begins a run into a folder; the lock is let go of after the test."""
    with contextlib.ExitStack() as stores:

        def begun(folder: Path) -> Store:
            store = stores.enter_context(contextlib.closing(Store(folder)))
            store.begin(INFO)
            return store

        yield begun


def test_a_saved_submission_comes_back(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    one, two = graded("a.py"), graded("b.py")
    rows = [store.save(one), store.save(two)]
    store.finish(rows)
    assert list(store.reports()) == sorted([one.report, two.report], key=lambda r: r.submission.id)
    assert {found.source: found for found in store.records()} == {
        "a.py": one.record,
        "b.py": two.record,
    }
    assert store.rows() == {row.id: row for row in rows}
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["submissions"] == 2
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700


def test_the_same_run_makes_the_same_bytes(begin: Begin, tmp_path: Path) -> None:
    seen = []
    for name, order in (("one", ("a.py", "b.py")), ("two", ("b.py", "a.py"))):
        store = begin(tmp_path / name)
        store.finish([store.save(graded(source)) for source in order])
        paths = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        seen.append([(str(path.relative_to(tmp_path / name)), path.read_bytes()) for path in paths])
    assert seen[0] == seen[1]


def test_a_second_run_adds_its_inputs(begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "out").close()
    store = Store(tmp_path / "out")
    assert store.begin(replace(INFO, inputs=("late",))) == INFO
    store.close()
    assert store.run is not None
    assert store.run.inputs == ("class", "late")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seed": 2}, r"another seed.*grader grade class --rubric sample --seed 2 --out .*out-2"),
        ({"fixtures": {}}, "another set of fixtures"),
        ({"rubric_sha256": "1" * 64}, r"another rubric.*grader rejudge .*out --rubric sample"),
        ({"targets": {"forward": "f"}}, "other --target names"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    begin: Begin, tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    begin(tmp_path / "out").close()
    before = (tmp_path / "out" / "run.json").read_bytes()
    with pytest.raises(UsageError, match=said):
        Store(tmp_path / "out").begin(replace(INFO, **changed))  # type: ignore[arg-type]  # fields by name
    assert (tmp_path / "out" / "run.json").read_bytes() == before


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        Store(tmp_path).begin(INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_graders_do_not_share_a_folder(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    with pytest.raises(UsageError, match="another grader is writing"):
        Store(tmp_path / "out").begin(INFO)
    store.close()
    begin(tmp_path / "out")


def test_what_a_killed_run_left_half_written_is_removed(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    store.save(graded("a.py"))
    store.close()
    half = tmp_path / "out" / "reports" / ".partial-x.json"
    half.write_text("{")
    assert len(store.ids()) == 1
    begin(tmp_path / "out")
    assert not half.exists()


@pytest.mark.parametrize("left", ["", ".partial-x", ".staged/a.json"])
def test_a_run_that_was_killed_before_it_said_what_it_is_leaves_a_new_folder(
    begin: Begin, tmp_path: Path, left: str
) -> None:
    store = Store(tmp_path / "out")
    store.prepare()
    store.close()
    if left:
        (tmp_path / "out" / left).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / left).write_text("{")
    begin(tmp_path / "out")
    assert not left or not (tmp_path / "out" / left).exists()


def test_reports_whose_run_file_is_gone_are_not_taken_for_a_new_folder(
    begin: Begin, tmp_path: Path
) -> None:
    store = begin(tmp_path / "out")
    store.save(graded("a.py"))
    store.close()
    (tmp_path / "out" / "run.json").unlink()
    with pytest.raises(UsageError, match="no folder of grader's"):
        Store(tmp_path / "out").begin(INFO)


def test_a_refused_run_keeps_no_lock(begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "out").close()
    with pytest.raises(UsageError, match="another seed"):
        Store(tmp_path / "out").begin(replace(INFO, seed=2))
    begin(tmp_path / "out")


@pytest.mark.parametrize("name", ["reports", "observations", "observations/index", ".staged"])
def test_nothing_is_written_behind_a_link(begin: Begin, tmp_path: Path, name: str) -> None:
    begin(tmp_path / "out").close()
    place = tmp_path / "out" / name
    if place.exists():
        shutil.move(place, tmp_path / "moved")
    (tmp_path / "moved").mkdir(exist_ok=True)
    place.symlink_to(tmp_path / "moved")
    with pytest.raises(StorageError, match="is a symbolic link"):
        Store(tmp_path / "out").begin(INFO)


def test_a_lock_that_is_a_link_is_told(begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "out").close()
    (tmp_path / "out" / ".lock").unlink()
    (tmp_path / "out" / ".lock").symlink_to(tmp_path / "made")
    with pytest.raises(StorageError, match="cannot lock"):
        Store(tmp_path / "out").begin(INFO)
    assert not (tmp_path / "made").exists()


def test_staged_reports_show_only_when_published(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    old = store.save(graded("a.py"))
    new = report("a.py", b"data", criterion("values", "failed", 0))
    store.stage(new)
    assert store.rows()[old.id] == old
    store.publish()
    assert store.rows()[old.id] == row_of(new)
    store.publish()


def test_a_damaged_report_is_told_and_costs_no_other(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    bad, good = store.save(graded("a.py")), store.save(graded("b.py"))
    (tmp_path / "out" / "reports" / f"{bad.id}.json").write_text('{"schema_version": "1.0"}')
    with pytest.raises(StorageError, match="damaged"):
        store.report(bad.id)
    assert list(store.rows()) == [good.id]


def test_a_report_is_believed_only_as_it_was_written(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    bad, good = store.save(graded("a.py")), store.save(graded("b.py"))
    path = tmp_path / "out" / "reports" / f"{bad.id}.json"
    path.write_bytes(path.read_bytes().replace(b'"score": 4.0', b'"score": 5.0'))
    with pytest.raises(StorageError, match="not as it was written"):
        store.report(bad.id)
    shutil.copyfile(tmp_path / "out" / "reports" / f"{good.id}.json", path)
    with pytest.raises(StorageError, match="of another submission"):
        store.report(bad.id)
    assert list(store.rows()) == [good.id]
    store.save(graded("a.py"))
    assert set(store.rows()) == {bad.id, good.id}


def test_a_report_whose_observations_are_damaged_is_graded_again(
    begin: Begin, tmp_path: Path
) -> None:
    store = begin(tmp_path / "out")
    row = store.save(graded("a.py"))
    (path,) = (tmp_path / "out" / "observations").glob("*.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\xff")
    assert store.rows() == {}
    store.save(graded("a.py"))
    assert path.read_bytes() == whole
    assert list(store.rows()) == [row.id]


def test_a_disk_that_fills_between_record_and_report_leaves_the_old_pair(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = begin(tmp_path / "out")
    old = store.save(graded("a.py"))
    again = graded("a.py")
    changed = replace(again, report=report("a.py", b"data", criterion("values", "failed", 0)))

    def full(*_: object, **__: object) -> None:
        raise StorageError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(records, "write_record", full)
        with pytest.raises(StorageError, match="no room"):
            store.save(changed)
    assert store.rows() == {old.id: old}
    assert [path.stem for path in (tmp_path / "out" / "reports").iterdir()] == [old.id]


def test_a_missing_record_is_told(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    with pytest.raises(StorageError, match="No such file"):
        store.record(record().submission_id)


def test_a_run_file_that_is_damaged_is_told(begin: Begin, tmp_path: Path) -> None:
    begin(tmp_path / "out").close()
    (tmp_path / "out" / "run.json").write_text('{"seed": 1}')
    with pytest.raises(StorageError, match="damaged"):
        Store(tmp_path / "out").begin(INFO)


def _kept(golden: object, read: object) -> None:
    """Everything that was told is told still; a later version may tell more."""
    if isinstance(golden, dict) and isinstance(read, dict):
        for key, value in golden.items():
            _kept(value, read[key])
    elif isinstance(golden, list) and isinstance(read, list):
        assert len(golden) == len(read)
        for one, other in zip(golden, read, strict=True):
            _kept(one, other)
    else:
        assert golden == read


def test_a_report_of_schema_1_0_is_read_whatever_was_added_since(
    begin: Begin, tmp_path: Path
) -> None:
    golden = json.loads(GOLDEN.read_text())
    read = Report.model_validate(golden)
    assert read.schema_version == "1.0"
    _kept(golden, json.loads(read.model_dump_json()))
    store = begin(tmp_path / "out")
    newer = {**golden, "schema_version": "1.7", "added_later": {"x": 1}}
    newer["submission"] = {**golden["submission"], "added_later": 1}
    path = tmp_path / "out" / "reports" / f"{read.submission.id}.json"
    path.write_text(json.dumps(newer))
    _kept(
        golden["criteria"],
        json.loads(store.report(read.submission.id).model_dump_json())["criteria"],
    )


def test_a_report_of_another_major_version_is_refused(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    shutil.copy(GOLDEN, tmp_path / "out" / "reports" / "x.json")
    path = tmp_path / "out" / "reports" / "x.json"
    path.write_text(path.read_text().replace('"schema_version": "1.0"', '"schema_version": "2.0"'))
    with pytest.raises(StorageError, match="damaged"):
        store.report("x")


# Decisions and identities. -----------------------------------------------------------------------


def _decision(about: Report, kind: Kind = "comment", **more: Any) -> Entry:
    facts = about.submission
    return Entry(
        at="2026-11-23T20:00:00Z",
        by="ann",
        submission=facts.id,
        sha256=facts.sha256,
        kind=kind,
        **{"reason": "because", **more},
    )


def _handin(about: Report, *students: str) -> Handin:
    facts = about.submission
    return Handin(
        submission=facts.id,
        source=facts.source,
        sha256=facts.sha256,
        filename="work.ipynb",
        students=students,
    )


def test_decisions_and_students_reach_the_reports_on_refresh(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    one, two = graded("a.py"), graded("b.py")
    store.finish([store.save(one), store.save(two)])
    untouched = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/reports").iterdir()}
    store.identify(Identities(handins=(_handin(one.report, "s-1"),)))
    (added,) = store.decide([_decision(one.report, "override", criterion="values", points=1.0)])
    store.finish(store.refresh().values())
    found = store.report(one.report.submission.id)
    assert found.submission.submitters == ("s-1",)
    assert [(each.points, each.entry) for each in found.adjustments] == [(-3.0, added.id)]
    assert found.final.score == 1.0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert [row["final"] for row in summary["rows"]] == [1.0, 4.0]
    assert ",1.00," in (tmp_path / "out" / "scores.csv").read_text()
    # only what changes is written
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/reports").iterdir()}
    assert store.rows() == store.refresh()
    assert written == {path: path.stat().st_mtime_ns for path in untouched}


def test_without_decisions_reports_stay_as_the_grader_made_them(
    begin: Begin, tmp_path: Path
) -> None:
    store = begin(tmp_path / "out")
    store.save(graded("a.py"))
    before = store.report(store.ids()[0])
    store.refresh()
    assert store.report(store.ids()[0]) == before


def test_a_report_made_anew_takes_its_decisions_again(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    made = graded("a.py")
    store.save(made)
    store.decide([_decision(made.report)])
    store.refresh()
    decided = store.report(made.report.submission.id)
    store.save(made)
    assert store.report(made.report.submission.id) != decided
    store.refresh()
    assert store.report(made.report.submission.id) == decided
    assert store.decider()(made.report).report == decided
    assert [one.report for one in store.decided()] == [decided]


def test_a_damaged_report_keeps_no_other_from_its_decisions(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    bad, good = graded("a.py"), graded("b.py")
    store.save(bad)
    store.save(good)
    store.decide([_decision(good.report)])
    path = tmp_path / "out" / "reports" / f"{bad.report.submission.id}.json"
    path.write_text("{")
    assert list(store.refresh()) == [good.report.submission.id]
    assert store.report(good.report.submission.id).adjustments
    assert path.read_text() == "{"


def test_a_ledger_that_a_power_cut_tore_is_repaired_on_demand(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    made = graded("a.py")
    store.save(made)
    store.decide([_decision(made.report), _decision(made.report)])
    path = tmp_path / "out" / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(StorageError, match="line 2 is cut off"):
        store.refresh()
    assert store.repair_ledger()
    assert len(store.ledger) == 1
    store.refresh()


def test_a_second_run_keeps_decisions_and_identities(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    made = graded("a.py")
    store.save(made)
    store.decide([_decision(made.report)])
    store.identify(Identities(handins=(_handin(made.report, "s-1"),)))
    kept = (store.ledger, store.identities)
    store.close()
    again = begin(tmp_path / "out")
    assert (again.ledger, again.identities) == kept


def test_a_lone_ledger_is_not_taken_for_a_new_folder(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    store.decide([_decision(graded("a.py").report)])
    store.close()
    (tmp_path / "out" / "run.json").unlink()
    with pytest.raises(UsageError, match="no folder of grader's"):
        Store(tmp_path / "out").begin(INFO)


def test_a_forgotten_student_is_nowhere(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    # the same run as another's: what ran is shared, and stays for the other
    gone, left = graded("gone.py"), graded("left.py")
    store.finish([store.save(gone), store.save(left)])
    shared = [path.name for path in (tmp_path / "out/observations").glob("*.safetensors")]
    assert len(shared) == 1
    identities = Identities(
        students=(Student(key="s-1", name="Gone Gail"), Student(key="s-2", name="Left Lou")),
        handins=(_handin(gone.report, "s-1"), _handin(left.report, "s-1", "s-2")),
    )
    store.identify(identities)
    store.decide([_decision(gone.report), _decision(left.report)])
    store.finish(store.refresh().values())
    assert store.forget({"s-1"}, {gone.report.submission.id}, "lead") == 1
    names = (gone.report.submission.id, "Gone Gail", "s-1", "gone.py")
    for path in sorted((tmp_path / "out").rglob("*")):
        if path.is_file():
            assert not any(name.encode() in path.read_bytes() for name in names), path
            assert gone.report.submission.id not in path.name
    assert store.ids() == store.record_ids() == (left.report.submission.id,)
    assert store.report(left.report.submission.id).submission.submitters == ("s-2",)
    assert [one.entry for one in store.report(store.ids()[0]).adjustments] == [store.ledger[0].id]
    assert store.record(left.report.submission.id) == left.record
    # and what only they ran goes too, when they go
    store.forget({"s-2"}, {left.report.submission.id}, "lead")
    assert not list((tmp_path / "out/observations").glob("*.safetensors"))
    assert store.identities.students == ()


def test_a_damaged_record_keeps_nobody_from_being_forgotten(begin: Begin, tmp_path: Path) -> None:
    store = begin(tmp_path / "out")
    gone, other = graded("gone.py"), graded("other.py")
    store.save(gone)
    store.save(other)
    index = tmp_path / "out/observations/index"
    (index / f"{other.report.submission.id}.json").write_text("{")
    store.forget((), {gone.report.submission.id}, "lead")
    assert store.ids() == (other.report.submission.id,)
    assert not (index / f"{gone.report.submission.id}.json").exists()
