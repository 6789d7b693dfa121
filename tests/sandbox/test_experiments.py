"""Experiments in the child: what a poisoned or varied program must and must not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.core.observation import Poison, Program
from grader.core.tensor import Float64
from grader.sandbox.child.program import reordered
from grader.sandbox.parent import Sandbox

from .conftest import ROWS, Ask, call, statement

HOWS = ("nudge", "roll")
OUT = (
    "def f(x):\n    mine = torch.empty_like(x)\n    torch.exp(x, out=mine)\n    return mine",
    "def f(x):\n    return torch.exp(x.to_sparse().to_dense().to_sparse_csr().to_dense())",
)
LAYOUTS = {
    "sparse": "x.to_sparse()).to_dense()",
    "nested": "torch.nested.nested_tensor(list(x))).to_padded_tensor(0.0)",
}
SOFTPLUS = """
class Mine(torch.nn.Module):
    def forward(self, x):
        return torch.nn.Softplus()(x)
f = Mine()
"""
SCRIPTED = """
@torch.jit.script
def f(x: torch.Tensor) -> torch.Tensor:
    return torch.exp(x)
"""


def _follows(ask: Ask, code: str, ops: tuple[str, ...], names: tuple[str, ...], how: str) -> bool:
    poison = Poison(ops, names, how)  # type: ignore[arg-type]  # literals by parametrize
    honest, poisoned = ask(code).calls["a"], ask(code, poison=poison).calls["a"]
    assert (honest.outcome, poisoned.outcome) == ("ok", "ok")
    return honest.value != poisoned.value


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("code", OUT)
def test_an_answer_written_into_the_students_own_tensor_is_false_too(
    ask: Ask, code: str, how: str
) -> None:
    assert _follows(ask, code, ("aten::exp",), (), how)


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_answers_in_other_layouts_are_false_too(ask: Ask, layout: str, how: str) -> None:
    code = f"def f(x):\n    return torch.sin({LAYOUTS[layout]}"
    assert _follows(ask, code, ("aten::sin",), (), how)


@pytest.mark.parametrize("how", HOWS)
def test_calls_of_a_classs_instances_are_wrapped(ask: Ask, how: str) -> None:
    assert _follows(ask, SOFTPLUS, (), ("torch.nn.Softplus",), how)
    assert not _follows(ask, SOFTPLUS, (), ("torch.nn.ReLU", "torch.finfo", "torch.none"), how)


@pytest.mark.parametrize("how", HOWS)
def test_what_cannot_be_compiled_with_wrapped_functions_is_falsified_by_operator(
    ask: Ask, how: str
) -> None:
    assert _follows(ask, SCRIPTED, ("aten::exp",), ("torch.exp",), how)


def _varied(sandbox: Sandbox, derived: str, vary: int | None) -> Float64:
    statements = (
        statement("import torch, random\nimport numpy as np"),
        statement("data = torch.rand(2, 3) + 1", binds=("data",), data="random"),
        statement(derived, binds=("other",), data="random"),
        statement("def f(x):\n    assert data.min() >= 1\n    return other"),
    )
    run = sandbox.run(Program(statements, "f", vary=vary), [call()])
    value = run.calls["a"].value
    assert value is not None
    return value.numbers()


@pytest.mark.parametrize("vary", [1, 2])
@pytest.mark.parametrize("derived", ["other = data / data", "other = data * 0"])
def test_what_the_sample_always_gives_it_gives_after_varying_too(
    sandbox: Sandbox, derived: str, vary: int
) -> None:
    before = _varied(sandbox, derived, None)
    assert (_varied(sandbox, derived, vary) == before).all()


@pytest.mark.parametrize("vary", [1, 2])
@pytest.mark.parametrize(
    "derived",
    [
        "other = data.max()[None]",
        "other = data\nother = other * 2",
        "other = torch.rand_like(data)",
        "other = torch.zeros_like(data) + random.random()",
        "other = torch.tensor(np.random.rand(*data.shape))",
        "other = torch.rand(data.shape, generator=torch.Generator().manual_seed(1))",
        "data += torch.rand(2, 3)\nother = data",
    ],
)
def test_what_depends_on_the_sample_or_is_drawn_anew_is_other(
    sandbox: Sandbox, derived: str, vary: int
) -> None:
    before = _varied(sandbox, derived, None)
    assert not (_varied(sandbox, derived, vary) == before).any()


def _labels(sandbox: Sandbox, made: str, vary: int | None, basis: str = "random") -> Float64:
    """What `labels` are to a function that reads them, after they were made so."""
    statements = (
        statement("import torch, random\nimport numpy as np"),
        statement(made, binds=("labels",), data=basis),
        statement("def f(x):\n    return labels"),
    )
    run = sandbox.run(Program(statements, "f", vary=vary), [call()])
    assert run.setup.faults == ()
    value = run.calls["a"].value
    assert value is not None, run.calls["a"]
    return value.numbers()


@pytest.mark.parametrize(
    "made",
    [
        "labels = torch.randint(0, 5, (8,))",
        "labels = torch.tensor([3, 0, 2, 1])",
        "labels = torch.tensor([[4, 7, 1], [0, 2, 9]])",
        "labels = torch.tensor([3, 0, 2], dtype=torch.int32)",
        "labels = torch.tensor([3, 0, 2], dtype=torch.uint8)",
        "labels = torch.tensor([[3, 0], [1, 2]]).t()",
        "labels = np.array([3, 0, 2, 1])",
        "labels = np.array([3, 0, 2, 1], dtype=np.uint8)[::-1]",
        "labels = np.random.randint(0, 9, (3, 4))",
        "labels = [torch.tensor([3, 0, 2])][0]",
    ],
)
def test_integers_stay_the_same_classes_in_another_order(sandbox: Sandbox, made: str) -> None:
    before, *after = (_labels(sandbox, made, vary) for vary in (None, 1, 2))
    for found in after:
        assert found.shape == before.shape
        assert sorted(found.flat) == sorted(before.flat)
        assert (found != before).any()
    assert (after[0] != after[1]).any()


@pytest.mark.parametrize(
    "made",
    [
        "labels = torch.tensor([3])",
        "labels = torch.tensor([2, 2, 2])",
        "labels = torch.randint(5, 9, ())",
        "labels = torch.zeros(0, dtype=torch.int64)",
        "labels = np.full((2, 2), 7)",
        "labels = torch.tensor([True, False, False])",
        "labels = np.array([True, False])",
        "labels = random.randint(3, 9)",
        "labels = [3, 0, 2]",
        "labels = torch.sparse_coo_tensor([[0, 2]], [3, 4], (3,))",
    ],
)
def test_single_equal_and_true_or_false_values_are_left_as_they_are(
    sandbox: Sandbox, made: str
) -> None:
    before, *after = (_labels(sandbox, made, vary) for vary in (None, 1, 2))
    assert all((found == before).all() for found in after)


LOSS = """
def f(x):
    z = x - x.logsumexp(1, True)
    return -z[torch.arange(len(x)), {target}].mean()
"""


@pytest.mark.parametrize(
    ("target", "own"), [("labels", False), ("x.argmin(1)", True), ("labels.sort().values", True)]
)
def test_who_reads_the_samples_labels_answers_otherwise(
    sandbox: Sandbox, target: str, *, own: bool
) -> None:
    statements = (
        statement("import torch"),
        statement("labels = torch.tensor([0, 2])", binds=("labels",), data="random"),
        statement(LOSS.format(target=target)),
    )
    asked = call(rows=[[1.0, 2.0, 4.0], [9.0, 5.0, 3.0]])
    found = [
        sandbox.run(Program(statements, "f", vary=vary), [asked]).calls["a"].value
        for vary in (None, 1, 2)
    ]
    assert None not in found
    assert (found[0] == found[1] == found[2]) == own


SIZES = """
sizes = torch.tensor([2, 3, 5])

perm = torch.tensor([2, 0, 1])

weights = torch.rand(*sizes)

back = perm.argsort()

def f(x):
    n = torch.empty(x.shape[-1])
    assert sizes.sum() == 10
    return x[:, perm][:, back] + 0 * n + 0 * torch.ones(tuple(sizes)).sum()
"""


@pytest.mark.parametrize("vary", [1, 2])
def test_sizes_and_orders_of_the_notebook_harm_no_right_answer(sandbox: Sandbox, vary: int) -> None:
    codes = SIZES.strip().split("\n\n")
    names = ("sizes", "perm", "weights", "back")
    made = [
        statement(code, binds=(name,), data="random")
        for code, name in zip(codes, names, strict=False)
    ]
    program = Program((statement("import torch"), *made, statement(codes[-1])), "f", vary=vary)
    run = sandbox.run(program, [call()])
    assert run.setup.faults == ()
    value = run.calls["a"].value
    assert value is not None, run.calls["a"]
    assert value.numbers().tolist() == ROWS


@given(st.lists(st.integers(0, 4), max_size=30))
def test_no_place_keeps_its_value_both_times(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    one, two = (reordered(array, variation) for variation in (1, 2))
    assert sorted(one) == sorted(two) == sorted(values)
    assert array.tolist() == values, "the student's own array is left alone"
    if len(set(values)) > 1:
        assert one.tolist() != values
        assert two.tolist() != values
    if 3 * max((values.count(each) for each in values), default=0) <= 2 * len(values):
        assert not ((one == array) & (two == array)).any()
