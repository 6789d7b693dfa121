"""Repairs of a softmax's backward pass: what is planted is named, and nothing else is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.assignments.softmax.backward import BACKWARD
from grader.assignments.softmax.backward_repairs import BACKWARD_REPAIRS
from grader.assignments.softmax.bugs import BUGS
from grader.core.record import Exam, Submission
from grader.core.repair import Edit
from grader.editing import Code
from grader.pipeline import grade
from grader.repairing.edits import edits_for, mended
from grader.sandbox.parent import Sandbox
from tests.builders import statement
from tests.stories.grade_files import exam
from tests.stories.telling import Story, submission
from tests.stories.test_backward_passes import told

pytestmark = pytest.mark.xdist_group("backward-repairs")

PLANTED: Final = told("planted")
TRAPS: Final = told("traps")
HEAD: Final = "import numpy as np\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox("strict") as sandbox:
        yield sandbox


@functools.cache
def _of_backward() -> Exam:
    """The shipped exam without what is asked of the forward pass alone."""
    whole = exam()
    asked = tuple(each for each in whole.rubric.criteria if each.role == BACKWARD.role)
    alone = whole.rubric.model_copy(update={"criteria": asked, "caps": ()})
    return replace(whole, rubric=alone)


def _named(story: Story, sandbox: Sandbox) -> dict[str, str]:
    """What is said of the backward pass, and how sure it is."""
    name, data = submission(story, "percent")
    report = grade(Submission(name, name, data), _of_backward(), sandbox).report
    return {one.id: one.confidence for one in report.diagnoses if one.role == "backward"}


def test_there_are_enough_stories_and_none_is_told_twice() -> None:
    names = [story.name for story in (*PLANTED, *TRAPS)]
    assert sorted(set(names)) == sorted(names)
    told_of = [story for story in PLANTED if story.says["diagnoses"]]
    assert len(told_of) >= 60
    assert sum(" " in story.says["diagnoses"] for story in told_of) >= 20
    assert len(told_of) / len(PLANTED) > 0.95


@pytest.mark.parametrize("story", PLANTED, ids=lambda story: story.name)
def test_what_is_planted_is_named_and_proved(story: Story, sandbox: Sandbox) -> None:
    sure = story.says.get("sure", "proved")
    bugs = story.says["diagnoses"].split()
    assert _named(story, sandbox) == dict.fromkeys(bugs, sure)


@pytest.mark.parametrize("story", TRAPS, ids=lambda story: story.name)
def test_no_other_fault_is_taken_for_a_known_one(story: Story, sandbox: Sandbox) -> None:
    assert sorted(_named(story, sandbox)) == story.says["diagnoses"].split()


def test_every_rule_has_words_and_a_name_of_its_own() -> None:
    names = [rule.name for rule in BACKWARD_REPAIRS]
    assert sorted(set(names)) == sorted(names)
    assert BACKWARD.repairs is BACKWARD_REPAIRS
    for rule in BACKWARD_REPAIRS:
        assert rule.bug in BUGS or f"backward/{rule.bug}" in BUGS


def test_no_repair_calls_a_softmax_that_the_student_does_not_call() -> None:
    for body in ("g * p", "g * p * (1 - p)", "p * (1 - p)", "p - g", "np.diag(p)", "-p"):
        for _, text in _edited(body):
            assert "softmax" not in text.split("\n", 1)[1]


def _edited(body: str, before: str = "") -> list[tuple[Edit, str]]:
    """Every edit of `def f(p, g): return body`, with the source it leaves."""
    code = f"def f(p, g):\n{before}    return {body}"
    statements = (
        statement(HEAD.strip(), binds=("np",)),
        statement(code, binds=("f",)),
    )
    found, failed = edits_for(Code.of(statements), BACKWARD_REPAIRS)
    assert failed == ()
    return [(edit, mended(statements, [edit])[1].code) for edit in found]


SHAPES: Final = ("{} * {} * {}", "{} * ({} * {})", "np.multiply({}, {}) * {}")
P: Final = np.array([[0.2, 0.3, 0.5], [0.6, 0.1, 0.3]])
G: Final = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
TRUTH: Final = P * (G - np.sum(P * G, axis=-1, keepdims=True))
MATRIX: Final = np.stack([np.diag(p) - np.outer(p, p) for p in P])


def _called(source: str, truth: Any = TRUTH) -> bool:
    """Whether the source, called on rows of probabilities, gives the truth."""
    names: dict[str, Any] = {"np": np}
    exec(source, names)  # noqa: S102 - source of this module
    try:
        got = np.asarray(names["f"](P, G), dtype=np.float64)
    except (ValueError, IndexError, TypeError):
        return False
    return got.shape == truth.shape and bool(np.allclose(got, truth))


def _mending(body: str, truth: Any = TRUTH, before: str = "") -> set[str]:
    """Ids of the single edits that make it right."""
    return {edit.bug for edit, source in _edited(body, before) if _called(source, truth)}


@given(order=st.permutations(["g", "p", "(1 - p)"]), shape=st.sampled_from(SHAPES))
def test_a_slope_is_seen_in_any_order(order: list[str], shape: str) -> None:
    assert _mending(shape.format(*order)) == {"diagonal-only"}


@given(order=st.permutations(["g", "p"]), shape=st.sampled_from(["-{} * {}", "-({} * {})"]))
def test_a_sign_stays_when_the_sum_is_added(order: list[str], shape: str) -> None:
    body = shape.format(*order)
    assert _mending(body) == set()
    assert _mending(body, -TRUTH) == {"missing-correction"}


@pytest.mark.parametrize(
    ("body", "bugs"),
    [
        ("g * (p - p * p)", {"diagonal-only"}),
        ("g * (p - p ** 2)", {"diagonal-only"}),
        ("np.multiply(g, p)", {"missing-correction"}),
        ("p - g", {"fused-cross-entropy"}),
        ("(p - g) / len(p)", {"fused-cross-entropy"}),
        ("p * (g + np.sum(p * g, axis=-1, keepdims=True))", {"sign-flipped"}),
        ("p * (np.sum(p * g, axis=-1, keepdims=True) - g)", {"sign-flipped"}),
        ("-p * (g - np.sum(p * g, axis=-1, keepdims=True))", {"sign-flipped"}),
        ("p * (g - np.sum(p * g))", {"sum-over-all"}),
        ("p * (g - np.dot(p.ravel(), g.reshape(-1)))", {"sum-over-all"}),
        ("p * (g - np.sum(p * g, axis=0, keepdims=True))", {"wrong-axis"}),
        ("p * (g - np.sum(p * g, axis=0)[:, None])", {"wrong-axis"}),
        ("p * (g - np.sum(p * g, axis=1))", {"missing-keepdim"}),
        ('p * (g - np.einsum("bi,bi->b", p, g))', {"missing-keepdim"}),
        ('p * (g - np.einsum("bi,bi->", p, g))', {"sum-over-all"}),
        ("p * (g - np.mean(p * g, axis=-1, keepdims=True))", set()),
        ("p * (g - np.sum(g, axis=-1, keepdims=True))", set()),
        ("(g + 1) * p", set()),
        ("(g + 1) * p * (1 - p)", set()),
        ("2 * g * p", set()),
        ("p * (g - np.sum(p * g, axis=-1, keepdims=True)) / len(p)", set()),
        ("g", set()),
    ],
)
def test_one_edit_mends_its_own_bug_alone(body: str, bugs: set[str]) -> None:
    assert _mending(body) == bugs


@pytest.mark.parametrize(
    ("body", "bugs"),
    [
        ("p * (1 - p)", {"diagonal-only"}),
        ("p - p * p", {"diagonal-only"}),
        ("np.stack([np.diag(row * (1 - row)) for row in p])", {"diagonal-only"}),
        ("np.stack([np.diagflat(row) for row in p])", {"missing-correction"}),
        ("np.eye(3) * p[:, None, :]", {"missing-correction"}),
        ("np.eye(3) * (p * (1 - p))[:, None, :]", {"diagonal-only"}),
        ("np.stack([np.diag(row) + np.outer(row, row) for row in p])", {"sign-flipped"}),
        ("np.stack([np.outer(row, row) - np.diag(row) for row in p])", {"sign-flipped"}),
        ("np.stack([np.outer(row, row) for row in p])", set()),
        ("2 * np.eye(3) * p[:, None, :]", set()),
    ],
)
def test_one_edit_mends_a_jacobian(body: str, bugs: set[str]) -> None:
    assert _mending(body, MATRIX) == bugs


def test_an_upstream_that_is_not_read_is_multiplied() -> None:
    before = "    J = np.stack([np.diag(row) - np.outer(row, row) for row in p])\n"
    assert _mending("J", before=before) == {"ignores-upstream"}
    assert _mending("p * (1 - p)") == {"ignores-upstream"}


def test_rows_are_written_whole_only_into_zeros() -> None:
    loop = (
        "    for b in range(len(p)):\n        for i in range(3):\n"
        "            J[b, i, i] = p[b, i] * (1 - p[b, i])\n"
    )
    zeros, products = "    J = np.zeros((2, 3, 3))\n", "    J = np.einsum('bi,bj->bij', p, p)\n"
    assert _mending("J", MATRIX, zeros + loop) == {"diagonal-only"}
    assert _mending("J", MATRIX, products + loop) == set()


@given(text=st.text(alphabet="pgi()[]*-+1=: \n", max_size=40))
def test_no_source_breaks_a_rule(text: str) -> None:
    code = Code.of((statement(f"def f(p, g):\n    return {text}"),))
    for rule in BACKWARD_REPAIRS:
        assert all(fix.patches for fix in rule.find(code))
