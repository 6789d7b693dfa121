"""Which criterion kills which mutant, and what is told of rubric, fixtures and mutants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from grader.core.record import Exam, Graded
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
from grader.rubric.killing import Killing, kill
from grader.rubric.mutants import Alike, Base, Mutant, Mutants
from tests.builders import answer, criterion, exam, fixture, ran, record

EXAM: Final = exam(
    [criterion("values"), criterion("batch"), criterion("pure", "pure")],
    [fixture("values/a"), fixture("values/b"), fixture("batch/a"), fixture("batch/b")],
)
WITH: Final = frozenset(EXAM.assignment.bugs)
POINTS: Final = {"passed": 4.0, "not_applicable": 4.0, "partial": 2.0}


@dataclass(frozen=True)
class Did:
    """How a program fared: what is left out passed; `value` is what it returned everywhere."""

    statuses: Mapping[str, CriterionStatus] = field(default_factory=dict)
    named: Sequence[str] = ()
    value: float = 1.0
    wrong: Sequence[str] = ()
    adjustments: tuple[Adjustment, ...] = ()
    elsewhere: Sequence[str] = ()
    raised: bool = False


def graded(did: Did) -> Graded:
    rows = []
    for each in EXAM.rubric.criteria:
        status = did.statuses.get(each.id, "passed")
        fixtures = [one.name for one in EXAM.fixtures if one.group == each.id]
        bad = [name for name in fixtures if name in did.wrong]
        if status in ("failed", "partial") and not bad:
            bad = fixtures[: 1 if status == "partial" else None]
        how: Any = "raised" if did.raised else "wrong"
        evidence = tuple(
            Evidence(fixture=name, outcome=how if name in bad else "ok") for name in fixtures
        )
        points = POINTS.get(status, 0.0)
        rows.append(row(each.id, status, points, evidence))
    told = [diagnosis(each, "forward") for each in did.named]
    told += [diagnosis(each, "backward") for each in did.elsewhere]
    score = sum(each.points for each in rows)
    report = Report(
        submission=SubmissionFacts(id="a", source="a.py", sha256="0", format="script"),
        rubric=RubricFacts(id="made", version="1.0", sha256="0"),
        status="graded",
        automatic=Automatic(score=score, max=12),
        manual=Manual(score=None, max=0),
        final=Final_(score=None, max=12),
        criteria=tuple(rows),
        diagnoses=tuple(told),
        adjustments=did.adjustments,
        run=RunFacts(seconds=0, at="", environment={}),
    )
    calls = {name.name: answer([[did.value]]) for name in EXAM.fixtures}
    return Graded(report, record(EXAM, ran(calls)))


def row(
    name: str, status: CriterionStatus, points: float, evidence: tuple[Evidence, ...]
) -> CriterionResult:
    return CriterionResult(
        id=name, title=name, points=points, max_points=4.0, bonus=False, visibility="visible",
        status=status, feedback="", evidence=evidence,
    )  # fmt: skip


def diagnosis(name: str, role: str) -> Diagnosis:
    return Diagnosis(
        id=name, role=role, confidence="matched", message="", hint="", location=None, criteria=()
    )


def mutant(name: str, **told: Any) -> Mutant:
    facts: dict[str, Any] = {
        "bugs": (name,),
        "killed_by": (),
        "marks": (0.0, 12.0),
    }
    return Mutant(f"forward/{name}", "forward", "forward", "", **{**facts, **told})


def killing(
    did: Mapping[Mutant, Did],
    *,
    base: Did = Did(),
    references: Sequence[Did] = (),
    made: Exam = EXAM,
    **told: Any,
) -> Killing:
    facts: dict[str, Any] = {"with_mutant": WITH, **told}
    mutants = Mutants((Base("forward", "forward", ""),), tuple(did), **facts)
    outcomes = {each.name: graded(how) for each, how in did.items()}
    outcomes["forward"] = graded(base)
    reports = [graded(each).report for each in references]
    return kill(made, mutants, reports, lambda each: outcomes[each.name])


V, B, P = mutant("v"), mutant("b"), mutant("p")
RIGHT: Final = {
    V: Did({"values": "failed", "batch": "skipped"}, ["v"], 2, ["values/a"]),
    B: Did({"batch": "partial"}, ["b"], 3, ["batch/a"]),
    P: Did({"pure": "failed", "values": "partial"}, ["p"], 4, ["values/b"]),
    mutant("q"): Did({"batch": "partial"}, ["q"], 5, ["batch/b"]),
}


def wrong(changed: Mutant, did: Did, **told: Any) -> tuple[str, ...]:
    """What is told where one more mutant is tried."""
    return killing({**RIGHT, changed: did}, **told).wrong


def test_a_rubric_that_kills_them_all() -> None:
    found = killing(RIGHT)
    assert found.wrong == ()
    assert found.holds
    v, b, *_ = found.tried
    assert (v.killers, b.killers) == (("values",), ("batch",))
    assert (v.mark, b.mark, b.full) == (4.0, 10.0, 12.0)
    assert all(each.named_right and not each.survives for each in found.tried)


def test_a_survivor() -> None:
    told = wrong(mutant("s"), Did(value=7))
    assert told == ("forward/s survives with all 12 points",)
    (same,) = wrong(mutant("s"), Did())
    assert same.endswith("12 points: on every fixture it does what its base does")


def test_points_of_a_cap_are_lost_points() -> None:
    cap = Adjustment(kind="cap", criterion="pure", points=-3, reason="", by="rubric")
    assert wrong(mutant("s", marks=(9, 9)), Did(adjustments=(cap,))) == ()


def test_what_must_kill_and_does_not() -> None:
    told = wrong(mutant("s", killed_by=("pure", "batch")), Did({"pure": "failed"}, value=9))
    assert told == ("forward/s is not killed by batch (passed), as it must be",)
    skipped = Did({"pure": "failed", "batch": "skipped"}, value=9)
    (line,) = wrong(mutant("s", killed_by=("pure", "batch")), skipped)
    assert "batch (skipped)" in line


def test_a_pair_may_be_skipped_where_one_of_it_is_killed() -> None:
    pair = mutant("v+b", killed_by=("values", "batch"), singles=(V.name, B.name))
    both = Did({"values": "failed", "batch": "skipped"}, value=8)
    assert wrong(pair, both) == ()
    (line,) = wrong(pair, Did({"values": "failed"}, value=8))
    assert "not killed by batch (passed)" in line


def test_marks_out_of_range() -> None:
    did = Did({"pure": "failed"}, value=9)
    assert wrong(mutant("s", marks=(8, 8)), did) == ()
    assert wrong(mutant("s", marks=(0, 7.5)), did) == ("forward/s has 8 points, expected 0 to 7.5",)
    assert wrong(mutant("s", marks=(8.5, 9)), did) == ("forward/s has 8 points, expected 8.5 to 9",)


def test_a_false_name_is_an_error_and_a_missing_one_is_not() -> None:
    did = Did({"pure": "failed"}, ["other"], 9)
    (line,) = wrong(mutant("s"), did)
    assert line == "forward/s is named `other`, which is not true of it (s)"
    assert wrong(mutant("s", also=("other",)), did) == ()
    assert wrong(mutant("s"), replace(did, named=[])) == ()
    (line,) = wrong(mutant("s"), replace(did, named=["s"], elsewhere=["s"]))
    assert line == "forward/s is named `s` in backward, where it is no mutant"


def test_that_it_crashes_is_no_false_name_where_it_does() -> None:
    did = Did({"batch": "partial"}, ["crashes"], 9, ["batch/a"])
    assert wrong(mutant("s"), replace(did, raised=True)) == ()
    assert wrong(mutant("s"), did)


def test_named_as_it_is() -> None:
    named = [["s"], ["s", "t"], ["s", "t", "u"], ["t", "u"], []]
    also = mutant("s", bugs=("s", "t"), also=("u",))
    for names, right in zip(named, [False, True, True, False, False], strict=True):
        found = killing({**RIGHT, also: Did({"pure": "failed"}, names, 9)})
        assert found.tried[-1].named_right is right


def test_a_base_must_be_right() -> None:
    told = killing(RIGHT, base=Did({"pure": "failed"}, ["v"], elsewhere=["missing"])).wrong
    assert told[:2] == (
        "forward is no base: pure failed, expected passed",
        "forward is right, and `v` is named",
    )


def test_a_pair_that_does_nothing_of_its_own_is_dropped() -> None:
    pair = mutant("v+b", singles=(V.name, B.name))
    like = RIGHT[B]
    assert killing({**RIGHT, pair: like}).dropped == {"forward/v+b": "forward/b"}
    assert not killing({**RIGHT, pair: replace(like, value=8)}).dropped
    assert killing({**RIGHT, pair: Did()}).dropped == {"forward/v+b": "forward"}
    assert not killing({**RIGHT, mutant("w"): like}).dropped


def test_a_criterion_that_kills_nothing() -> None:
    left = {each: did for each, did in RIGHT.items() if each is not P}
    references = [RIGHT[P]]
    assert killing(left, references=references).wrong == ("pure kills nothing",)
    assert killing(left, references=references, kills_nothing={"pure": "young"}).holds
    assert killing(RIGHT, kills_nothing={"pure": "young"}).wrong == (
        "pure is declared to kill nothing, and kills forward/p",
    )


def test_criteria_that_kill_the_same() -> None:
    did = Did({"values": "failed", "pure": "failed"}, value=9)
    only = {B: RIGHT[B], mutant("s"): did, mutant("q"): RIGHT[mutant("q")]}
    assert killing(only).wrong == ("values and pure kill the same mutants",)
    alike = (Alike(frozenset({"values", "pure"}), "both"),)
    assert killing(only, alike=alike).holds
    (line,) = killing(RIGHT, alike=alike).wrong
    assert line == "pure and values are declared alike, and forward/v tells them apart"


def test_an_idle_fixture() -> None:
    left = {each: did for each, did in RIGHT.items() if each.name != "forward/q"}
    (line,) = killing(left).wrong
    assert line.startswith("batch/b is idle: ")
    assert killing(left, idle={"batch/b": "it is plain"}).holds
    assert killing(left, references=[Did(wrong=["batch/b"])]).holds
    assert killing(RIGHT, idle={"batch/b": "it is plain"}).wrong == (
        "batch/b is declared idle, and is not",
    )


def test_fixtures_that_all_find_the_same_are_not_idle() -> None:
    left = {V: RIGHT[V], P: RIGHT[P], B: Did({"batch": "failed"}, ["b"], 3)}
    assert killing(left).holds


def test_a_bug_without_a_mutant() -> None:
    some = frozenset({"writes", "borrowed"})
    assert killing(RIGHT, with_mutant=some).wrong == ("`reaches-out` has no mutant",)
    assert killing(RIGHT, with_mutant=some, without_mutant={"reaches-out": "no"}).holds
    (line,) = killing(RIGHT, without_mutant={"reaches-out": "no"}).wrong
    assert line == "`reaches-out` is declared to have no mutant, and has one"


def test_by_another_rubric_survivors_and_false_names_count() -> None:
    marked = mutant("s", marks=(0, 1), killed_by=("gone",))
    less = {marked: Did({"pure": "failed"}, value=9)}
    assert killing(less, binding=False, with_mutant=frozenset()).holds
    found = killing({marked: Did(named=["b"])}, binding=False, with_mutant=frozenset()).wrong
    assert [line.split()[1] for line in found] == ["survives", "is"]


def test_what_could_not_be_judged_is_told() -> None:
    (line,) = wrong(mutant("s"), Did({"pure": "error"}))
    assert line.startswith("forward/s could not be judged")
