"""References and what they must get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grader.core.errors import RubricError
from grader.core.report import (
    Adjustment,
    Automatic,
    CriterionResult,
    CriterionStatus,
    Diagnosis,
    Evidence,
    Final_,
    Manual,
    Report,
    RubricFacts,
    RunFacts,
    SubmissionFacts,
)
from grader.rubric.verify import Reference, examine, load_references, verify

BUG = Diagnosis(
    id="off-by-one",
    role="",
    confidence="static",
    message="",
    hint="",
    location=None,
    criteria=(),
)


def row(
    identifier: str, status: CriterionStatus, points: float = 0.0, *, bonus: bool = False
) -> CriterionResult:
    outcome = "ok" if status == "passed" else "wrong"
    return CriterionResult(
        id=identifier,
        title=identifier,
        points=points,
        max_points=4.0,
        bonus=bonus,
        visibility="visible",
        status=status,
        feedback="",
        evidence=(Evidence(fixture=f"{identifier}/pair", outcome=outcome),),
    )


def report(*rows: CriterionResult, **rest: Any) -> Report:
    earned = sum(each.points for each in rows if not each.bonus)
    extra = sum(each.points for each in rows if each.bonus)
    return Report(
        submission=SubmissionFacts(id="a", source="a.py", sha256="0", format="script"),
        rubric=RubricFacts(id="made", version="1.0", sha256="0"),
        status=rest.pop("status", "graded"),
        automatic=Automatic(score=earned, max=4.0 * len(rows), bonus=extra),
        manual=Manual(score=None, max=5),
        final=Final_(score=None, max=5),
        criteria=rows,
        run=RunFacts(seconds=0, at="", environment={}),
        **rest,
    )


def reference(expect: Any = "full", **rest: Any) -> Reference:
    return Reference("right/a.py", Path("right/a.py"), expect, **rest)


def misses(expected: Reference, graded: Report) -> tuple[str, ...]:
    outcome = examine(expected, graded)
    assert outcome.holds == (not outcome.misses)
    return outcome.misses


FULL = (row("a", "passed", 4), row("b", "not_applicable", 4), row("essay", "pending"))


def test_full_marks() -> None:
    outcome = examine(reference(), report(*FULL))
    assert (outcome.holds, outcome.score, outcome.max) == (True, 8.0, 12.0)


def test_full_marks_need_no_bonus() -> None:
    assert misses(reference(), report(*FULL, row("extra", "failed", bonus=True))) == ()


@pytest.mark.parametrize(
    ("graded", "expected"),
    [
        (report(row("a", "failed")), "a failed, expected passed (a/pair: wrong)"),
        (report(row("a", "error")), "a error, expected passed (a/pair: wrong)"),
        (report(row("a", "passed", 3.5)), "a earned 3.5 of 4 points"),
        (report(*FULL, diagnoses=(BUG,)), "diagnosed off-by-one, expected nothing"),
        (
            report(
                *FULL,
                adjustments=(
                    Adjustment(kind="cap", criterion="a", points=-3, reason="No.", by="rubric"),
                ),
            ),
            "-3 points: No.",
        ),
        (
            report(*FULL, status="ungradable", reason="not text"),
            "could not be graded: not text",
        ),
    ],
)
def test_short_of_full(graded: Report, expected: str) -> None:
    assert misses(reference(), graded) == (expected,)


def test_full_but_for() -> None:
    excepted = reference(otherwise={"b": "failed"})
    assert misses(excepted, report(row("a", "passed", 4), row("b", "failed"))) == ()
    assert misses(excepted, report(row("a", "passed", 4), row("b", "passed", 4))) == (
        "b passed, expected failed",
    )
    assert misses(excepted, report(row("a", "failed"), row("b", "failed"))) == (
        "a failed, expected passed (a/pair: wrong)",
    )


def test_nothing() -> None:
    assert misses(reference("nothing"), report(row("a", "failed"))) == ()
    graded = report(row("a", "partial", 0.5), row("extra", "passed", 0.25, bonus=True))
    assert misses(reference("nothing"), graded) == ("earned 0.75 points, expected none",)


def test_statuses_and_score() -> None:
    graded = report(row("a", "passed", 4), row("b", "failed"))
    assert misses(reference({"a": "passed", "b": "failed"}, score=4), graded) == ()
    assert misses(reference({"a": "failed", "c": "passed"}, score=5), graded) == (
        "a passed, expected failed",
        "no criterion c, expected it passed",
        "earned 4 points, expected 5",
    )


def test_diagnoses() -> None:
    graded = report(row("a", "failed"), diagnoses=(BUG,))
    assert misses(reference({"a": "failed"}), graded) == ()
    assert misses(reference({"a": "failed"}, diagnoses=("off-by-one",)), graded) == ()
    assert misses(reference({"a": "failed"}, diagnoses=()), graded) == (
        "diagnosed off-by-one, expected nothing",
    )


def test_verify_grades_each_in_order() -> None:
    marks = {"x": report(*FULL), "y": report(row("a", "failed"))}
    references = [Reference(name, Path(name), "full") for name in marks]
    verification = verify(references, lambda each: marks[each.file])
    assert [each.reference.file for each in verification.outcomes] == ["x", "y"]
    assert [each.holds for each in verification.outcomes] == [True, False]
    assert not verification.holds
    assert verify(references[:1], lambda each: marks[each.file]).holds


def written(folder: Path, text: str, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    (folder / "references.yaml").write_text(text)
    return folder


LIST = """\
references:
  - {file: right/a.py, expect: full}
  - {file: right/b.py, expect: full, except: {gradients: failed}}
  - {file: junk/c.py, expect: nothing, note: "zeros"}
  - {file: wrong/d.py, expect: {values: passed, batch: failed}, score: 4, diagnoses: [off-by-one]}
"""


def test_the_list_of_references(tmp_path: Path) -> None:
    folder = written(tmp_path, LIST, "right/a.py", "right/b.py", "junk/c.py", "wrong/d.py")
    a, b, c, d = load_references(folder)
    assert (a.expect, a.path, a.diagnoses) == ("full", folder / "right/a.py", None)
    assert b.otherwise == {"gradients": "failed"}
    assert (c.expect, c.note) == ("nothing", "zeros")
    assert (d.expect, d.score) == ({"values": "passed", "batch": "failed"}, 4)
    assert d.diagnoses == ("off-by-one",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("references: [{file: right/b.py, expect: full}]", "1:21: no file `right/b.py`"),
        ("references: [{file: ../a.py, expect: full}]", "1:21: expected a file in this folder"),
        (
            "references: [{file: right/a.py, expect: full}, {file: right/a.py, expect: full}]",
            "1:55: expected each file once, `right/a.py` is here again",
        ),
        ("references: [{file: right/a.py, expect: ful}]", "1:41: "),
        ("references: [{file: right/a.py, expect: {a: pased}}]", "1:45: "),
        ("references: [{file: right/a.py, expct: full}]", "unknown key `expct`"),
        ("references: []", "1:13: "),
    ],
)
def test_a_wrong_list(tmp_path: Path, text: str, expected: str) -> None:
    folder = written(tmp_path, text, "right/a.py")
    with pytest.raises(RubricError) as caught:
        load_references(folder)
    assert f"{folder / 'references.yaml'}:" in str(caught.value)
    assert expected in str(caught.value)
