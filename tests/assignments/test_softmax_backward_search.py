"""What is looked for as a backward pass: ways to call it, names, derivations; and the stand-in."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from grader import assignments, fixtures
from grader.assignments.softmax import oracle
from grader.assignments.softmax.backward import BACKWARD as TASK
from grader.assignments.softmax.backward_conventions import EXTREME, SPELT
from grader.core.convention import Convention
from grader.core.fixture import Fixture
from grader.core.tensor import pack
from grader.judging.calling import call_for, truths_for
from grader.judging.compare import closest

from .softmax_backward_styles import of_probs

torch.set_num_threads(1)  # waking a second thread costs more than any of these calls

ASSIGNMENT = assignments.load("softmax", Path())
FOLDER = assignments.fixture_folder("softmax", Path())
BACKWARD_IDS = {
    "diagonal-only", "missing-correction", "sign-flipped", "ignores-upstream", "wrong-axis",
    "sum-over-all", "global-logits", "unstable-forward", "library-autograd", "never-called",
    "fused-cross-entropy",
}  # fmt: skip


# The calling conventions.


def test_conventions_have_names_of_their_own_and_pass_what_there_is() -> None:
    names = [each.name for each in TASK.conventions]
    assert len(set(names)) == len(names)
    known = {*TASK.arguments, *TASK.derived}
    for each in TASK.conventions:
        assert {*each.passes, *each.before} <= known
        assert each.gives in {"jacobian", "vjp"}
        assert each.form in {"jacobian", "vjp", "module", "autograd_function"}
        assert "upstream" in each.passes or each.gives == "jacobian"
        assert ("a Jacobian" in each.name) == (
            "upstream" in each.passes and each.gives == "jacobian"
        )
        assert (each.spares == (EXTREME,)) == ("probs" in each.passes)
        assert len(each.name) <= 80
        if each.entry in ("context", "apply"):
            assert (each.before, each.passes) == (("x",), ("upstream",))


def test_conventions_that_the_question_names_are_there() -> None:
    names = {each.name for each in TASK.conventions}
    plain = {"f(x)", "f(probs)", "f(upstream, x)", "f(x, upstream)", "f(upstream, probs)"}
    plain |= {"f(probs, upstream)", "forward(x), then backward(upstream)"}
    assert plain <= names
    assert {f"{name} on a 1-D row" for name in plain} <= names
    kinds = [(each.arrays, each.vector) for each in TASK.conventions]
    assert kinds == sorted(kinds)
    assert TASK.conventions[0].name == "f(x)"


def _jacobian(p: Tensor) -> Tensor:
    return torch.diag_embed(p) - p.unsqueeze(-1) * p.unsqueeze(-2)


def _soft(x: Tensor) -> Tensor:
    return torch.exp(x) / torch.exp(x).sum(-1, keepdim=True)


def _one_row(x: Tensor) -> Tensor:
    p = _soft(x)
    return torch.diag(p) - torch.outer(p, p)


FUNCTIONS: Mapping[str, Callable[..., Tensor]] = {
    "f(x)": lambda a: _jacobian(_soft(a)),
    "f(probs)": _jacobian,
    "f(upstream, x)": lambda a, b: of_probs(_soft(b), a),
    "f(x, upstream)": lambda a, b: of_probs(_soft(a), b),
    "f(upstream, probs)": lambda a, b: of_probs(b, a),
    "f(probs, upstream)": of_probs,
    "f(x, probs)": lambda a, b: _jacobian(b) + 0 * a.sum(),
    "f(upstream, x, probs)": lambda a, b, c: of_probs(c, a) + 0 * b,
    "f(x, probs, upstream)": lambda a, b, c: of_probs(b, c) + 0 * a,
    "f(x) on a 1-D row": _one_row,
    "f(upstream, x) on a 1-D row": lambda a, b: torch.mv(_one_row(b), a),
    "f(probs, upstream) on a 1-D row": lambda a, b: torch.mv(a.diag() - torch.outer(a, a), b),
}


def _holds(function: Callable[..., Tensor], fixture: Fixture, convention: Convention) -> bool:
    call = call_for(TASK, fixture, convention)
    given_ = [torch.from_numpy(each.tensor.numbers()).float() for each in call.arguments]
    try:
        answer = function(*given_).numpy()
    except (RuntimeError, TypeError):
        return False
    return closest(pack(answer, "float32"), truths_for(fixture, convention)).ok


@pytest.mark.parametrize("seed", [fixtures.DEFAULT_SEED, 2])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_right_function_is_right_under_its_own_convention_alone(name: str, seed: int) -> None:
    tried = [
        each
        for each in fixtures.load(FOLDER, TASK, seed)
        if each.group == TASK.discovery and (each.inputs["x"].shape[0] == 1 or "1-D" not in name)
    ]
    count = len(inspect.signature(FUNCTIONS[name]).parameters)
    right = {
        convention.name
        for convention in TASK.conventions
        if convention.entry == "call" and len(convention.passes) == count
        if any(_holds(FUNCTIONS[name], fixture, convention) for fixture in tried)
    }
    # what takes a batch may take a row without its axis as well, and arrays hold the same numbers
    assert name in right
    assert {_plain(each) for each in right} == {_plain(name)}


def _plain(name: str) -> str:
    return name.removesuffix(", numpy arrays").removesuffix(" on a 1-D row")


SPELLINGS = {
    "x": "x z logits logit inputs input inp a scores X Z x_row input_tensor",
    "probs": "p s y probs softmax softmax_output softmax_out out output sm y_hat cache S",
    "upstream": "g dy dout dL_dy dl_ds dL d_out grad grad_output upstream upstream_grad delta v dS "
    "gradient output_gradient up y_grad dz grad_out d_softmax",
}


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role, names in SPELLINGS.items() for name in names.split()]
)
def test_a_parameters_name_tells_one_thing(role: str, name: str) -> None:
    told = {key for key, each in SPELT.items() if re.fullmatch(each, name, re.IGNORECASE)}
    assert told == {role}


@given(st.text("adglopstuxyz_0", min_size=1, max_size=8))
def test_no_name_is_spelt_as_two_things(name: str) -> None:
    told = [key for key, each in SPELT.items() if re.fullmatch(each, name, re.IGNORECASE)]
    assert len(told) <= 1, told


@pytest.mark.parametrize("name", ["dim", "axis", "eps", "n", "self", "data_loader", "lr", "model"])
def test_other_parameters_tell_nothing(name: str) -> None:
    assert not [each for each in SPELT.values() if re.fullmatch(each, name, re.IGNORECASE)]


# What is looked for in a notebook.


def _liked(name: str) -> bool:
    wanted = TASK.wanted
    return any(re.search(each, name) for each in wanted.like) and not any(
        re.search(each, name) for each in wanted.unlike
    )


NAMES = """backward softmax_backward good_softmax_backward backward_softmax my_backward backprop
back_prop softmax_grad grad_softmax gradient softmax_gradient derivative softmax_derivative
derivee deriv jacobian softmax_jacobian jac softmax_jac compute_jacobian dsoftmax d_softmax
softmax_prime softmax_der softmax_vjp vjp softmax_d softmax_loss_backward backward_pass
jacobienne gradients calculate_gradient bprop softmax_diff latest_backward jacobi_matrix"""
OTHERS = """good_softmax bad_softmax softmax test_backward check_gradient gradient_descent
numerical_gradient numeric_jacobian zero_grad clip_gradients train relu_backward sigmoid_derivative
plot_gradients cross_entropy_gradient mse_grad forward grade upgrade gradually compare_backward
softmax_backward_test verify_jacobian log_softmax_backward update_grads no_grad finite_diff_grad
print_gradients tanh_prime backward_hook linear_backward num_grad"""


@pytest.mark.parametrize("name", NAMES.split())
def test_names_of_backward_passes_are_candidates(name: str) -> None:
    assert _liked(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_names_of_other_functions_are_none(name: str) -> None:
    assert not _liked(name)


def _told(text: str) -> bool:
    flags = re.IGNORECASE | re.MULTILINE
    return any(re.search(each, text, flags) for each in TASK.wanted.prose)


QUESTION = (
    "**Question [optional]:** PyTorch automatically computes the backpropagation gradient of a "
    "module for you. However, it can be instructive to derive and implement your own backward "
    "function. Try and implement the backward function for your softmax module and confirm that "
    "it is correct."
)
DERIVATIONS = (
    r"$\frac{\partial p_i}{\partial x_j} = p_i(\delta_{ij} - p_j)$",
    r"$\frac{d s_i}{d x_j}$",
    "The derivative of the sotfmax is:",
    "La dérivée de softmax",
    "We use the chain rule.",
    "its Jacobian is diag(p) - p p^T",
    "dS/dx = S (1 - S)",
    "d p_i / d x_j = p_i",
    "$(Softmax)'=(\\frac{exp(x_i)}{\\sum_{j}exp(x_j)})'$",
    "The gradient with respect to x is",
    "∂p/∂x",
    r"$\nabla_x L$",
    "Backward pass: multiply by the upstream gradient",
)


@pytest.mark.parametrize("text", DERIVATIONS)
def test_derivations_are_found(text: str) -> None:
    assert _told(text)


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        "Because of numerical issues, PyTorch code typically uses a `LogSoftmax` layer.",
        "Subtract the maximum and divide by the sum: $\\frac{exp(x_i)}{\\sum_j exp(x_j)}$",
        "The data and/or the inputs are normalised and divided.",
        "tensor([[0.1, 0.2]], grad_fn=<DivBackward0>)",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert not _told(text)


def test_patterns_are_regular_expressions_for_one_line() -> None:
    wanted = TASK.wanted
    for each in (*wanted.like, *wanted.unlike, *wanted.prose, *SPELT.values()):
        assert re.compile(each)
    assert all(each == each.lower() for each in (*wanted.like, *wanted.unlike))


# The stand-in, and the words.


def _stand_in() -> Callable[..., Any]:
    assert TASK.stand_in is not None
    space: dict[str, Any] = {}
    exec(TASK.stand_in.source.format(name="good_softmax"), space)  # noqa: S102 - our own text
    found: Callable[..., Any] = space["good_softmax"]
    return found


def test_the_stand_in_is_one_statement_for_the_forward_role() -> None:
    assert TASK.stand_in is not None
    (statement,) = ast.parse(TASK.stand_in.source.format(name="any_name")).body
    assert isinstance(statement, ast.FunctionDef)
    assert statement.name == "any_name"
    assert TASK.stand_in.role == ASSIGNMENT.tasks[0].role


ARRAYS: Mapping[str, Any] = {
    "vector": torch.tensor([1000.0, 1001.0, 999.0]),
    "batch": torch.tensor([[-1000.0, 0.5], [3.0, 2.0]]),
    "three axes": torch.arange(24.0).reshape(2, 3, 4),
    "integers": torch.tensor([1, 2, 3]),
    "doubles": torch.tensor([1.0, 2.0], dtype=torch.float64),
    "list": [0.5, 1.5],
    "lists": [[0.5, 1.5], [1.0, 2.0]],
    "rows in a list": [torch.tensor([0.5, 1.5]), torch.tensor([1.0, 2.0])],
    "scalar": torch.tensor(3.0),
    "number": 3.0,
}


@pytest.mark.parametrize("name", ARRAYS)
def test_the_stand_in_is_right_for_every_kind_of_array(name: str) -> None:
    got = _stand_in()(ARRAYS[name], -1, axis=-1)
    rows = ARRAYS[name]
    if isinstance(rows, list):
        rows = torch.stack([torch.as_tensor(row) for row in rows])
    expected = torch.as_tensor(rows).double().softmax(-1)
    assert isinstance(got, Tensor)
    assert torch.allclose(got.double(), expected, atol=1e-6)
    assert got.shape == expected.shape


def test_the_stand_in_returns_numpy_for_numpy_and_leaves_it_alone() -> None:
    given_ = np.array([[2.0, 1.0, 0.0]])[:, ::-1]
    given_.flags.writeable = False
    got = _stand_in()(given_)
    assert isinstance(got, np.ndarray)
    assert np.allclose(got, oracle.softmax({"x": given_}))
    assert isinstance(_stand_in()(np.float64(2.0)), np.ndarray)


def test_gradients_flow_through_the_stand_in() -> None:
    x = torch.tensor([[0.0, 1.0, 3.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(_stand_in(), (x,))


def test_every_backward_bug_has_words_that_do_not_answer_the_exercise() -> None:
    for bug in BACKWARD_IDS:
        words = ASSIGNMENT.words("backward", bug)
        assert words.message.endswith(".")
        assert words.hint.endswith((".", "?"))
        told = words.message + words.hint
        assert not re.search(r"\bp_?i\b|diag\(|outer|1 ?- ?p|keepdim", told)
    assert ASSIGNMENT.words("backward", "wrong-axis") != ASSIGNMENT.words("forward", "wrong-axis")
    assert set(TASK.proves.values()) <= BACKWARD_IDS
    own = {bug.removeprefix("backward/") for bug in ASSIGNMENT.bugs if bug.startswith("backward/")}
    assert own == {"wrong-axis", "sum-over-all", "global-logits", "missing-keepdim"}
    assert BACKWARD_IDS - own <= set(ASSIGNMENT.bugs)
