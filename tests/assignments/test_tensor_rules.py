"""Rules about reductions, casts, copies and shapes: what each makes of its pattern, place by place.

That each has a pattern and a near miss is tried in test_softmax_repairs; here are the spellings.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

import pytest

from grader.assignments import tensor_rules as rules
from grader.core.repair import Fix, Rule
from grader.editing import Code, apply
from tests.builders import statement

TORCH = "import torch"
BOTH = "import torch, numpy as np"
DATA = statement("logits = torch.rand(1, 20)", binds=("logits",), data="random")


def code(source: str, imports: str = TORCH) -> Code:
    return Code.of((statement(imports), DATA, statement(source, binds=("f",))))


def body(*lines: str, head: str = "def f(x):") -> str:
    return "\n    ".join((head, *lines))


def ways(rule: Rule, source: str, imports: str = TORCH) -> dict[str, str]:
    """The source with all fixes of each variant."""
    made = code(source, imports)
    by_variant: dict[str, list[Fix]] = {}
    for fix in rule.find(made):
        assert fix.statement == 2
        by_variant.setdefault(fix.variant, []).append(fix)
    found = {variant: apply(source, fixes) for variant, fixes in by_variant.items()}
    for text in found.values():
        ast.parse(text)
    return found


def mended(rule: Rule, expression: str, imports: str = TORCH) -> str:
    """What is returned then; empty where the rule does not apply."""
    found = ways(rule, body(f"return {expression}"), imports)
    return found[""].partition("return ")[2] if "" in found else ""


KEPT = "dim=-1, keepdim=True"


@pytest.mark.parametrize(
    ("rule", "expression", "wanted"),
    [
        (rules.all_reduced("b", "max"), "x.max()", f"x.amax({KEPT})"),
        (rules.all_reduced("b", "max"), "x.max().item()", f"x.amax({KEPT})"),
        (rules.all_reduced("b", "max"), "max(x.max(1)[0])", ""),
        (rules.all_reduced("b", "max"), "torch.max(torch.max(x, 1)[0])",
         f"torch.amax(x, {KEPT})"),
        (rules.all_reduced("b", "max"), "x.max(0)[0].max(0)[0]", f"x.amax({KEPT})"),
        (rules.all_reduced("b", "max"), "x.max(0)[0].max(1)[0]", ""),
        (rules.all_reduced("b", "max"), "x.max(0)[0]", ""),
        (rules.all_reduced("b", "max"), "x.sum(1).max()", f"x.sum(1).amax({KEPT})"),
        (rules.all_reduced("b", "max"), "x.min()", ""),
        (rules.all_reduced("b", "max", "min"), "x.min()", f"x.amin({KEPT})"),
        (rules.all_reduced("b", "sum"), "x.sum(dim=None)", f"x.sum({KEPT})"),
        (rules.all_reduced("b", "sum"), "x.sum(dim=(0, 1))", ""),
        (rules.builtin("b", "max"), "max(x)", f"x.amax({KEPT})"),
        (rules.builtin("b", "max"), "float(max(x - 1))", f"(x - 1).amax({KEPT})"),
        (rules.builtin("b", "max"), "sum(x)", ""),
        (rules.builtin("b", "max"), "max(x, 0)", ""),
        (rules.builtin("b", "max"), "max(x, key=abs)", ""),
        (rules.builtin("b", "max"), "x.max()", ""),
        (rules.other_axis("b", "sum"), "x.sum(0)", "x.sum(-1, keepdim=True)"),
        (rules.other_axis("b", "sum"), "x.sum(dim=-2)", "x.sum(dim=-1, keepdim=True)"),
        (rules.other_axis("b", "sum"), "torch.sum(x, 0, True)", "torch.sum(x, -1, True)"),
        (rules.other_axis("b", "max"), "x.max(axis=0).values",
         "x.max(axis=-1, keepdim=True).values"),
        (rules.other_axis("b", "sum"), "x.sum(d)", ""),
        (rules.other_axis("b", "sum"), "x.max(0)[0]", ""),
        (rules.keepdim_missing("b", "sum"), "x.sum(-1)", "x.sum(-1, keepdim=True)"),
        (rules.keepdim_missing("b", "sum"), "torch.sum(x, dim=1)",
         "torch.sum(x, dim=1, keepdim=True)"),
        (rules.keepdim_missing("b", "sum"), "x.sum(-1, True)", ""),
        (rules.keepdim_missing("b", "sum"), "x.sum(-2)", ""),
        (rules.keepdim_missing("b", "sum"), "x.sum()", ""),
        (rules.values_missing("b"), "x.max(1)", "x.max(1).values"),
        (rules.values_missing("b"), "torch.min(x, dim=1)", "torch.min(x, dim=1).values"),
        (rules.values_missing("b"), "x.median(1)", "x.median(1).values"),
        (rules.values_missing("b"), "x.sum(1)", ""),
        (rules.values_missing("b"), "torch.max(x, y)", ""),
        (rules.values_missing("b"), "torch.amax(x, 1)", ""),
        (rules.values_missing("b"), "x.max(1).values", ""),
    ],
)  # fmt: skip
def test_reductions(rule: Rule, expression: str, wanted: str) -> None:
    assert mended(rule, expression) == wanted


@pytest.mark.parametrize(
    ("rule", "expression", "wanted"),
    [
        (rules.all_reduced("b", "max"), "np.max(x)", "np.max(x, axis=-1, keepdims=True)"),
        (rules.other_axis("b", "sum"), "np.sum(x, 0)", "np.sum(x, -1, keepdims=True)"),
        (rules.keepdim_missing("b", "sum"), "np.sum(x, axis=1)",
         "np.sum(x, axis=1, keepdims=True)"),
        (rules.values_missing("b"), "np.max(x, 1)", ""),
    ],
)  # fmt: skip
def test_reductions_of_numpy(rule: Rule, expression: str, wanted: str) -> None:
    assert mended(rule, expression, BOTH) == wanted


def test_of_an_array_that_may_be_either_both_ways_are_found() -> None:
    found = ways(rules.all_reduced("b", "max"), body("return x.max()"), BOTH)
    assert {name: text.partition("return ")[2] for name, text in found.items()} == {
        "": f"x.amax({KEPT})",
        "numpy": "x.max(axis=-1, keepdims=True)",
    }


# Names. ------------------------------------------------------------------------------------------


def test_a_free_name_becomes_the_parameter_wherever_it_is_read() -> None:
    source = body("e = torch.exp(logits)", "return e / torch.exp(logits).sum()")
    found = ways(rules.free_name("b"), source)
    assert found == {"": source.replace("logits", "x")}


@pytest.mark.parametrize(
    "source",
    [
        body("return logits", head="def f():"),
        body("return logits", head="def f(*xs):"),
        body("return logits", head="def f(logits):"),
        body("logits = x", "return logits"),
        body("return sum(logits for logits in x)"),
        body("return x.logits"),
        body("logits: int", "return unknown"),
        body("return f'{logits}'"),
    ],
)
def test_a_name_of_the_functions_own_stays(source: str) -> None:
    assert ways(rules.free_name("b"), source) == {}


def test_a_lambda_has_a_parameter_too() -> None:
    assert ways(rules.free_name("b"), "f = lambda x: logits - 1") == {"": "f = lambda x: x - 1"}


# Steps in place. ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("x -= x.max()", "x = x - (x.max())"),
        ("x += 1 if y else 2", "x = x + (1 if y else 2)"),
        ("x *= (y)", "x = x * (y)"),
        ("x /= y - 1", "x = x / (y - 1)"),
        ("x.sub_(1)", "x = x.sub(1)"),
        ("x.exp_()", "x = x.exp()"),
        ("x.sub_(\n        1\n    )", "x = x.sub(\n        1\n    )"),
    ],
)
def test_a_step_in_place_makes_a_new_value(line: str, wanted: str) -> None:
    found = ways(rules.in_place("b"), body(line, "return x"))
    assert found["anew"] == body(wanted, "return x")
    assert found[""] == body("x = x.clone()", line, "return x")
    assert found["numpy"] == body("x = x.copy()", line, "return x")


@pytest.mark.parametrize(
    "line",
    ["x[0] = 1", "x[:, 0] -= 1", "torch.exp(x, out=x)", "y = F.relu(x, inplace=True)", "x @= y",
     "y = x.exp_()"],
)  # fmt: skip
def test_where_no_new_value_can_be_made_the_argument_is_copied(line: str) -> None:
    found = ways(rules.in_place("b"), body(line, "return x"))
    assert set(found) == {"", "numpy"}
    assert found[""] == body("x = x.clone()", line, "return x")


@pytest.mark.parametrize(
    "line", ["x = x - 1", "y = x.sub(1)", "x.__str__()", "y = x[0]", "g(x, out_=1)"]
)
def test_what_makes_a_new_value_is_no_step_in_place(line: str) -> None:
    assert ways(rules.in_place("b"), body(line, "return x")) == {}


# What cuts a result off. -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("x.detach().exp()", "x.exp()"),
        ("(x - 1).detach()", "(x - 1)"),
        ("x.data.max()", "x.max()"),
        ("x.max().item()", "x.max()"),
        ("torch.tensor(x)", "(x)"),
        ("torch.tensor(x - 1, dtype=torch.float64)", "(x - 1)"),
        ("float(x)", "(x)"),
        ("x.detach", ""),
        ("x.database", ""),
        ("x.items()", ""),
        ("torch.zeros(3)", ""),
        ("int(x)", ""),
    ],
)
def test_what_cuts_a_result_off_goes(expression: str, wanted: str) -> None:
    assert mended(rules.cut_from_graph("b"), expression) == wanted


@pytest.mark.parametrize("guard", ["torch.no_grad()", "torch.inference_mode()"])
def test_gradients_are_on_within_a_block_that_turned_them_off(guard: str) -> None:
    found = ways(rules.cut_from_graph("b"), body(f"with {guard}:", "    return x"))
    assert found == {"": body("with torch.enable_grad():", "    return x")}


def test_a_decorator_that_turns_gradients_off_goes() -> None:
    head = "@torch.no_grad()\n@keep\ndef f(x):"
    found = ways(rules.cut_from_graph("b"), body("return x", head=head))
    wanted = head.replace("torch.no_grad()", "(lambda function: function)")
    assert found == {"": body("return x", head=wanted)}


# Dtypes, limits, constants, shapes. --------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expression", "wanted"),
    [
        (rules.cast("b"), "x.float()", "x"),
        (rules.cast("b"), "x.to(torch.float16).exp()", "x.exp()"),
        (rules.cast("b"), "(x - 1).double()", "(x - 1)"),
        (rules.cast("b"), "x.to(x.dtype)", ""),
        (rules.cast("b"), "x.total()", ""),
        (rules.cast("b"), "torch.float(3)", ""),
        (rules.cast("b"), "torch.tensor([1.0])", "torch.tensor([1.0], dtype=x.dtype)"),
        (rules.cast("b"), "torch.zeros(3, dtype=torch.float32)", ""),
        (rules.clamped("b"), "x.clamp(max=80)", "x"),
        (rules.clamped("b"), "torch.clamp(x - 1, -5, 5)", "x - 1"),
        (rules.clamped("b"), "x.clamp_(0)", "x"),
        (rules.clamped("b"), "torch.nan_to_num(x)", "x"),
        (rules.clamped("b"), "torch.minimum(x, torch.tensor(80.0))", "x"),
        (rules.clamped("b"), "torch.where(x > 5, 5, x)", "x"),
        (rules.clamped("b"), "torch.where(x > 5, 5, 1)", ""),
        (rules.clamped("b"), "torch.clamp()", ""),
        (rules.clamped("b"), "torch.maximum(x, y)", ""),
        (rules.clamped("b"), "torch.max(x, 1)", ""),
        (rules.clamped("b"), "clamp(x)", ""),
        (rules.epsilon("b"), "e / (s + 1e-8)", "e / (s)"),
        (rules.epsilon("b"), "e + eps + 1", "e"),
        (rules.epsilon("b"), "e + torch.finfo(e.dtype).eps", "e"),
        (rules.epsilon("b"), "e + 0", ""),
        (rules.epsilon("b"), "e + 2", ""),
        (rules.epsilon("b"), "e - 1e-8", ""),
        (rules.epsilon("b"), "e + steps[0]", ""),
        (rules.first_only("b"), "x[0] + x[-1]", "x + x"),
        (rules.first_only("b"), "x[0, 0] + x[i] + e[0]", ""),
        (rules.fixed_size("b"), "x.reshape((1, 20))", "x"),
        (rules.fixed_size("b"), "x.view(-1, 1)", ""),
        (rules.fixed_size("b"), "x.view(n, 20)", ""),
        (rules.fixed_size("b"), "torch.reshape(x, (1, 20))", ""),
    ],
)
def test_an_expression(rule: Rule, expression: str, wanted: str) -> None:
    assert mended(rule, expression) == wanted


def test_a_small_number_may_have_a_name_or_be_added_in_place() -> None:
    source = body("small = 1e-9", "s = x + small", "s += small", "return s")
    wanted = body("small = 1e-9", "s = x", "s += 0", "return s")
    assert ways(rules.epsilon("b"), source) == {"": wanted}
    other = body("small = 40", "s = x + small", "return s")
    assert ways(rules.epsilon("b"), other) == {}


def test_a_size_written_out_becomes_one_of_the_arguments() -> None:
    source = body("return [x[0, i] for i in range(0, 20)]")
    assert ways(rules.fixed_size("b"), source) == {
        "columns": source.replace("20", "x.shape[-1]"),
        "rows": source.replace("20", "x.shape[0]"),
    }
    assert ways(rules.fixed_size("b"), body("return range(n)")) == {}
    assert ways(rules.fixed_size("b"), body("return range(20)", head="def f():")) == {}


# Rules. ------------------------------------------------------------------------------------------

MAKERS: tuple[tuple[Callable[[str], Rule], str], ...] = (
    (rules.free_name, "logits"),
    (rules.in_place, "x.sub_(1)"),
    (rules.cut_from_graph, "x.detach()"),
    (rules.cast, "x.half()"),
    (rules.clamped, "x.relu()"),
    (rules.epsilon, "x + 1e-9"),
    (rules.first_only, "x[0]"),
    (rules.values_missing, "x.max(1)"),
)


@pytest.mark.parametrize(("make", "line"), MAKERS)
def test_a_rule_has_the_id_it_was_made_with_and_looks_at_every_function(
    make: Callable[[str], Rule], line: str
) -> None:
    rule = make("some-bug")
    assert rule.bug == "some-bug"
    assert rule.name.startswith("some-bug-")
    made = Code.of(
        (statement(TORCH), DATA, *(statement(f"def {name}(x):\n    {line}") for name in "gh"))
    )
    assert {fix.statement for fix in rule.find(made)} == {2, 3}
    assert list(rule.find(made)) == list(rule.find(made))
