"""Calls of a class's method: on a fresh instance, or with a context; and who differentiates."""

from __future__ import annotations

import numpy as np
import pytest

from grader.core.fixture import Argument
from grader.core.observation import Call, Observation, Poison, Program
from grader.core.tensor import Float64, pack
from grader.sandbox.parent import Sandbox

from .conftest import statement

X = Argument("x", pack(np.array([[0.0, 1.0, 2.0]]), "float32"))
G = Argument("g", pack(np.array([[1.0, -1.0, 3.0]]), "float32"))
SCALE = """
class Scale({base}):
    def __init__(self{extra}):
        super().__init__()
        self.calls = 0
    def forward(self, x{extra}):
        self.calls += 1
        self.x = x
        return x * x
    def backward(self, g):
        return 2 * self.x * g * self.calls
"""
FUNCTION = """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x{extra}):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g{nones}
"""
RIGHT = [[0.0, -2.0, 12.0]]


def _ask(  # noqa: PLR0917 - one call of everything, spelt in each test
    sandbox: Sandbox,
    code: str,
    call: Call,
    symbol: str,
    method: str = "backward",
    poison: Poison | None = None,
    watch: tuple[str, ...] = (),
) -> Observation:
    statements = (statement("import torch"), *map(statement, code.strip().split("\n\n")))
    program = Program(statements, symbol, {"dim": -1}, watch=watch, poison=poison, method=method)
    return sandbox.run(program, (call,)).calls[call.key]


def _value(observation: Observation) -> Float64:
    assert observation.value is not None, observation
    return observation.value.numbers()


@pytest.mark.parametrize("base", ["torch.nn.Module", "object"])
@pytest.mark.parametrize("extra", ["", ", dim"])
def test_a_method_is_called_after_forward_on_an_instance_of_its_own(
    sandbox: Sandbox, base: str, extra: str
) -> None:
    code = SCALE.format(base=base, extra=extra)
    call = Call("a", (G,), "method", before=(X,))
    assert _value(_ask(sandbox, code, call, "Scale")).tolist() == RIGHT


def test_an_instance_of_the_notebook_is_as_good_as_new_for_every_call(sandbox: Sandbox) -> None:
    code = SCALE.format(base="torch.nn.Module", extra="")
    lines = (*map(statement, ("import torch", code, "layer = Scale()\nlayer(torch.ones(2))")),)
    program = Program(lines, "layer", method="backward")
    calls = [Call(key, (G,), "method", before=(X,)) for key in "ab"]
    run = sandbox.run(program, calls)
    found = [_value(run.calls[key]).tolist() for key in "ab"]
    assert found[0] == found[1] == (2 * np.array(RIGHT)).tolist()


def test_a_method_without_forward_before_it(sandbox: Sandbox) -> None:
    code = "class Grads:\n    def twice(self, x):\n        return 2 * x"
    call = Call("a", (X,), "method")
    assert _value(_ask(sandbox, code, call, "Grads", "twice")).tolist() == [[0.0, 2.0, 4.0]]


@pytest.mark.parametrize(("extra", "nones"), [("", ""), (", dim", ", None")])
@pytest.mark.parametrize("static", [True, False])
def test_an_autograd_function_is_applied(
    sandbox: Sandbox, extra: str, nones: str, *, static: bool
) -> None:
    code = FUNCTION.format(extra=extra, nones=nones)
    code = code if static else code.replace("    @staticmethod\n", "")
    call = Call("a", (X,), "gradient", G.tensor)
    observation = _ask(sandbox, code, call, "Square")
    assert observation.custom
    assert observation.gradient is not None
    assert observation.gradient.numbers().tolist() == RIGHT


@pytest.mark.parametrize(("extra", "nones"), [("", ""), (", dim", ", None")])
@pytest.mark.parametrize("base", ["torch.autograd.Function", "object"])
def test_a_context_of_ours_serves_forward_and_backward(
    sandbox: Sandbox, extra: str, nones: str, base: str
) -> None:
    code = FUNCTION.format(extra=extra, nones=nones).replace("torch.autograd.Function", base)
    call = Call("a", (G,), "context", before=(X,))
    assert _value(_ask(sandbox, code, call, "Square")).tolist() == RIGHT


REMEMBERS = """
class Picked:
    def forward(self, x, picked):
        self.x, self.picked = x, picked
    def backward(self, g):
        self.one, self.other = g, g
        return {result}
"""
PICKED = Argument("picked", pack(np.array([2]), "int64"))


@pytest.mark.parametrize(
    ("result", "right"),
    [
        ("2 * self.x * g, None", True),
        ("(2 * self.x * g, None, None)", True),
        ("(2 * self.x * g,)", True),
        ("2 * self.x * g, g, None", False),
        ("[2 * self.x * g, None]", False),
        ("None, None", False),
        ("()", False),
    ],
)
def test_none_for_an_argument_without_a_gradient_is_no_result(
    sandbox: Sandbox, result: str, *, right: bool
) -> None:
    call = Call("a", (G,), "method", before=(X, PICKED))
    observation = _ask(sandbox, REMEMBERS.format(result=result), call, "Picked")
    assert observation.outcome == "ok"
    found = None if observation.value is None else observation.value.numbers().reshape(-1).tolist()
    assert (found == RIGHT[0]) == right


def test_a_plain_call_that_returns_none_beside_its_answer_is_not_taken_for_it(
    sandbox: Sandbox,
) -> None:
    observation = _ask(sandbox, "def f(x):\n    return x, None", Call("a", (X,)), "f", "")
    assert observation.value is None


def test_a_class_without_the_method_cannot_be_called(sandbox: Sandbox) -> None:
    program = Program((statement("class A:\n    pass"),), "A", method="backward")
    run = sandbox.run(program, (Call("a", (G,), "method", before=(X,)),))
    assert run.setup.outcome == "raised"
    assert "no method backward" in run.setup.faults[0][1].message


ENGINE = {
    "grad": "return torch.autograd.grad(f(x), x, g)[0]",
    "backward": "f(x).backward(g)\n    return x.grad",
    "scalar": "(f(x) * g).sum().backward()\n    return x.grad",
    "engine": (
        "y = f(x)\n    return torch.autograd.Variable._execution_engine.run_backward("
        "(y,), (g,), False, False, (x,), True, accumulate_grad=False)[0]"
    ),
    "jacobian": "return torch.autograd.functional.vjp(f, x, g)[1]",
    "jacrev": "return g.flatten() @ torch.func.jacrev(f)(x)[0, :, 0, :]",
    "vjp": "return torch.func.vjp(f, x)[1](g)[0]",
    "jacfwd": "return g.flatten() @ torch.func.jacfwd(f)(x)[0, :, 0, :]",
    "jvp": "return torch.func.jvp(f, (x.detach(),), (g,))[1]",
}
OWN = (
    "def f(x):\n    return torch.exp(x)\n\ndef b(x, g):\n    x = x.clone().requires_grad_()\n    {}"
)


@pytest.mark.parametrize("how", ["nudge", "roll"])
@pytest.mark.parametrize("body", ENGINE.values(), ids=ENGINE)
def test_differentiation_by_torch_is_seen_and_can_be_falsified(
    sandbox: Sandbox, body: str, how: str
) -> None:
    call = Call("a", (X, G))
    code = OWN.format(body)
    honest = _ask(sandbox, code, call, "b", "", watch=("autograd::*",))
    assert honest.ops != ()
    poison = Poison(("autograd::*",), (), how)  # type: ignore[arg-type]  # a literal by parametrize
    false = _ask(sandbox, code, call, "b", "", poison)
    assert (honest.outcome, false.outcome) == ("ok", "ok")
    assert _value(honest).tolist() != _value(false).tolist()


def test_a_product_by_hand_is_no_differentiation_by_torch(sandbox: Sandbox) -> None:
    call = Call("a", (X, G))
    told = _ask(sandbox, OWN.format("return g * f(x)"), call, "b", "", watch=("autograd::*",))
    assert (told.outcome, told.ops) == ("ok", ())


def test_our_own_way_through_an_applied_function_is_none_of_the_students(sandbox: Sandbox) -> None:
    call = Call("a", (X,), "gradient", G.tensor)
    code = FUNCTION.format(extra="", nones="")
    told = _ask(sandbox, code, call, "Square", watch=("autograd::*",))
    assert (told.outcome, told.ops) == ("ok", ())
    inside = code.replace(
        "return 2 * x * g",
        "with torch.enable_grad():\n            y = x.detach().requires_grad_()\n"
        "            return torch.autograd.grad(y * y, y, g)[0]",
    )
    told = _ask(sandbox, inside, call, "Square", watch=("autograd::*",))
    assert told.ops == ("autograd::engine",)
    assert told.gradient is not None
    assert told.gradient.numbers().tolist() == RIGHT


def test_an_array_is_handed_over_as_one(sandbox: Sandbox) -> None:
    code = "def f(x):\n    assert type(x).__name__ == 'ndarray'\n    return x.max() - x"
    given = Argument("x", X.tensor, "array")
    assert _value(_ask(sandbox, code, Call("a", (given,)), "f", "")).tolist() == [[2.0, 1.0, 0.0]]


@pytest.mark.parametrize(("left", "found"), [("self.dx = g", True), ("self.a = self.b = g", False)])
def test_what_a_method_leaves_on_its_instance_is_its_result(
    sandbox: Sandbox, left: str, *, found: bool
) -> None:
    head = "class A:\n    def forward(self, x):\n        self.x = x\n"
    code = f"{head}    def backward(self, g):\n        {left}"
    observation = _ask(sandbox, code, Call("a", (G,), "method", before=(X,)), "A")
    assert (observation.value is not None) == found
    assert observation.returned == ("tensor" if found else "nothing")


def test_an_exception_passes_a_watch_untouched(sandbox: Sandbox) -> None:
    code = """
class Bad(Exception):
    __traceback__ = property(lambda self: None)

def f(x):
    raise Bad("as it is")
"""
    told = _ask(sandbox, code, Call("a", (X,)), "f", "", watch=("autograd::*", "aten::exp"))
    assert told.fault is not None
    assert (told.fault.type, told.fault.message) == ("Bad", "as it is")
