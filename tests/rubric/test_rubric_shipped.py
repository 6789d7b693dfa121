"""The shipped rubrics: their points, what junk earns, their words, and what they forbid."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from grader.assignments import fixture_folder
from grader.core.report import CriterionStatus
from grader.core.rubric import Rubric
from grader.core.verdict import Verdict
from grader.fixtures.spec import load_specs
from grader.judging.score import Scored, score
from grader.resources import shipped
from grader.rubric import facts, lint, load
from grader.rubric.loading import shipped_names

SOFTMAX = load("softmax", folder=Path()).rubric
FORBIDS = {
    name: SOFTMAX.criterion(name).forbid for name in ("from-scratch", "backward-from-scratch")
}
VALUES = ("values", "stable", "batch", "per-row-shift")
BACKWARD = ("backward-values", "backward-batch", "backward-stable", "backward-from-scratch")


def marked(default: CriterionStatus = "passed", **others: CriterionStatus) -> Scored:
    statuses = {each.id: default for each in SOFTMAX.criteria if each.check != "manual"}
    statuses |= {name.replace("_", "-"): status for name, status in others.items()}
    return score(
        SOFTMAX,
        {
            name: Verdict(name, status, 1.0 if status == "passed" else 0.0)
            for name, status in statuses.items()
        },
    )


@pytest.mark.parametrize("name", shipped_names())
def test_lint_finds_nothing(name: str) -> None:
    path = shipped("rubrics") / f"{name}.yaml"
    found = lint(path, lambda assignment, base: facts(load_specs(fixture_folder(assignment, base))))
    assert [str(finding) for finding in found] == []


def test_the_points() -> None:
    assert {each.id: each.points for each in SOFTMAX.criteria} == {
        "implemented": 0,
        "values": 4,
        "stable": 5,
        "batch": 3,
        "per-row-shift": 3,
        "differentiable": 1,
        "own-argument": 1,
        "pure": 1,
        "dtype": 1,
        "from-scratch": 1,
        "backward-values": 2,
        "backward-batch": 1,
        "backward-stable": 1,
        "backward-from-scratch": 1,
        "discussion": 5,
    }
    full = marked()
    assert (full.automatic.score, full.automatic.max) == (20, 20)
    assert (full.automatic.bonus, full.automatic.max_bonus) == (5, 5)
    assert (full.manual.max, full.final.max) == (5, 25)
    assert full.open == ("waits for a mark by hand: discussion",)


@pytest.mark.parametrize("gradient", ["failed", "not_applicable"])
def test_answers_of_no_worth_earn_nothing(gradient: CriterionStatus) -> None:
    wrong: dict[str, CriterionStatus] = dict.fromkeys(VALUES, "failed")
    junk = marked(**{**wrong, "differentiable": gradient, "dtype": "failed"})
    assert junk.automatic.score == 0
    assert next(row for row in junk.rows if row.id == "pure").status == "passed"


def test_an_unfinished_function_skips_the_rest() -> None:
    scored = marked(implemented="failed")
    apart = {"implemented", "discussion", *BACKWARD}
    assert {row.status for row in scored.rows if row.id not in apart} == {"skipped"}
    assert scored.automatic.score == 0
    # an optional question is marked by itself
    assert scored.automatic.bonus == 5


def test_the_backward_pass_is_a_bonus_apart() -> None:
    rows = [each for each in SOFTMAX.criteria if each.role]
    assert [row.id for row in rows] == list(BACKWARD)
    assert all(row.bonus and row.role == "backward" for row in rows)
    # whether it is stable is decided as it was handed in, with the forward pass it came with
    assert [row.id for row in rows if not row.stand_in] == ["backward-stable"]
    skipped: dict[str, CriterionStatus] = dict.fromkeys(BACKWARD, "skipped")
    without = marked(**skipped)
    assert (without.automatic.score, without.automatic.bonus) == (20, 0)
    assert all(
        row.feedback.endswith("nothing but its bonus is lost.")
        for row in without.rows
        if row.id in BACKWARD
    )


@pytest.mark.parametrize("stable", ["passed", "not_applicable"])
def test_a_wrong_backward_pass_earns_no_bonus(stable: CriterionStatus) -> None:
    wrong = marked(backward_values="failed", backward_batch="failed", backward_stable=stable)
    assert (wrong.automatic.score, wrong.automatic.bonus) == (20, 0)


def test_a_library_s_gradient_keeps_what_right_values_earn() -> None:
    assert marked(backward_from_scratch="failed").automatic.bonus == 4


def test_a_librarys_answer_is_capped() -> None:
    scored = marked(from_scratch="failed")
    assert scored.automatic.score == 5
    assert [each.points for each in scored.adjustments] == [-14]


def test_rows_of_different_size_wait_for_single_rows() -> None:
    rows = {row.id: row for row in marked(stable="failed").rows}
    assert rows["per-row-shift"].status == "skipped"
    assert "Stable for extreme logits" in rows["per-row-shift"].feedback


@pytest.mark.parametrize("name", shipped_names())
def test_texts_say_something_short_and_keep_the_answer(name: str) -> None:
    rubric: Rubric = load(name, folder=Path()).rubric
    for criterion in rubric.criteria:
        assert len(criterion.title) <= 60
        texts = criterion.feedback
        if criterion.points and criterion.check != "manual":
            assert texts.passed
            assert texts.failed
            assert texts.partial or not criterion.partial
        for text in texts.model_dump().values():
            assert len(re.findall(r"[.?!](?= |$)", text)) <= 2, text
            assert not re.search(r"subtract|maxim|\bmax\b|keepdim|\bdim\b", text), text


class Trace(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def forbidden(call: Callable[[], object], criterion: str = "from-scratch") -> list[str]:
    forbid = FORBIDS[criterion]
    assert forbid is not None
    with Trace() as trace:
        call()
    return sorted(name for name in trace.names for ops in forbid.ops if fnmatchcase(name, ops))


F = nn.functional
X = torch.tensor([[0.5, 1.0, 2.0], [1.0, 0.0, 3.0]])
Q = X.expand(1, 1, 2, 3)
DISGUISES: dict[str, Callable[[], object]] = {
    "function": lambda: torch.softmax(X, 1),
    "method": lambda: X.softmax(1),
    "other dtype": lambda: X.softmax(1, dtype=torch.float64),
    "out": lambda: torch.softmax(X, 1, out=torch.empty_like(X)),
    "special": lambda: torch.special.softmax(X, 1),
    "private": lambda: torch._softmax(X, 1, half_to_float=False),
    "safe": lambda: torch._safe_softmax(X, 1),
    "operator": lambda: torch.ops.aten._softmax.default(X, 1, half_to_float=False),
    "module": lambda: nn.Softmax(1)(X),
    "softmin": lambda: F.softmin(-X, 1),
    "log": lambda: F.log_softmax(X, 1).exp(),
    "special log": lambda: torch.special.log_softmax(X, 1),
    "log-sum-exp": lambda: torch.exp(X - X.logsumexp(1, keepdim=True)),
    "special log-sum-exp": lambda: torch.special.logsumexp(X, 1),
    "running log-sum-exp": lambda: torch.logcumsumexp(X, 1),
    "masked": lambda: torch.masked.softmax(X, 1, mask=X > -1),
    "sparse": lambda: torch.sparse.softmax(X.to_sparse(), 1).to_dense(),
    "distribution": lambda: torch.distributions.Categorical(logits=X).probs,
    "one-hot": lambda: torch.distributions.OneHotCategorical(logits=X).mean,
    "cross-entropy": lambda: F.cross_entropy(X, torch.tensor([0, 1]), reduction="none"),
    "attention": lambda: F.scaled_dot_product_attention(Q, Q, Q),
}
BASIC: dict[str, Callable[[], object]] = {
    "by hand": lambda: (X - X.amax(1, keepdim=True)).exp() / X.exp().sum(1, keepdim=True),
    "sorted": lambda: (X - X.sort(1).values[:, -1:]).exp().log(),
    "top": lambda: X.topk(1, dim=1).values,
    "pairs": lambda: torch.logaddexp(X[:, 0], X[:, 1]),
    "sigmoid": lambda: torch.sigmoid(X),
    "products": lambda: torch.einsum("ij,j->i", X.exp(), torch.ones(3)),
    "normalised": lambda: F.normalize(X.exp(), p=1.0, dim=1),
    "relu": lambda: F.relu(X),
}


@pytest.mark.parametrize("call", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_a_library_answer_is_seen(call: Callable[[], object], mode: Any) -> None:
    with mode():
        assert forbidden(call)


@pytest.mark.parametrize("call", BASIC.values(), ids=BASIC.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_basic_operations_are_not(call: Callable[[], object], mode: Any) -> None:
    with mode():
        assert not forbidden(call)


def differentiated(function: Callable[[Any], torch.Tensor]) -> Callable[[], object]:
    leaf = X.clone().requires_grad_()
    return lambda: torch.autograd.grad(function(leaf)[0, 0], leaf)


P = X.softmax(1)
GRADIENTS: dict[str, Callable[[], object]] = {
    "private": lambda: torch._softmax_backward_data(X, P, 1, torch.float32),
    "private log": lambda: torch._log_softmax_backward_data(X, P.log(), 1, torch.float32),
    "function": differentiated(lambda x: x.softmax(1)),
    "log": differentiated(lambda x: x.log_softmax(1)),
}


@pytest.mark.parametrize("call", GRADIENTS.values(), ids=GRADIENTS.keys())
def test_a_library_gradient_is_seen(call: Callable[[], object]) -> None:
    assert forbidden(call, "backward-from-scratch")


@pytest.mark.parametrize("call", [*BASIC.values(), DISGUISES["function"], DISGUISES["module"]])
def test_a_derivative_of_a_librarys_answer_is_one_s_own(call: Callable[[], object]) -> None:
    assert not forbidden(call, "backward-from-scratch")


@pytest.mark.parametrize("name", ["autograd::engine", "autograd::dual", "aten::_make_dual"])
def test_differentiation_itself_is_forbidden(name: str) -> None:
    forbid = FORBIDS["backward-from-scratch"]
    assert forbid is not None
    assert any(fnmatchcase(name, ops) for ops in forbid.ops)


def resolves(name: str) -> bool:
    if name.startswith("."):
        return hasattr(torch.Tensor, name[1:])
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize(
    ("criterion", "least"), [("from-scratch", 40), ("backward-from-scratch", 20)]
)
def test_forbidden_names_of_torch_exist(criterion: str, least: int) -> None:
    forbid = FORBIDS[criterion]
    assert forbid is not None
    own = [name for name in forbid.names if name.startswith((".", "torch."))]
    assert len(own) > least
    assert [name for name in own if not resolves(name)] == []
    assert len(set(forbid.names)) == len(forbid.names)
