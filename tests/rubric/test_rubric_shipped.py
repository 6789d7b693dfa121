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
from grader.core.verdict import Verdict
from grader.fixtures.spec import load_specs
from grader.judging.score import Scored, score
from grader.resources import shipped
from grader.rubric import facts, lint, load
from grader.rubric.loading import shipped_names

RUBRICS = {name: load(name, folder=Path()).rubric for name in shipped_names()}
WITH_BACKWARD = ("cross_entropy", "softmax")
FROM_SCRATCH, DERIVED = "from-scratch", "backward-from-scratch"
BACKWARD = ("backward-values", "backward-batch", "backward-stable", DERIVED)
POINTS = {
    "softmax": {"values": 4, "stable": 5, "batch": 3, "per-row-shift": 3, "differentiable": 1},
    "log_softmax": {
        "values": 4,
        "stable": 3,
        "unlikely": 4,
        "batch": 2,
        "per-row-shift": 2,
        "differentiable": 1,
    },
    "cross_entropy": {
        "values": 4,
        "stable": 3,
        "unlikely": 3,
        "batch": 3,
        "per-row-shift": 2,
        "differentiable": 1,
    },
    "numpy_softmax": {"values": 5, "stable": 5, "batch": 3, "per-row-shift": 3},
}


def marked(name: str, default: CriterionStatus = "passed", **others: CriterionStatus) -> Scored:
    rubric = RUBRICS[name]
    statuses = {each.id: default for each in rubric.criteria if each.check != "manual"}
    statuses |= {found.replace("_", "-"): status for found, status in others.items()}
    return score(
        rubric,
        {
            found: Verdict(found, status, 1.0 if status == "passed" else 0.0)
            for found, status in statuses.items()
            if found in {each.id for each in rubric.criteria}
        },
    )


def worthless(name: str) -> dict[str, CriterionStatus]:
    """No value of the main target is right."""
    rows = RUBRICS[name].criteria
    return {row.id: "failed" for row in rows if row.check in ("values", "dtype") and not row.role}


@pytest.mark.parametrize("name", shipped_names())
def test_lint_finds_nothing(name: str) -> None:
    path = shipped("rubrics") / f"{name}.yaml"
    found = lint(path, lambda assignment, base: facts(load_specs(fixture_folder(assignment, base))))
    assert [str(finding) for finding in found] == []


@pytest.mark.parametrize("name", shipped_names())
def test_the_points(name: str) -> None:
    safeguards = dict.fromkeys(("own-argument", "pure", "dtype", FROM_SCRATCH), 1)
    bonus = {"backward-values": 2, "backward-batch": 1, "backward-stable": 1, DERIVED: 1}
    assert {each.id: each.points for each in RUBRICS[name].criteria} == {
        "implemented": 0,
        **POINTS[name],
        **safeguards,
        **(bonus if name in WITH_BACKWARD else {}),
        **({"discussion": 5} if name == "softmax" else {}),
    }
    full = marked(name)
    most = 5 if name in WITH_BACKWARD else 0
    assert (full.automatic.score, full.automatic.max) == (20, 20)
    assert (full.automatic.bonus, full.automatic.max_bonus) == (most, most)
    by_hand = 5 if name == "softmax" else 0
    assert (full.manual.max, full.final.max) == (by_hand, 20 + by_hand)
    assert full.open == (("waits for a mark by hand: discussion",) if by_hand else ())


@pytest.mark.parametrize("name", shipped_names())
@pytest.mark.parametrize("gradient", ["failed", "not_applicable"])
def test_answers_of_no_worth_earn_nothing(name: str, gradient: CriterionStatus) -> None:
    junk = marked(name, **worthless(name), differentiable=gradient)
    assert junk.automatic.score == 0
    assert next(row for row in junk.rows if row.id == "pure").status == "passed"


@pytest.mark.parametrize("name", shipped_names())
def test_an_unfinished_function_skips_the_rest(name: str) -> None:
    scored = marked(name, implemented="failed")
    apart = {"implemented", "discussion", *BACKWARD}
    assert {row.status for row in scored.rows if row.id not in apart} == {"skipped"}
    assert scored.automatic.score == 0
    # an optional question is marked by itself
    assert scored.automatic.bonus == scored.automatic.max_bonus


@pytest.mark.parametrize("name", shipped_names())
def test_the_backward_pass_is_a_bonus_apart(name: str) -> None:
    rows = [each for each in RUBRICS[name].criteria if each.role]
    assert [row.id for row in rows] == list(BACKWARD if name in WITH_BACKWARD else ())
    assert all(row.bonus and row.role == "backward" for row in rows)
    # whether it is stable is decided as it was handed in, with the forward pass it came with
    assert {row.id for row in rows if not row.stand_in} <= {"backward-stable"}
    skipped: dict[str, CriterionStatus] = dict.fromkeys(BACKWARD, "skipped")
    without = marked(name, **skipped)
    assert (without.automatic.score, without.automatic.bonus) == (20, 0)
    assert all(
        row.feedback.endswith("nothing but its bonus is lost.")
        for row in without.rows
        if row.id in BACKWARD
    )


@pytest.mark.parametrize("name", WITH_BACKWARD)
@pytest.mark.parametrize("stable", ["passed", "not_applicable"])
def test_a_wrong_backward_pass_earns_no_bonus(name: str, stable: CriterionStatus) -> None:
    wrong = marked(name, backward_values="failed", backward_batch="failed", backward_stable=stable)
    assert (wrong.automatic.score, wrong.automatic.bonus) == (20, 0)


@pytest.mark.parametrize("name", WITH_BACKWARD)
def test_a_library_s_gradient_keeps_what_right_values_earn(name: str) -> None:
    assert marked(name, backward_from_scratch="failed").automatic.bonus == 4


@pytest.mark.parametrize("name", shipped_names())
def test_a_librarys_answer_is_capped(name: str) -> None:
    scored = marked(name, from_scratch="failed")
    assert scored.automatic.score == 5
    assert [each.points for each in scored.adjustments] == [-14]


@pytest.mark.parametrize("name", shipped_names())
def test_rows_of_different_size_wait_for_single_rows(name: str) -> None:
    rows = {row.id: row for row in marked(name, stable="failed").rows}
    assert rows["per-row-shift"].status == "skipped"
    assert "Stable for extreme logits" in rows["per-row-shift"].feedback


@pytest.mark.parametrize("name", shipped_names())
def test_texts_say_something_short_and_keep_the_answer(name: str) -> None:
    for criterion in RUBRICS[name].criteria:
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


def forbidden(call: Callable[[], object], name: str, criterion: str = FROM_SCRATCH) -> list[str]:
    forbid = RUBRICS[name].criterion(criterion).forbid
    assert forbid is not None
    with Trace() as trace:
        call()
    return sorted(found for found in trace.names for ops in forbid.ops if fnmatchcase(found, ops))


F = nn.functional
X = torch.tensor([[0.5, 1.0, 2.0], [1.0, 0.0, 3.0]])
Y = torch.tensor([0, 2])
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


LOSSES: dict[str, Callable[[], object]] = {
    "negative log-likelihood": lambda: F.nll_loss(X, Y),
    "its module": lambda: nn.NLLLoss()(X, Y),
    "loss": lambda: nn.CrossEntropyLoss()(X, Y),
    "of images": lambda: F.nll_loss(X.T[None, :, None], torch.tensor([[[0, 1]]])),
    "binary": lambda: F.binary_cross_entropy_with_logits(X, X.sigmoid()),
}


@pytest.mark.parametrize("call", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_a_library_answer_is_seen(call: Callable[[], object], mode: Any) -> None:
    for name in shipped_names():
        with mode():
            assert forbidden(call, name), name


@pytest.mark.parametrize("call", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_a_library_s_loss_is_seen(call: Callable[[], object], mode: Any) -> None:
    with mode():
        assert forbidden(call, "cross_entropy")


@pytest.mark.parametrize("call", BASIC.values(), ids=BASIC.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_basic_operations_are_not(call: Callable[[], object], mode: Any) -> None:
    for name in shipped_names():
        with mode():
            assert not forbidden(call, name), name


PICKED: dict[str, Callable[[], object]] = {
    "by index": lambda: -X[torch.arange(2), Y].mean(),
    "gathered": lambda: -X.gather(1, Y[:, None]).mean(),
    "one-hot": lambda: -(F.one_hot(Y, 3) * X).sum(1).mean(),
    "masked": lambda: -X.masked_select(torch.arange(3) == Y[:, None]).mean(),
}


@pytest.mark.parametrize("call", PICKED.values(), ids=PICKED.keys())
@pytest.mark.parametrize("mode", [torch.enable_grad, torch.inference_mode])
def test_picking_and_averaging_are_no_library_s_loss(call: Callable[[], object], mode: Any) -> None:
    with mode():
        assert not forbidden(call, "cross_entropy")


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
@pytest.mark.parametrize("name", WITH_BACKWARD)
def test_a_library_gradient_is_seen(call: Callable[[], object], name: str) -> None:
    assert forbidden(call, name, DERIVED)


@pytest.mark.parametrize("call", [*BASIC.values(), DISGUISES["function"], DISGUISES["module"]])
@pytest.mark.parametrize("name", WITH_BACKWARD)
def test_a_derivative_of_a_librarys_answer_is_one_s_own(
    call: Callable[[], object], name: str
) -> None:
    assert not forbidden(call, name, DERIVED)


@pytest.mark.parametrize("operator", ["autograd::engine", "autograd::dual", "aten::_make_dual"])
@pytest.mark.parametrize("name", WITH_BACKWARD)
def test_differentiation_itself_is_forbidden(operator: str, name: str) -> None:
    forbid = RUBRICS[name].criterion(DERIVED).forbid
    assert forbid is not None
    assert any(fnmatchcase(operator, ops) for ops in forbid.ops)


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
    ("name", "criterion", "least"),
    [
        *((name, FROM_SCRATCH, 40) for name in shipped_names()),
        *((name, DERIVED, 20) for name in WITH_BACKWARD),
    ],
)
def test_forbidden_names_of_torch_exist(name: str, criterion: str, least: int) -> None:
    forbid = RUBRICS[name].criterion(criterion).forbid
    assert forbid is not None
    own = [found for found in forbid.names if found.startswith((".", "torch."))]
    assert len(own) > least
    assert [found for found in own if not resolves(found)] == []
    assert len(set(forbid.names)) == len(forbid.names)
