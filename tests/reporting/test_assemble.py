from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from grader.core.notebook import Note
from grader.core.observation import Exchange, Limits, Observation, Run, Setup
from grader.core.record import Exam, Record
from grader.core.report import Report
from grader.core.slice import Location, Passage
from grader.judging.judge import MAIN, judge
from grader.judging.settle import settle
from grader.reporting.assemble import MOST_OUTPUT, assemble
from grader.reporting.student import student_view
from tests.builders import (
    Player,
    answer,
    backward_exam,
    backward_record,
    candidate,
    criterion,
    cut,
    exam,
    fixture,
    identity_answers,
    raised,
    ran,
    record,
)

FIXTURES = (
    fixture("a/seen"),
    fixture("a/dark", ((3.0, 4.0),), visibility="hidden"),
    fixture("a/shown", ((5.0, 6.0),), scored=False),
)
VALUES = criterion("values", fixtures=("a",))


def _made(*more: Any) -> Exam:
    return exam((VALUES, *more), FIXTURES)


def _answers(made: Exam, **printed: str) -> dict[str, Observation]:
    """Right answers, with what the calls print: `seen="text"`, `again="text"`."""
    answers = identity_answers(made)
    keys = {key.rpartition("/")[2].replace("seen#", ""): key for key in answers}
    for name, text in printed.items():
        answers[keys[name]] = replace(answers[keys[name]], stdout=text, stderr=text.upper())
    return answers


def _report(one: Record, made: Exam) -> Report:
    return assemble(one, made, judge(one, made))


def test_a_graded_submission() -> None:
    made = _made()
    run = ran(_answers(made), layers=("rlimits",), seconds=0.25)
    found = _report(record(made, run), made)
    assert (found.status, found.reason) == ("graded", "")
    assert found.submission.model_dump(exclude={"attempt", "submitters"}) == {
        "id": "ada-1",
        "source": "ada/work.py",
        "sha256": "1" * 64,
        "format": "script",
    }
    assert (found.rubric.id, found.rubric.version, found.rubric.sha256) == ("made", "1.0", "0" * 64)
    assert (found.automatic.score, found.automatic.max, found.final.score) == (4.0, 4.0, 4.0)
    assert [(row.id, row.status) for row in found.criteria] == [("values", "passed")]
    assert found.diagnoses == ()
    assert found.execution is not None
    assert found.execution.isolation.model_dump() == {"mode": "none", "layers": ("rlimits",)}
    assert found.execution.limits["call_seconds"] == Limits().call_seconds
    assert found.run.seconds == 0.25
    assert found.run.environment["torch"] == "2.0"


def test_the_target_is_told() -> None:
    made = _made()
    sliced = cut(location=Location(6, 2, "id6", 40))
    (found,) = _report(record(made, ran(_answers(made)), sliced), made).targets
    assert (found.role, found.symbol) == ("forward", "good_f")
    assert (found.form, found.form_basis) == ("function", "inspected")
    assert found.location is not None
    assert (found.location.cell, found.location.line, found.location.file_line) == (6, 2, 40)


def test_a_target_that_is_missing_has_no_symbol_form_or_place() -> None:
    made = _made()
    lost = cut(state="missing", symbol="", location=None)
    one = replace(record(made, ran()), slices={"forward": lost}, exchanges={})
    found = _report(one, made)
    (target,) = found.targets
    assert (target.symbol, target.form, target.form_basis, target.location) == (None,) * 4
    assert found.status == "graded"
    assert found.execution is not None
    assert found.execution.isolation.layers == ()


def test_a_manual_criterion_needs_a_person() -> None:
    made = _made(criterion("essay", "manual"))
    found = _report(record(made, ran(_answers(made))), made)
    assert (found.status, found.reason) == ("needs_person", "waits for a mark by hand: essay")
    assert (found.final.score, found.automatic.score) == (None, 4.0)


def test_what_could_not_be_judged_needs_a_person() -> None:
    made = _made()
    found = assemble(record(made, ran(_answers(made))), made, {})
    assert (found.status, found.reason) == ("needs_person", "could not be judged: values")


def test_an_unreadable_file_is_ungradable_with_its_reason() -> None:
    made = _made()
    one = Record("ada-1", "ada/work.py", "1" * 64, None, ungradable="This is not a notebook.")
    found = _report(one, made)
    assert (found.status, found.reason) == ("ungradable", "This is not a notebook.")
    assert (found.criteria, found.targets, found.diagnoses) == ((), (), ())
    assert found.execution is None
    assert found.final.score is None


def test_a_fault_of_the_sandbox_is_never_a_zero() -> None:
    made = _made()
    one = replace(record(made, ran(_answers(made))), fault="the zygote is gone")
    found = _report(one, made)
    assert (found.status, found.reason) == ("ungradable", "needs a person: the zygote is gone")
    assert (found.criteria, found.final.score) == ((), None)
    assert found.execution is not None


def test_a_bug_that_a_check_proved_is_named() -> None:
    made = _made(criterion("pure", "pure", fixtures=("a",)))
    answers = {name: replace(each, changed=True) for name, each in _answers(made).items()}
    found = _report(record(made, ran(answers)), made)
    assert [(each.id, each.criteria) for each in found.diagnoses] == [("writes", ("pure",))]


def test_output_is_that_of_the_cells_and_of_what_came_before_hidden_inputs() -> None:
    made = _made()
    run = ran(_answers(made, seen="seen.", dark="dark.", shown="shown.", again="again."))
    run = replace(run, setup=Setup("ok", "function", (), "cells.", "CELLS."))
    found = _report(record(made, run), made).execution
    assert found is not None
    assert (found.stdout, found.stderr) == ("cells.seen.", "CELLS.SEEN.")
    assert found.hidden_output


def test_what_a_hidden_input_printed_is_told_of_and_not_kept() -> None:
    made = _made()
    found = _report(record(made, ran(_answers(made, dark="dark."))), made).execution
    assert found is not None
    assert (found.stdout, found.hidden_output) == ("", True)
    quiet = _report(record(made, ran(_answers(made, seen="seen."))), made).execution
    assert quiet is not None
    assert (quiet.stdout, quiet.hidden_output) == ("seen.", False)


def test_the_same_output_is_kept_once_and_long_output_is_cut() -> None:
    plain = exam((criterion("values", fixtures=("b",)),), (fixture("b/1"), fixture("b/2")))
    run = ran({key: replace(each, stdout="same.") for key, each in identity_answers(plain).items()})
    found = _report(record(plain, run), plain).execution
    assert found is not None
    assert (found.stdout, found.hidden_output) == ("same.", False)
    long = replace(run, setup=Setup("ok", stdout="x" * (MOST_OUTPUT + 1)))
    found = _report(record(plain, long), plain).execution
    assert found is not None
    assert found.stdout == "x" * MOST_OUTPUT + "\n(cut)"


def test_an_experiments_output_is_in_no_report() -> None:
    made = _made()
    one = record(made, ran(_answers(made)))
    experiment = Exchange(one.exchanges["forward"][MAIN].program, ran({"a/seen": answer()}))
    loud = replace(experiment, run=replace(experiment.run, setup=Setup("ok", stdout="loud")))
    one = replace(one, exchanges={"forward": {**one.exchanges["forward"], "x/nudge": loud}})
    found = _report(one, made).execution
    assert found is not None
    assert found.stdout == ""


def test_notes_are_told_once_with_their_cell() -> None:
    made = _made()
    sliced = cut(notes=(Note("the last was taken", 6), Note("same")))
    run = ran(_answers(made), notes=("a child was replaced", "same"))
    one = record(made, run, sliced, notes=(Note("a cell was lost", 2, 1),), retried=True)
    found = _report(one, made).execution
    assert found is not None
    assert found.notes == (
        "the code was not confined: --isolation none",
        "cell 2: a cell was lost",
        "cell 6: the last was taken",
        "same",
        "run: a child was replaced",
        "run: same",
        "run again alone, with twice the limits",
    )


def test_seconds_are_those_of_every_run() -> None:
    made = _made()
    one = record(made, ran(_answers(made), seconds=0.5))
    program = one.exchanges["forward"][MAIN].program
    exchanges = {**one.exchanges["forward"], "x": Exchange(program, ran(seconds=0.25))}
    assert _report(replace(one, exchanges={"forward": exchanges}), made).run.seconds == 0.75


@pytest.mark.parametrize("answers", ["right", "wrong", "raising", "none"])
def test_the_same_record_gives_the_same_bytes_outside_run(answers: str) -> None:
    made = _made(criterion("pure", "pure", fixtures=("a",)), criterion("essay", "manual"))
    right = identity_answers(made)
    runs: dict[str, Run] = {
        "right": ran(right),
        "wrong": ran({key: answer(((9.0, 9.0),), changed=True) for key in right}),
        "raising": ran({key: raised() for key in right}),
        "none": ran({}),
    }
    one = record(made, runs[answers])
    texts = set()
    for seconds in (0.0, 1.5):
        again = replace(one.exchanges["forward"][MAIN].run, seconds=seconds)
        exchanges = {"forward": {MAIN: replace(one.exchanges["forward"][MAIN], run=again)}}
        report = _report(replace(one, exchanges=exchanges), made)
        assert report.run.seconds == seconds
        texts.add(report.model_dump_json(exclude={"run"}))
        assert Report.model_validate_json(report.model_dump_json()) == report
    assert len(texts) == 1


# A target that is called as its student chose.


def _right(upstream: Any, x: Any) -> Any:
    return 3 * x**2 * upstream


def _flipped(upstream: Any, x: Any) -> Any:
    return -_right(upstream, x)


def _settled(one: Record, made: Exam) -> Report:
    return _report(settle(one, made), made)


@pytest.mark.parametrize(
    ("sliced", "function", "form", "basis"),
    [
        (candidate("g", "x"), _right, "product", "observed"),
        (candidate("x"), lambda x: 3 * x**2, "matrix", "guessed"),
        (candidate("g", "x"), _flipped, "product", "guessed"),
        (candidate(kind="class"), lambda x, g: _right(g, x), "module", "observed"),
        (candidate(kind="class"), lambda x, g: _flipped(g, x), "module", "guessed"),
        (
            candidate(kind="autograd_function"),
            lambda x, g: _right(g, x),
            "autograd_function",
            "observed",
        ),
    ],
)
def test_the_form_is_that_of_the_convention_and_says_how_it_was_found(
    sliced: Any, function: Any, form: str, basis: str
) -> None:
    made = backward_exam()
    (target,) = _settled(backward_record(made, (sliced, function)), made).targets
    assert (target.role, target.form, target.form_basis) == ("backward", form, basis)


def test_a_target_right_only_with_a_stand_in_has_an_observed_form() -> None:
    made = backward_exam()
    sliced = candidate("upstream", "x", leans_on="good_f")
    one = backward_record(made, (sliced, Player(lambda g, x: x + 1, _right)))
    found = _settled(one, made)
    assert (found.targets[0].form, found.targets[0].form_basis) == ("product", "observed")
    assert [(row.id, row.status, row.points) for row in found.criteria] == [
        ("slope", "passed", 4.0),
        ("far", "failed", 0.0),
    ]
    assert "a right good_f in place of yours" in found.criteria[0].feedback


def test_of_several_definitions_the_one_taken_is_the_target() -> None:
    made = backward_exam()
    one = backward_record(
        made,
        (candidate("upstream", "x", symbol="first"), _flipped),
        (candidate("upstream", "x", symbol="second"), _right),
    )
    found = _settled(one, made)
    assert [(each.role, each.symbol) for each in found.targets] == [("backward", "second")]
    assert found.automatic.bonus == 8.0
    assert found.diagnoses == ()
    assert found.execution is not None
    assert any("2 definitions may be the backward target" in note for note in found.execution.notes)


@pytest.mark.parametrize("observed", [1, 2])
def test_a_fault_among_several_definitions_is_told_all_the_same(observed: int) -> None:
    """The infrastructure failed while a further one was asked: then nothing was settled."""
    made = backward_exam()
    told = [(candidate("upstream", "x", symbol=name), _right) for name in "abc"]
    one = backward_record(made, *told, fault="the zygote is gone")
    kept = dict(list(one.exchanges.items())[:observed])
    found = _settled(replace(one, exchanges=kept), made)
    assert (found.status, found.criteria) == ("ungradable", ())
    assert {each.role for each in found.targets} <= {"backward"}
    assert len(found.targets) <= 1


def test_a_bug_whose_results_came_back_is_named() -> None:
    made = backward_exam()
    found = _settled(backward_record(made, (candidate("upstream", "x"), _flipped)), made)
    (bug,) = found.diagnoses
    assert (bug.id, bug.confidence, bug.criteria) == ("flipped", "matched", ("slope", "far"))
    assert [row.diagnoses for row in found.criteria] == [("flipped",), ("flipped",)]


def test_a_student_sees_a_diagnosis_that_explains_no_row() -> None:
    made = backward_exam(visibility="hidden")
    sliced = candidate("upstream", kind="class", uncalled=True)
    near = backward_record(made, (sliced, lambda x, g: _right(g, x) if x.max() < 10 else x))
    report = _settled(near, made)
    assert [(each.id, each.confidence, each.criteria) for each in report.diagnoses] == [
        ("never-called", "static", ())
    ]
    assert student_view(report).diagnoses == report.diagnoses


def test_a_student_does_not_see_a_diagnosis_that_hidden_rows_alone_explain() -> None:
    made = backward_exam(visibility="hidden")
    sliced = candidate("upstream", kind="class", uncalled=True)

    def near(x: Any, upstream: Any) -> Any:
        return _flipped(upstream, x) if abs(x).max() < 10 else _right(upstream, x)

    report = _settled(backward_record(made, (sliced, near)), made)
    assert [each.id for each in report.diagnoses] == ["flipped", "never-called"]
    assert [each.id for each in student_view(report).diagnoses] == ["never-called"]


def test_what_was_written_is_kept_for_whoever_marks_by_hand() -> None:
    made = backward_exam()
    passages = (
        Passage("$p_i(1 - p_j)$\n\x1b[31mred", Location(4, 1, "id4", 30)),
        Passage("at the top", Location(0, 1)),
    )
    one = backward_record(
        made, (candidate("upstream", "x"), _right), written={"backward": passages, "forward": ()}
    )
    report = _settled(one, made)
    first, second = report.written
    assert (first.role, second.role) == ("backward", "backward")
    assert first.location is not None
    assert first.location.model_dump() == {"cell": 4, "cell_id": "id4", "line": 1, "file_line": 30}
    assert first.text.startswith("$p_i(1 - p_j)$\n")
    assert "\x1b" not in first.text
    assert second.text == "at the top"
    assert Report.model_validate_json(report.model_dump_json()) == report


def test_nothing_written_is_nothing_told() -> None:
    made = backward_exam()
    assert _settled(backward_record(made, (candidate("g", "x"), _right)), made).written == ()


def test_what_was_written_stays_where_the_sandbox_failed() -> None:
    made = backward_exam()
    one = backward_record(
        made,
        (candidate("upstream", "x"), _right),
        written={"backward": (Passage("a proof", Location(2, 1)),)},
        fault="the zygote is gone",
    )
    assert [each.text for each in _settled(one, made).written] == ["a proof"]


@pytest.mark.parametrize("function", [_right, _flipped, lambda g, x: g + x])
def test_a_settled_record_gives_the_same_bytes_again(function: Any) -> None:
    made = backward_exam()
    leaning = candidate("upstream", "x", leans_on="good_f", uncalled=True)
    one = backward_record(
        made, (candidate("g", "x"), function), (leaning, Player(function, _right))
    )
    texts = {_settled(one, made).model_dump_json(exclude={"run"}) for _ in range(2)}
    assert len(texts) == 1
