"""Experiments in the child: what a poisoned or varied program must and must not change."""

from __future__ import annotations

import pytest

from grader.core.observation import Poison, Program
from grader.core.tensor import Float64
from grader.sandbox.parent import Sandbox

from .conftest import Ask, call, statement

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
