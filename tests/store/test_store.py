from __future__ import annotations

import contextlib
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.core.errors import StorageError, UsageError
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
