"""A package that is not installed is the grader's trouble, never the student's."""

from __future__ import annotations

from grader.core.observation import Exchange, Fault, Observation, Program, Run, Setup
from grader.judging.absent import absent_packages
from grader.judging.judge import judge
from tests.builders import criterion, exam, fixture, ran, record, statement

GONE = Fault("ModuleNotFoundError", "No module named 'einops'", "<cell 1>", 1)
MISSED = Fault("NameError", "name 'einops' is not defined", "<cell 2>", 2, missing_name="einops")
STATEMENTS = (statement("import einops", binds=("einops",)), statement("def f(x): ...", cell=2))


def exchange(setup: tuple[tuple[int, Fault], ...], fault: Fault | None) -> Exchange:
    answer = Observation("ok") if fault is None else Observation("raised", fault=fault)
    run = Run(Setup("ok", "function", setup), {"a/1": answer})
    return Exchange(Program(STATEMENTS, "f"), run)


def test_an_import_that_failed_and_is_missed_is_named() -> None:
    assert absent_packages(exchange(((0, GONE),), MISSED)) == ("einops",)


def test_an_import_that_failed_and_is_not_missed_says_nothing() -> None:
    assert absent_packages(exchange(((0, GONE),), None)) == ()


def test_a_name_that_no_import_binds_is_the_students_own_mistake() -> None:
    other = Fault("NameError", "name 'y' is not defined", missing_name="y")
    assert absent_packages(exchange(((0, GONE),), other)) == ()
    assert absent_packages(exchange((), other)) == ()


def test_an_import_inside_the_function_counts_too() -> None:
    assert absent_packages(exchange((), GONE)) == ("einops",)


def test_a_definition_that_needs_the_package_counts_too() -> None:
    found = Exchange(
        Program(STATEMENTS, "f"), Run(Setup("raised", "", ((0, GONE), (1, MISSED))), {})
    )
    assert absent_packages(found) == ("einops",)


def test_then_no_criterion_is_failed_and_a_person_is_asked() -> None:
    rows = (criterion("implemented", "implemented", gate=True), criterion("v", fixtures=("a",)))
    made = exam(rows, (fixture("a/1"),))
    run = ran({"a/1": Observation("raised", fault=GONE)})
    verdicts = judge(record(made, run), made)
    assert {verdict.status for verdict in verdicts.values()} == {"error"}
    assert all("einops" in verdict.feedback for verdict in verdicts.values())
