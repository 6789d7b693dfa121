from __future__ import annotations

import io
from pathlib import Path

from grader.cli.screen import Screen
from grader.cli.summary import groups, machine_summary, needs_person, print_summary, score_of
from grader.store import Row, row_of
from tests.store.samples import criterion, report

PENDING = criterion("discussion", "pending", 0)


def _rows() -> list[Row]:
    waits = {"status": "needs_person", "reason": "waits for a mark by hand: discussion"}
    return [
        row_of(report("b.py", b"", criterion("values", "failed", 0), PENDING, **waits)),
        row_of(report("a.py", b"", criterion(), PENDING, **waits)),
        row_of(report("empty.py", status="ungradable", reason="the file is\x1b[2J empty")),
        row_of(report("lost.py", status="needs_person", reason="the worker ended with status 9")),
    ]


def _printed(rows: list[Row]) -> str:
    stream = io.StringIO()
    print_summary(Screen(stream), rows, Path("my out"), graded=4, ignored=1, seconds=2.0)
    return stream.getvalue()


def test_who_needs_a_person_is_grouped_by_reason() -> None:
    assert [(one.reason, one.sources) for one in groups(_rows())] == [
        ("for a mark by hand: discussion", ("a.py", "b.py")),
        ("cannot be graded: the file is\x1b[2J empty", ("empty.py",)),
        ("could not be judged: the worker ended with status 9", ("lost.py",)),
    ]


def test_nobody_needs_a_person() -> None:
    rows = [row_of(report("a.py"))]
    assert groups(rows) == ()
    assert not needs_person(rows)
    assert needs_person(_rows())


def test_what_a_run_ends_with() -> None:
    shown = _printed(_rows())
    lines = shown.splitlines()
    assert lines[1].startswith("a.py")
    assert "\x1b" not in shown
    assert "4 graded in 2.0 s (2/s); 4 reports in my out; 1 other file passed over" in lines
    assert "2 wait for a mark by hand: discussion" in lines
    assert "1 cannot be graded: the file is\\x1b[2J empty: empty.py" in lines
    assert lines[-1].startswith("next: grader explain lost-")
    assert lines[-1].endswith("--out 'my out'")


def test_what_was_not_judged_has_no_score() -> None:
    empty, judged = (
        row_of(report(status="ungradable", reason="empty")),
        row_of(report("a.py", b"", criterion("values", "failed", 0))),
    )
    assert score_of(empty) == "-"
    assert score_of(judged) == "0/4"
    (line,) = [line for line in _printed(_rows()).splitlines() if line.startswith("empty.py")]
    assert line.split()[1:3] == ["-", "ungradable"]


def test_a_long_legend_is_wrapped_between_names() -> None:
    rows = [row_of(report("a.py", b"", *(criterion(f"some-criterion-{n}") for n in range(20))))]
    lines = _printed(rows).splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith("marks in order"))
    assert lines[first].endswith(",")
    assert lines[first + 1].startswith("some-criterion-")


def test_an_empty_run_prints() -> None:
    assert "0 reports" in _printed([])


def test_the_machine_summary_holds_rows_and_groups() -> None:
    told = machine_summary(_rows(), graded=4, ignored=1, seconds=1.23456)
    assert told["counts"] == {"graded": 0, "needs_person": 3, "ungradable": 1}
    assert [row["source"] for row in told["rows"]] == ["a.py", "b.py", "empty.py", "lost.py"]
    assert told["run"] == {"graded": 4, "ignored": 1, "seconds": 1.235}
    assert told["needs_person"][0]["sources"] == ("a.py", "b.py")
