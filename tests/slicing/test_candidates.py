"""Every definition that may be a target without a name: which, in which order, what of them."""

from __future__ import annotations

import pytest

from grader.slicing import candidates, nothing

from .candidates_story import WANTED, found_in, names, only
from .story import notebook


def test_a_function_with_what_it_calls() -> None:
    one = only(
        """
        def helper(p):
            return torch.diag(p)
        ---
        def softmax_jacobian(x, dim=-1):
            p = good_softmax(x)
            return helper(p) - torch.outer(p, p)
        ---
        softmax_jacobian(torch.ones(3))
        """
    )
    assert (one.state, one.symbol, one.kind, one.method) == (
        "found", "softmax_jacobian", "function", "",
    )  # fmt: skip
    assert (one.parameters, one.required) == (("x", "dim"), 1)
    assert one.leans_on == "good_softmax"
    assert [statement.binds for statement in one.statements] == [
        ("torch",), ("good_softmax",), ("helper",), ("softmax_jacobian",),
    ]  # fmt: skip
    assert one.location is not None
    assert (one.location.cell, one.location.line) == (4, 1)


@pytest.mark.parametrize(
    ("source", "parameters", "required"),
    [
        ("def backward(g, x): return g", ("g", "x"), 2),
        ("def backward(g, /, x=None, *, dim=1): return g", ("g", "x"), 1),
        ("def backward(*args): return args[0]", None, 0),
        ("def backward(g, *rest): return g", None, 0),
        ("def backward(g, **more): return g", ("g",), 1),
        ("backward = lambda g, x=1: g", ("g", "x"), 1),
        ("def other(g, p): return g * p\nbackward = other", ("g", "p"), 2),
        ("from functools import partial\ndef other(g, p): return g\nbackward = partial(other, 1)",
         None, 0),
        ("import functools\n@functools.lru_cache\ndef backward(g, x): return g", ("g", "x"), 2),
        ("@torch.no_grad()\ndef backward(g): return g", ("g",), 1),
        ("try:\n    def backward(g): return g\nexcept ImportError:\n    pass", ("g",), 1),
        ("import torch.nn.functional as F\nif torch:\n    def backward(g): return g\nelse:\n"
         "    backward = None", ("g",), 1),
        ("for _ in range(1):\n    def backward(g): return g", ("g",), 1),
        ("while True:\n    def backward(g): return g\n    break", ("g",), 1),
        ("with torch.no_grad():\n    def backward(g): return g", ("g",), 1),
        ("match 1:\n    case 1:\n        def backward(g): return g", ("g",), 1),
        ("forward, backward = lambda x: x, lambda g: g", ("g",), 1),
        ("from typing import Callable\nbackward: Callable = lambda g: g", ("g",), 1),
        ("(backward := lambda g: g)", ("g",), 1),
        ("def one(x): return x\nbackward = torch.vmap(one)", None, 0),
        ("@torch.jit.script\ndef backward(g, p): return g", ("g", "p"), 2),
        ("backward = torch.func.jacrev(good_softmax)", None, 0),
        ("def make(k):\n    def inner(x): return x * k\n    return inner\nbackward = make(2)",
         None, 0),
        ("class Grad:\n    def __call__(self, g, x): return g\nbackward = Grad()", ("g", "x"), 2),
    ],
)  # fmt: skip
def test_whatever_is_called_like_it(
    source: str, parameters: tuple[str, ...] | None, required: int
) -> None:
    one = only(source)
    assert (one.symbol, one.kind) == ("backward", "function")
    assert (one.parameters, one.required) == (parameters, required)


@pytest.mark.parametrize(
    "source",
    [
        "from torch.autograd import grad",
        "from torch.autograd.functional import jacobian",
        "jac = torch.autograd.functional.jacobian",
        "jac = torch.autograd.functional.jacobian(good_softmax, torch.ones(3))",
        "x = torch.ones(3, requires_grad=True)\nx_grad = x.grad",
        "grads = torch.autograd.grad(good_softmax(torch.ones(3)).sum(), [])",
        "gradient = good_softmax(torch.ones(3))",
        "gradients = [1, 2]",
        "def outer():\n    def backward(g): return g\n    return 1",
        "def gradient_check(x): return x",
        "def test_backward(): return 1",
        "def sigmoid_derivative(x): return x",
        "def numerical_gradient(f, x): return f(x)",
        "def grad_of(f, x): return f(x + 1) - f(x)",
        "def backward_pass(model, x): return model(x)",
        "def backward(optimizer, g): return g",
        "def backward_step(y, loss_fn): return y",
        "def backward(loss):\n    loss.backward()",
        "def grads(loss, w): return torch.autograd.grad(loss, w)",
        "def gradient(x):\n    opt.zero_grad()\n    return x",
        "import matplotlib.pyplot as plt\ndef gradients(x):\n    plt.plot(x)",
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.layer = nn.Linear(3, 2)\n    def forward(self, x): return self.layer(x)\n"
        "    def backward(self, loss):\n        loss.backward()",
        "class A:\n    @property\n    def grad(self): return 1",
        "class A:\n    grad = 3\n    def __grad__(self): return 1",
        "def good_softmax(x): return x",
    ],
)
def test_what_is_none(source: str) -> None:
    assert names(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "def backward(loss, x):\n    return loss * x",  # an upstream gradient by another name
        "def backward(f, net):\n    return f * net",  # logits, too
        "def gradient(x):\n    x.grad = None\n    y = good_softmax(x)\n    y.backward(x)\n"
        "    return x.grad",
        "def softmax_backward(x):\n    print(x)\n    return x",
    ],
)
def test_what_is_one_all_the_same(source: str) -> None:
    assert len(names(source)) == 1


def test_only_what_is_used_is_leant_on() -> None:
    assert only("def backward(g):\n    # good_softmax\n    return g").leans_on == ""
    by_helper = """
        def helper(x): return good_softmax(x)
        class A:
            def forward(self, x): return helper(x)
            def backward(self, g): return g
        """
    assert only(by_helper).leans_on == "good_softmax"


def test_the_last_with_work_in_it() -> None:
    one = only(
        """
        def backward(g, x):
            return g
        ---
        def backward(grad, p):
            return grad * p
        ---
        def backward(grad):
            pass
        """
    )
    assert one.parameters == ("grad", "p")
    assert any("defined more than once" in note.text for note in one.notes)


def test_earlier_patterns_first_then_what_stands_later() -> None:
    text = """
        def softmax_grad(x): return x
        def jacobian(x): return x
        def backward(g): return g
        def softmax_vjp(g): return g
        class A:
            def backward(self, g): return g
            def jacobian(self, x): return x
        def jacobian_2(x): return x
        """
    assert names(text) == [
        "A.backward", "backward", "jacobian_2", "A.jacobian", "jacobian", "softmax_grad",
        "softmax_vjp",
    ]  # fmt: skip


def test_another_name_for_the_same_is_no_other() -> None:
    assert len(names("def backward(g): return g\n---\nmy_grad = backward")) == 1


def test_at_most_eight() -> None:
    text = "\n".join(f"def grad_{n}(x): return x" for n in range(30))
    assert names(text) == [f"grad_{n}" for n in range(29, 21, -1)]


# A name that is given.


@pytest.mark.parametrize(
    ("name", "symbol", "method", "kind"),
    [
        ("mine", "mine", "", "function"),
        ("train_grad", "train_grad", "", "function"),
        ("good_softmax", "good_softmax", "", "function"),
        ("Both", "Both", "backward", "class"),
        ("Both.jacobian", "Both", "jacobian", "class"),
        ("Both.other", "Both", "other", "class"),
        ("both", "both", "backward", "class"),
        ("Called", "Called", "", "function"),
    ],
)
def test_a_name_is_taken_whatever_it_is(name: str, symbol: str, method: str, kind: str) -> None:
    text = """
        def mine(g, x): return g
        def train_grad(optimizer): return optimizer
        class Both:
            def jacobian(self, x): return x
            def backward(self, g): return g
            def other(self, g): return g
        both = Both()
        class Called:
            def __call__(self, x): return x
        """
    one = only(text, name=name)
    assert (one.symbol, one.method, one.kind) == (symbol, method, kind)


def test_a_name_that_is_not_there() -> None:
    text = "def backward(g): return g"
    assert found_in(text, name="mine") == ()
    assert found_in(text, name="backward.inner") == ()
    assert nothing(notebook(text), WANTED, name="mine").state == "missing"


@pytest.mark.parametrize(
    ("name", "state"),
    [("Mine.other", "unparsed"), ("Mine", "unparsed"), ("Other.other", "missing")],
)
def test_a_name_in_a_cell_that_is_not_valid_python(name: str, state: str) -> None:
    book = notebook("class Mine:\n    def other(self, g):\n        return g +")
    one = nothing(book, WANTED, name=name)
    assert (one.state, one.symbol) == (state, "Mine" if state == "unparsed" else "")


# Nothing to run.


@pytest.mark.parametrize(
    ("source", "state", "symbol"),
    [
        ("x = 1", "missing", ""),
        ("def good(x): return x", "missing", ""),
        ("def backward(g):\n    pass", "stub", "backward"),
        ("class A:\n    def backward(self, g):\n        raise NotImplementedError", "stub", "A"),
        ("def backward(g):\n    # TODO\n", "stub", "backward"),
        ("def backward(g):\n    return g +", "unparsed", "backward"),
        ("class A:\n    def jacobian(self, g):\n        return g +", "unparsed", "jacobian"),
        ("def gradient_check(g):\n    return g +", "missing", ""),
        ("def backward(g):\n    pass\n---\ndef jacobian(g):\n    return g +", "unparsed",
         "jacobian"),
        ("def backward(g):\n    pass\n---\ndef jacobian(g):\n    # TODO\n", "stub", "backward"),
    ],
)  # fmt: skip
def test_nothing(source: str, state: str, symbol: str) -> None:
    book = notebook(source)
    assert candidates(book, WANTED) == ()
    one = nothing(book, WANTED)
    assert (one.role, one.state, one.symbol) == ("backward", state, symbol)
    assert (one.location is None) == (state == "missing")
    assert one.statements == ()


def test_the_unfinished_are_left_out() -> None:
    assert names("def backward(g):\n    pass\n---\ndef jacobian(x): return x") == ["jacobian"]
