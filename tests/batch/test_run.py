from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from grader.batch.desk import needs_second_run, open_desk
from grader.batch.find import Found, find
from grader.batch.plan import ExamSpec, Plan
from grader.batch.run import Postponed, default_jobs, grade_all, grade_one, left_to_do
from grader.core.errors import IsolationRefused, SandboxFault, StorageError
from grader.core.record import Graded
from grader.store import Row, RunInfo, Store
from tests.batch.fakes import CROWDED, DYING, ENGINE, LIMITS, REFUSING, exam, stumbling
from tests.store.samples import record

INFO = RunInfo((), "sample", "sample", "1.0", "0" * 64, 1, {}, "none")


def _submissions(folder: Path, told: Mapping[str, str]) -> tuple[Found, ...]:
    (folder / "class").mkdir()
    for name, text in told.items():
        (folder / "class" / f"{name}.py").write_text(text)
    return find([folder / "class"]).found


def _plan(folder: Path) -> Plan:
    store = Store(folder / "out")
    with closing(store):
        store.begin(INFO)
    return Plan(ExamSpec("sample"), isolation="none", folder=folder / "out", engine=ENGINE)


def _run(folder: Path, told: Mapping[str, str], jobs: int) -> tuple[dict[str, Row], list[str]]:
    plan = _plan(folder)
    rows, postponed = {}, []
    for outcome in grade_all(_submissions(folder, told), plan, exam(), jobs):
        if isinstance(outcome, Postponed):
            postponed.append(outcome.source)
        else:
            rows[outcome.source] = outcome
    store = Store(folder / "out")
    assert {row.source: row for row in store.rows().values()} == rows
    assert {one.source for one in store.records()} == set(rows)
    return rows, postponed


def _bytes(folder: Path) -> dict[str, bytes]:
    out = folder / "out"
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_what_is_stored_does_not_depend_on_the_workers(tmp_path: Path) -> None:
    told = {f"s{number}": "late" if number % 3 else "right" for number in range(9)}
    told["slow"] = "hangs-once"
    stored = []
    for jobs in (1, 3):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        rows, postponed = _run(folder, told, jobs)
        assert len(rows) == 10
        assert postponed == ["slow.py"]
        stored.append(_bytes(folder))
    assert stored[0] == stored[1]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_limit_stopped_counts_only_alone(tmp_path: Path, jobs: int) -> None:
    rows, postponed = _run(tmp_path, {"a": "hangs-once", "b": "hangs-always", "c": "right"}, jobs)
    assert postponed == ["a.py", "b.py"]
    assert set(rows) == {"a.py", "b.py", "c.py"}
    records = {one.source: one for one in Store(tmp_path / "out").records()}
    assert [records[name].retried for name in ("a.py", "b.py", "c.py")] == [True, True, False]
    assert records["b.py"].limits == LIMITS.doubled()
    assert needs_second_run(records["a.py"]) == ""
    assert needs_second_run(records["b.py"]) == "stopped by a limit"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_is_no_verdict(tmp_path: Path, jobs: int) -> None:
    rows, postponed = _run(tmp_path, {"a": "fault-always", "b": "bug", "c": "right"}, jobs)
    assert sorted(postponed) == ["a.py", "b.py"]
    assert rows["a.py"].status == "needs_person"
    assert rows["a.py"].reason == "the zygote is gone"
    assert rows["b.py"].reason == "a bug in grader: ZeroDivisionError: odd input"
    assert rows["c.py"].status == "graded"


def test_a_worker_that_dies_costs_nothing(tmp_path: Path) -> None:
    told = {"a": f"dies-once {tmp_path / 'died'}", "b": "dies-always"}
    told |= {f"s{n}": "right" for n in range(4)}
    rows, postponed = _run(tmp_path, told, 2)
    assert sorted(postponed) == ["a.py", "b.py"]
    assert rows["a.py"].status == "graded"
    assert rows["b.py"].status == "needs_person"
    assert "the worker ended" in rows["b.py"].reason
    assert all(rows[f"s{n}.py"].status == "graded" for n in range(4))


@pytest.mark.parametrize(("jobs", "how"), [(1, "fault-once"), (2, "fault-once"), (2, "dies-once")])
def test_what_a_fault_cut_short_is_graded_as_if_it_had_not_been(
    tmp_path: Path, jobs: int, how: str
) -> None:
    told = {"a": f"{how} {tmp_path / 'first'}", "b": "right"}
    _run(tmp_path, told, jobs)
    stored = {one.source: one for one in Store(tmp_path / "out").records()}
    assert (stored["a.py"].retried, stored["a.py"].limits, stored["a.py"].fault) == (
        False,
        LIMITS,
        "",
    )


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_limit_met_after_a_fault_counts_only_alone(tmp_path: Path, jobs: int) -> None:
    told = {"a": f"hangs-always fault-once {tmp_path / 'first'}"}
    rows, postponed = _run(tmp_path, told, jobs)
    assert postponed == ["a.py"]
    assert rows["a.py"].status == "graded"
    (stored,) = Store(tmp_path / "out").records()
    assert (stored.retried, stored.limits) == (True, LIMITS.doubled())


def test_workers_that_cannot_start_end_a_batch(tmp_path: Path) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    plan = replace(_plan(tmp_path), engine=DYING)
    with pytest.raises(SandboxFault, match="no worker can start: the worker ended with status 9"):
        list(grade_all(found, plan, exam(), 2))


def test_a_worker_that_dies_at_its_start_is_replaced(tmp_path: Path) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    plan = replace(_plan(tmp_path), engine=stumbling(tmp_path / "once"))
    rows = [one for one in grade_all(found, plan, exam(), 2) if isinstance(one, Row)]
    assert [row.status for row in rows] == ["graded", "graded"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_and_is_given_back(tmp_path: Path, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    with closing(grade_all(found, _plan(tmp_path), exam(), 1)) as stream:
        next(stream)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        found = _submissions(tmp_path, {"a": "right", "b": "right"})
        stream = grade_all(found, _plan(tmp_path), exam(), 1)
        next(stream)
        signal.raise_signal(signal.SIGHUP)
        assert len(list(stream)) == 1
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_sandbox_that_finds_no_room_is_a_fault(tmp_path: Path) -> None:
    plan = Plan(ExamSpec("sample"), isolation="none", engine=CROWDED)
    with pytest.raises(SandboxFault, match="cannot start: No space left"), open_desk(plan):
        pass


def test_what_could_not_be_judged_is_left_to_do(tmp_path: Path) -> None:
    rows, _ = _run(tmp_path, {"a": "fault-always", "b": "right"}, 1)
    found = find([tmp_path / "class"]).found
    known = {row.id: row for row in rows.values()}
    todo, done = left_to_do(found, known, exam().rubric_sha256)
    assert [one.source for one in todo] == ["a.py"]
    assert [row.source for row in done] == ["b.py"]
    todo, done = left_to_do(found, known, exam().rubric_sha256, again=False)
    assert (todo, sorted(row.source for row in done)) == ((), ["a.py", "b.py"])


@pytest.mark.parametrize("jobs", [1, 2])
def test_files_that_cannot_be_read_have_reports(tmp_path: Path, jobs: int) -> None:
    (tmp_path / "class").mkdir()
    gone = Found("gone.py", tmp_path / "class" / "gone.py")
    (tmp_path / "class" / "a.py").write_text("right")
    here = Found("a.py", tmp_path / "class" / "a.py")
    rows = [
        one
        for one in grade_all([gone, here], _plan(tmp_path), exam(), jobs)
        if isinstance(one, Row)
    ]
    assert {row.source: row.status for row in rows} == {
        "a.py": "graded",
        "gone.py": "needs_person",
    }


@pytest.mark.parametrize("jobs", [1, 2])
def test_refused_isolation_ends_a_batch(tmp_path: Path, jobs: int) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    plan = Plan(ExamSpec("sample"), folder=tmp_path / "out", engine=REFUSING)
    with pytest.raises(IsolationRefused, match="no layer here"):
        list(grade_all(found, plan, exam(), jobs))


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_ends_a_batch(tmp_path: Path, jobs: int) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    plan = Plan(ExamSpec("sample"), folder=tmp_path / "missing", engine=ENGINE)
    with pytest.raises(StorageError, match="cannot write"):
        list(grade_all(found, plan, exam(), jobs))


def test_a_batch_that_is_stopped_keeps_what_was_done(tmp_path: Path) -> None:
    told = {"a": "right", "b": "right", "c": "interrupt", "d": "right"}
    found = _submissions(tmp_path, told)
    plan = _plan(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        list(grade_all(found, plan, exam(), 1))
    rows = Store(tmp_path / "out").rows()
    assert {row.source for row in rows.values()} == {"a.py", "b.py"}
    todo, done = left_to_do(found, rows, exam().rubric_sha256)
    assert [one.source for one in todo] == ["c.py", "d.py"]
    assert sorted(row.source for row in done) == ["a.py", "b.py"]


def test_closing_the_stream_ends_the_workers(tmp_path: Path) -> None:
    found = _submissions(tmp_path, {f"s{n}": "right" for n in range(6)})
    with closing(grade_all(found, _plan(tmp_path), exam(), 2)) as stream:
        first = next(stream)
    assert isinstance(first, Row)
    assert first.id in Store(tmp_path / "out").rows()


def test_a_changed_file_or_rubric_is_left_to_do(tmp_path: Path) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "right"})
    plan = _plan(tmp_path)
    list(grade_all(found, plan, exam(), 1))
    rows = Store(tmp_path / "out").rows()
    todo, done = left_to_do(found, rows, exam().rubric_sha256)
    assert (todo, {row.id for row in done}) == ((), {*rows})
    assert left_to_do(found, rows, "1" * 64) == (found, ())
    (tmp_path / "class" / "a.py").write_text("right, revised")
    todo, _ = left_to_do(found, rows, exam().rubric_sha256)
    assert [one.source for one in todo] == ["a.py"]


def test_one_file_is_graded_without_a_folder(tmp_path: Path) -> None:
    found = _submissions(tmp_path, {"a": "right", "b": "hangs-once", "c": "fault-always"})
    plan = Plan(ExamSpec("sample"), isolation="none", engine=ENGINE)
    with open_desk(plan) as desk:
        graded = [grade_one(one, plan, exam(), desk) for one in found]
    assert all(isinstance(one, Graded) for one in graded)
    assert [one.record.retried for one in graded] == [False, True, False]
    assert graded[2].report.status == "needs_person"


def test_no_worker_for_a_handful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert [default_jobs(count) for count in (0, 1, 15, 16, 1000)] == [1, 1, 1, 2, 8]


def test_a_record_with_a_fault_needs_a_second_run() -> None:
    assert needs_second_run(record()) == ""
