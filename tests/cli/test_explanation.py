from __future__ import annotations

import io
from dataclasses import replace

import numpy as np

from grader.cli.explanation import explain
from grader.cli.screen import Screen
from grader.core.fixture import Argument, Fixture, Truth
from grader.core.observation import Fault, Observation, Run, Setup
from grader.core.record import Exam, Record
from grader.core.report import Report
from grader.core.tensor import pack
from tests.batch.fakes import exam as fake_exam
from tests.store.samples import criterion, record, report

TRUTH = Truth(np.array([[0.25, 0.75]]), np.full((1, 2), 1e-6))


def _exam() -> Exam:
    fixture = Fixture(
        name="values/pair",
        says="two, one apart",
        kind="ordinary",
        dtype="float32",
        visibility="visible",
        scored=True,
        literal=True,
        arguments=(Argument("x", pack(np.array([[0.0, 1.0]]), "float32")),),
        truth=TRUTH,
        digest="",
    )
    return replace(fake_exam(), fixtures=(fixture,))


def _shown(
    one: Report, kept: Record | None, exam: Exam | None, criterion: str | None = None
) -> str:
    stream = io.StringIO()
    explain(Screen(stream), one, kept, exam, criterion)
    return stream.getvalue()


def _failed() -> Report:
    return report("a.py", b"data", criterion("values", "failed", 0), diagnoses=("global-max",))


def test_the_smallest_failing_input_is_a_line_to_paste() -> None:
    shown = _shown(_failed(), record("a.py"), _exam())
    assert "good_f(torch.tensor([[0., 1.]]))" in shown
    assert "came back    [[0.25, 0.75]]  (float32)" in shown
    assert "should have  [[0.25, 0.75]]" in shown
    assert "not so on 1 of 2 fixtures: values/pair" in shown
    assert "forward: good_f, function, cell 6, line 1" in shown


def test_diagnoses_come_before_criteria() -> None:
    shown = _shown(_failed(), record("a.py"), _exam())
    assert shown.index("global-max (proved, cell 6, line 2)") < shown.index("values is failed.")


def test_without_record_and_rubric_the_report_has_to_do() -> None:
    shown = _shown(_failed(), None, None)
    assert "came back    0.25 at [0, 1]" in shown
    assert "torch.tensor" not in shown


def test_an_exception_is_told_and_escaped() -> None:
    kept = record("a.py")
    exchange = kept.exchanges["forward"]["main"]
    fault = Fault("ValueError", "\x1b[31m[bold]no[/bold]\u202e")
    run = Run(Setup("ok"), {"values/pair": Observation("raised", fault=fault)})
    kept = replace(kept, exchanges={"forward": {"main": replace(exchange, run=run)}})
    row = criterion("values", "failed", 0)
    evidence = row.evidence[0].model_copy(update={"outcome": "raised", "text": "", "worst": None})
    one = report("a.py", b"", row.model_copy(update={"evidence": (evidence,)}))
    shown = _shown(one, kept, _exam())
    assert "came back    ValueError: \\x1b[31m[bold]no[/bold]\\u202e" in shown


def test_one_criterion_shows_all_that_fails_and_marks_what_is_hidden() -> None:
    row = criterion("values", "failed", 0)
    hidden = row.evidence[0].model_copy(update={"fixture": "values/secret", "visibility": "hidden"})
    one = report(
        "a.py", b"", row.model_copy(update={"evidence": (hidden, *row.evidence)}), criterion("pure")
    )
    shown = _shown(one, record("a.py"), _exam(), "values")
    assert shown.index("values/pair") < shown.index("values/secret (hidden)")
    assert "pure" not in shown


def test_what_holds_shows_no_evidence() -> None:
    row = criterion("values", "passed")
    odd = row.evidence[0].model_copy(update={"outcome": "raised", "text": "unseen"})
    one = report("a.py", b"", row.model_copy(update={"evidence": (odd,)}))
    assert "unseen" not in _shown(one, None, _exam())


def test_a_submission_without_criteria_says_why() -> None:
    one = report("a.py", status="ungradable", reason="the file is empty").model_copy(
        update={"criteria": (), "targets": ()}
    )
    shown = _shown(one, None, None)
    assert "cannot be graded: the file is empty" in shown
    assert shown.startswith("a.py\n")


def test_points_scaled_by_others_are_marked() -> None:
    assert "passed, 2 of 4, scaled" in _shown(
        report("a.py", b"", criterion("pure", "passed", 2)), None, None
    )
    assert "scaled" not in _shown(report("a.py", b"", criterion("pure")), None, None)


def test_words_are_wrapped_to_the_terminal() -> None:
    long = criterion("values", "failed", 0).model_copy(update={"feedback": "word " * 60})
    lines = _shown(report("a.py", b"", long), None, None).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("    word") for line in lines) > 2
