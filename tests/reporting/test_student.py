from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.core.observation import Fault, Observation, Setup
from grader.core.record import Exam
from grader.core.report import (
    Adjustment,
    Answer,
    CriterionResult,
    Diagnosis,
    Evidence,
    Execution,
    Marked,
    Place,
    RepairFacts,
    Report,
    Worst,
)
from grader.judging.judge import judge
from grader.judging.plan import calls_for
from grader.reporting.assemble import assemble
from grader.reporting.student import student_view
from tests.builders import (
    answer,
    criterion,
    cut,
    exam,
    fixture,
    gradient_fixture,
    identity_answers,
    ran,
    record,
    statement,
)

STATUSES: Final = (
    "passed", "partial", "failed", "pending", "skipped", "not_applicable", "error",
)  # fmt: skip
DARK: Final = "SECRET"
SHOWN: Final = "SHOWN"


class _Marks:
    """Marks that occur once each: what is hidden and what must survive."""

    def __init__(self) -> None:
        self._count = itertools.count(1000)

    def mark(self, *, hidden: bool) -> str:
        return f"{DARK if hidden else SHOWN}-{next(self._count)}-"

    def number(self, *, hidden: bool) -> float:
        """A number whose digits say whether it is hidden."""
        return float(f"{'777' if hidden else '555'}{next(self._count)}.5")


@st.composite
def marked(draw: st.DrawFn) -> Report:
    """A report with marks in every text and number of its rows, diagnoses and adjustments."""
    marks = _Marks()
    rows = tuple(_row(draw, marks) for _ in range(draw(st.integers(0, 4))))
    titles = [row.title for row in rows if row.visibility == "hidden"]
    if titles:
        rows = tuple(_told_of(row, draw(st.sampled_from(titles))) for row in rows)
    ids = [row.id for row in rows]
    hidden = {row.id for row in rows if row.visibility == "hidden"}
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"),))
    base = assemble(record(made, ran(identity_answers(made))), made, {})
    causes = draw(st.lists(st.lists(st.sampled_from(ids), min_size=1), max_size=3)) if ids else []
    bugs = tuple(_bug(marks, each, hidden) for each in causes)
    return base.model_copy(
        update={
            "status": "needs_person",
            "reason": f"could not be judged: {', '.join(ids)}",
            "criteria": rows,
            "diagnoses": bugs,
            "repairs": tuple(_repairs(draw, marks, bugs, hidden)),
            "headline": marks.mark(hidden=True),
            "adjustments": tuple(
                Adjustment(
                    kind="cap",
                    criterion=name,
                    points=-1,
                    reason=marks.mark(hidden=name in hidden),
                    by="rubric",
                )
                for name in (None, *ids)
            )
            + tuple(_decision(draw, marks, name, hidden) for name in (None, *ids)),
            "answers": tuple(
                Answer(
                    criterion=name,
                    question=marks.mark(hidden=name in hidden),
                    text=marks.mark(hidden=name in hidden),
                )
                for name in ids
            ),
            "run": base.run.model_copy(update={"seconds": marks.number(hidden=True)}),
        }
    )


def _decision(
    draw: st.DrawFn, marks: _Marks, criterion: str | None, hidden: set[str]
) -> Adjustment:
    kind = draw(st.sampled_from(("override", "comment", "excuse")))
    return Adjustment(
        kind=kind,
        criterion=criterion,
        points=0,
        reason=marks.mark(hidden=criterion in hidden or kind == "excuse"),
        by=marks.mark(hidden=True),
        at=marks.mark(hidden=True),
        entry=marks.mark(hidden=True),
    )


def _row(draw: st.DrawFn, marks: _Marks) -> CriterionResult:
    hidden = draw(st.booleans())
    status = draw(st.sampled_from(STATUSES))
    by_hand = Marked(
        by=marks.mark(hidden=True),
        at=marks.mark(hidden=True),
        comment=marks.mark(hidden=hidden),
        entry=marks.mark(hidden=True),
    )
    return CriterionResult(
        id=marks.mark(hidden=hidden),
        title=marks.mark(hidden=hidden),
        points=1,
        max_points=1,
        bonus=False,
        visibility="hidden" if hidden else "visible",
        status=status,
        # what could not be judged is told with the names of fixtures, hidden ones too
        feedback=marks.mark(hidden=hidden or status == "error"),
        evidence=tuple(
            _evidence(draw, marks, hidden=hidden) for _ in range(draw(st.integers(0, 3)))
        ),
        diagnoses=(),
        marked=by_hand if draw(st.booleans()) else None,
        close=draw(st.booleans()),
    )


def _told_of(row: CriterionResult, title: str) -> CriterionResult:
    if row.status != "skipped":
        return row
    text = f"Not checked, because “{title}” does not hold. {row.feedback}"
    return row.model_copy(update={"feedback": text})


def _evidence(draw: st.DrawFn, marks: _Marks, *, hidden: bool) -> Evidence:
    dark, scored = draw(st.booleans()), draw(st.booleans())
    names = hidden or dark
    values = names or not scored  # what is asked after hidden inputs could repeat them
    return Evidence(
        fixture=marks.mark(hidden=names),
        outcome="wrong",
        error=marks.number(hidden=values),
        bound=marks.number(hidden=values),
        worst=Worst(
            index=(int(marks.number(hidden=values)),),
            got=marks.number(hidden=values),
            expected=marks.number(hidden=values),
        ),
        text=marks.mark(hidden=values),
        visibility="hidden" if dark else "visible",
        scored=scored,
    )


def _bug(marks: _Marks, criteria: list[str], hidden: set[str]) -> Diagnosis:
    only = set(criteria) <= hidden
    return Diagnosis(
        id=marks.mark(hidden=only),
        role="forward",
        confidence="proved",
        message=marks.mark(hidden=only),
        hint=marks.mark(hidden=only),
        location=Place(cell=1, cell_id=marks.mark(hidden=only), line=1),
        criteria=tuple(criteria),
    )


def _repairs(
    draw: st.DrawFn, marks: _Marks, bugs: tuple[Diagnosis, ...], hidden: set[str]
) -> Iterator[RepairFacts]:
    """One for each bug, and one for all of them."""
    told = [(each,) for each in bugs] + ([bugs] if bugs else [])
    for some in told:
        revealed = draw(st.booleans())
        dark = any(set(each.criteria) <= hidden for each in some)
        yield RepairFacts(
            role="forward",
            bugs=tuple(each.id for each in some),
            diff=marks.mark(hidden=dark or not revealed),
            criteria=tuple(name for each in some for name in each.criteria),
            tried=int(marks.number(hidden=True)),
            alternatives=((marks.mark(hidden=True),),),
            points=marks.number(hidden=True),
            revealed=revealed,
        )


def _words(text: str, word: str) -> set[str]:
    return {part.split("-")[0] for part in text.split(f"{word}-")[1:]}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked())
def test_nothing_hidden_survives_and_all_that_is_shown_does(report: Report) -> None:
    seen = student_view(report).model_dump_json()
    assert DARK not in seen
    assert "777" not in seen
    everything = report.model_dump_json()
    assert _words(seen, SHOWN) == _words(everything, SHOWN)
    assert seen.count("555") == everything.count("555")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked())
def test_a_view_is_a_report_and_its_own_view(report: Report) -> None:
    seen = student_view(report)
    assert Report.model_validate_json(seen.model_dump_json()) == seen
    assert student_view(seen) == seen
    assert (seen.automatic, seen.final, seen.manual) == (
        report.automatic,
        report.final,
        report.manual,
    )


def test_the_view_knows_every_field_of_a_report() -> None:
    """Whoever adds a field decides here whether a student may see it, and in `student_view`."""
    assert set(Report.model_fields) == {
        "adjustments", "answers", "automatic", "criteria", "diagnoses", "execution", "final",
        "headline", "manual", "reason", "repairs", "rubric", "run", "schema_version", "status",
        "submission", "targets", "written",
    }  # fmt: skip
    assert set(CriterionResult.model_fields) == {
        "bonus", "close", "diagnoses", "evidence", "feedback", "id", "marked", "max_points",
        "points", "status", "title", "visibility",
    }  # fmt: skip
    assert set(Marked.model_fields) == {"at", "by", "comment", "entry"}
    assert set(Answer.model_fields) == {"criterion", "location", "question", "text"}
    assert set(Adjustment.model_fields) == {
        "at", "by", "criterion", "entry", "kind", "points", "reason",
    }  # fmt: skip
    assert set(RepairFacts.model_fields) == {
        "alternatives", "bugs", "criteria", "diff", "points", "revealed", "role", "tried",
    }  # fmt: skip
    assert set(Evidence.model_fields) == {
        "bound", "error", "fixture", "outcome", "scored", "text", "visibility", "worst",
    }  # fmt: skip
    assert set(Execution.model_fields) == {
        "hidden_output", "isolation", "limits", "notes", "stderr", "stdout",
    }  # fmt: skip


def test_close_results_on_hidden_fixtures_are_not_told() -> None:
    wrong = Evidence(fixture="a/1", outcome="wrong", error=1.5, bound=1.0, visibility="visible")
    dark = wrong.model_copy(update={"visibility": "hidden"})
    made = exam((criterion(fixtures=("a",)),), (fixture("a/1"),))
    base = assemble(record(made, ran(identity_answers(made))), made, {})
    for evidence, told in (((wrong,), True), ((wrong, dark), False), ((dark,), False)):
        row = base.criteria[0].model_copy(update={"evidence": evidence, "close": True})
        seen = student_view(base.model_copy(update={"criteria": (row,)}))
        assert seen.criteria[0].close is told


# From observations to the view: a target that gives away all it can. --------------------------


def _leaky_exam() -> Exam:
    forbid = {"names": ("torch.relu",), "ops": ("aten::relu",)}
    every = ("a", "g", "info")
    return exam(
        (
            criterion("gate", "implemented", points=0, gate=True),
            criterion("values", fixtures=every),
            criterion("grad", "gradient", fixtures=("g",)),
            criterion("own", "own-argument", fixtures=every),
            criterion("pure", "pure", fixtures=every),
            criterion("scratch", "from-scratch", fixtures=every, forbid=forbid),
            criterion("dtype", "dtype", fixtures=every),
            criterion(
                "secret-one", "values", title="SECRET title", visibility="hidden", fixtures=("a",)
            ),
            criterion("after", fixtures=("a",), skip_unless=("secret-one",)),
            criterion("secret-two", "manual", visibility="hidden"),
        ),
        (
            fixture("a/seen", ((1.0, 2.0),)),
            fixture("a/SECRET", ((777.25, 777.5),), visibility="hidden"),
            gradient_fixture("g/seen"),
            gradient_fixture("g/SECRET", values=((777.75, 777.125),), visibility="hidden"),
            fixture("info/shown", ((5.0, 6.0),), scored=False),
            fixture("info/SECRET", ((777.0, 777.0),), scored=False, visibility="hidden"),
        ),
        caps=({"failed": "secret-one", "score": 0, "reason": "SECRET cap"},),
    )


def _tells(kind: str, key: str) -> Observation:
    """What a target answers that hands on hidden inputs as soon as it has seen one."""
    told = {"stdout": f"SECRET {key}", "stderr": f"SECRET {key}", "seconds": 777.0}
    if kind == "raises":
        return Observation(
            "raised", fault=Fault("SECRET", f"SECRET {key}", "<cell 6>", 777), **told
        )
    if kind == "returns":
        return answer(((777.5, 777.5),), changed=True, ops=(f"aten::SECRET {key}",), **told)
    return Observation("killed", **told)


def _observed(made: Exam, kind: str) -> Iterator[tuple[str, Observation]]:
    right = identity_answers(made)
    dark = False
    for call in calls_for(made, "forward"):
        dark = dark or DARK in call.key
        yield call.key, _tells(kind, call.key) if dark else replace(right[call.key], stdout=SHOWN)


@pytest.mark.parametrize("kind", ["raises", "returns", "dies"])
@pytest.mark.parametrize("lacking", [False, True])
@pytest.mark.parametrize("data", [False, True])
def test_a_target_cannot_carry_a_hidden_input_to_its_author(
    kind: str, *, lacking: bool, data: bool
) -> None:
    made = _leaky_exam()
    sample = statement("z = [1.0]", cell=2, binds=("z",), data="literal")
    sliced = cut(*((sample,) if data else ()), statement(), references=("torch.relu",))
    notes = ("during a call: frame of 777 bytes", f"a process died of {DARK}")
    run = ran(dict(_observed(made, kind)), seconds=777.0, notes=notes)
    run = replace(run, setup=Setup("ok", "function", (), f"{SHOWN} cells"))
    one = record(made, run, sliced)
    if lacking:  # a stored record that knows less than the rubric asks for
        calls = {key: each for key, each in run.calls.items() if key != "a/SECRET"}
        exchanges: dict[str, Any] = dict(one.exchanges["forward"])
        exchanges["main"] = replace(exchanges["main"], run=replace(run, calls=calls))
        one = replace(one, exchanges={"forward": exchanges})
    report = assemble(one, made, judge(one, made))
    assert DARK in report.model_dump_json()
    seen = student_view(report)
    text = seen.model_dump_json()
    assert DARK not in text
    assert "777" not in text
    assert "secret" not in text
    assert SHOWN in text
    assert seen.reason
    assert {row.id for row in seen.criteria} == {
        "gate", "values", "grad", "own", "pure", "scratch", "dtype", "after",
    }  # fmt: skip


def test_what_a_student_may_see_is_left_as_it_is() -> None:
    made = exam(
        (criterion("values", fixtures=("a",)), criterion("essay", "manual")), (fixture("a/1"),)
    )
    one = record(made, ran({"a/1": answer(((9.0, 9.0),)), "a/1#again": answer()}))
    report = assemble(one, made, judge(one, made))
    assert student_view(report).model_dump(exclude={"run"}) == report.model_dump(exclude={"run"})


def test_why_a_person_is_needed_is_told_as_far_as_it_is_visible() -> None:
    made = exam(
        (
            criterion("values", fixtures=("a",)),
            criterion("essay", "manual"),
            criterion("secret", "manual", visibility="hidden"),
        ),
        (fixture("a/1"),),
    )
    one = record(made, ran(identity_answers(made)))
    report = assemble(one, made, judge(one, made))
    assert report.reason == "waits for a mark by hand: essay, secret"
    assert student_view(report).reason == "waits for a mark by hand: essay"
    only = report.model_copy(update={"criteria": (report.criteria[0], report.criteria[2])})
    assert student_view(only).reason == "it waits for a person"


def test_an_unreadable_submission_keeps_its_reason() -> None:
    made = exam((criterion(fixtures=("a",), visibility="hidden"),), (fixture("a/1"),))
    one = replace(record(made, ran(identity_answers(made))), ungradable="not a notebook")
    assert student_view(assemble(one, made, {})).reason == "not a notebook"
