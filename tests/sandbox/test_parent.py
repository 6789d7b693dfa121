"""The sandbox from outside: programs in, runs out, whatever the code does."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.core.observation import Limits, Poison, Program
from grader.sandbox.parent import Sandbox
from grader.sandbox.questions import seconds_for
from tests.sandbox.conftest import ROWS, Ask, call, gradient_call, statement

EXP = "def f(x):\n    return torch.exp(x)"


def test_a_value_comes_back_exactly(ask: Ask) -> None:
    observation = ask(EXP).calls["a"]
    assert observation.outcome == "ok"
    assert observation.returned == "tensor"
    assert observation.value is not None
    assert observation.value.dtype == "float32"
    np.testing.assert_allclose(observation.value.numbers(), np.exp(ROWS), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided"])
def test_every_dtype_and_layout_arrives_with_the_same_values(
    ask: Ask, dtype: str, layout: str
) -> None:
    code = "def f(x):\n    assert x.is_contiguous() == (LAYOUT == 'contiguous')\n    return x"
    code = f"LAYOUT = {layout!r}\n" + code
    run = ask(code, call(dtype=dtype, layout=layout))  # type: ignore[arg-type]  # literals by parametrize
    assert run.calls["a"].value is not None
    assert run.calls["a"].value.dtype == dtype
    assert run.calls["a"].value.numbers().tolist() == ROWS


def test_an_expanded_argument_shares_its_rows(ask: Ask) -> None:
    rows = [[1.0, 2.0], [1.0, 2.0]]
    run = ask("def f(x):\n    return x * 0 + x.stride(0)", call(rows=rows, layout="expanded"))
    assert run.calls["a"].value is not None
    assert run.calls["a"].value.numbers().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("result", "returned", "numbers"),
    [
        ("x.tolist()", "list", ROWS),
        ("[row for row in x]", "list", ROWS),
        ("x.numpy()", "numpy array", ROWS),
        ("3", "number", 3),
        ("(x, x)", "tuple", [ROWS, ROWS]),
        ("x.to_sparse()", "tensor", ROWS),
        ("torch.conj(x.to(torch.complex64)).real", "tensor", ROWS),
        ("x.t()", "tensor", np.transpose(ROWS).tolist()),
        ("torch.nn.Parameter(x)", "tensor", ROWS),
    ],
)
def test_what_holds_numbers_is_presented(
    ask: Ask, result: str, returned: str, numbers: object
) -> None:
    observation = ask(f"def f(x):\n    return {result}").calls["a"]
    assert (observation.outcome, observation.returned) == ("ok", returned)
    assert observation.value is not None
    assert observation.value.numbers().tolist() == numbers


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("None", "nothing"),
        ("'text'", "str"),
        ("x.to(torch.complex64)", "a tensor of torch.complex64"),
        ("x.to('meta')", "a tensor without data"),
        ("x[:1, :1].expand(3000, 3000)", "a tensor of 9000000 numbers"),
        ("[x[0], x[0, :2]]", "a list of rows of different lengths"),
        ("[[[[[[[[[1]]]]]]]]]", "a list too deep or too long"),
    ],
)
def test_what_holds_no_numbers_is_named(ask: Ask, result: str, words: str) -> None:
    observation = ask(f"def f(x):\n    return {result}").calls["a"]
    assert observation.outcome == "ok"
    assert observation.value is None
    assert observation.returned == words


def test_a_changed_argument_is_seen_and_the_next_call_gets_a_fresh_one(ask: Ask) -> None:
    run = ask("def f(x):\n    return x.sub_(1)", call("a"), call("b"))
    assert [run.calls[key].changed for key in "ab"] == [True, True]
    assert run.calls["a"].value == run.calls["b"].value


def test_an_exception_is_told_with_its_line(ask: Ask) -> None:
    fault = ask("def f(x):\n    y = x\n    return y[nowhere]").calls["a"].fault
    assert fault is not None
    assert (fault.type, fault.filename, fault.line) == ("NameError", "<cell 2>", 3)
    assert fault.missing_name == "nowhere"


def test_lines_count_from_the_statements_place_in_its_cell(sandbox: Sandbox) -> None:
    program = Program((statement("def f(x):\n    return 1 / 0", cell=4, line=7),), "f")
    fault = sandbox.run(program, [call()]).calls["a"].fault
    assert fault is not None
    assert (fault.filename, fault.line) == ("<cell 4>", 8)


@pytest.mark.parametrize("way", ["raise SystemExit", "raise KeyboardInterrupt", "exit()"])
def test_leaving_python_is_an_exception_like_any_other(ask: Ask, way: str) -> None:
    run = ask(f"def f(x):\n    {way}", call("a"), call("b"))
    assert [run.calls[key].outcome for key in "ab"] in (["raised", "raised"], ["killed", "killed"])


def test_a_dead_process_costs_its_call_only(ask: Ask) -> None:
    code = "import os\ndef f(x):\n    return x if x[0, 0] < 2 else os._exit(0)"
    run = ask(code, call("a"), call("b", [[5.0]]), call("c"))
    assert [run.calls[key].outcome for key in "abc"] == ["ok", "killed", "ok"]


def test_a_hang_costs_its_call_only_when_more_are_allowed(sandbox: Sandbox) -> None:
    code = "def f(x):\n    while x[0, 0] > 2:\n        pass\n    return x"
    limits = replace(
        sandbox.limits, call_seconds=0.5, per_pair_seconds=0.0, timeouts_among_answers=2
    )
    usual, sandbox.limits = sandbox.limits, limits
    try:
        calls = [call("a"), call("b", [[5.0]]), call("c")]
        run = sandbox.run(Program((statement(code),), "f"), calls)
    finally:
        sandbox.limits = usual
    assert [run.calls[key].outcome for key in "abc"] == ["ok", "timed_out", "ok"]
    assert run.stopped


def test_printing_touches_nothing_and_is_kept_by_call(ask: Ask) -> None:
    code = "import warnings\ndef f(x):\n    print('one', x.sum())\n    warnings.warn('careful')\n"
    run = ask(code + "    return x", call("a"), call("b"))
    assert run.calls["a"].outcome == "ok"
    assert run.calls["a"].stdout == "one tensor(24.)\n"
    assert "careful" in run.calls["a"].stderr
    assert run.calls["b"].stdout == "one tensor(24.)\n"


def test_a_flood_is_cut_and_blocks_nothing(ask: Ask) -> None:
    run = ask("def f(x):\n    print('A' * 10**7)\n    return x", call("a"), call("b"))
    assert [run.calls[key].outcome for key in "ab"] == ["ok", "ok"]
    assert len(run.calls["a"].stdout) == Limits().output_bytes
    assert run.calls["b"].stdout == ""


def test_control_characters_are_escaped(ask: Ask) -> None:
    run = ask("def f(x):\n    print('\\x1b[2J\\u202e')\n    raise ValueError('\\x1b[0m')")
    observation = run.calls["a"]
    assert observation.stdout == "\\x1b[2J\\u202e\n"
    assert observation.fault is not None
    assert observation.fault.message == "\\x1b[0m"


def test_memory_is_limited(ask: Ask) -> None:
    observation = ask("def f(x):\n    return torch.zeros(10**5, 10**5)").calls["a"]
    assert observation.outcome == "raised"
    assert observation.fault is not None
    assert "memory" in observation.fault.message


def test_the_gradient_is_of_the_argument(ask: Ask) -> None:
    observation = ask("def f(x):\n    return x * x", gradient_call()).calls["g"]
    assert observation.flows
    assert not observation.custom
    assert observation.gradient is not None
    assert observation.gradient.numbers().tolist() == (2 * np.square(ROWS)).tolist()


def test_an_in_place_step_is_allowed_on_the_non_leaf_argument(ask: Ask) -> None:
    observation = ask("def f(x):\n    return x.mul_(3)", gradient_call()).calls["g"]
    assert observation.outcome == "ok"
    assert observation.gradient is not None
    assert observation.gradient.numbers().tolist() == (3 * np.array(ROWS)).tolist()


@pytest.mark.parametrize("how", ["x.detach()", "torch.tensor(x.tolist())", "x.data * 2"])
def test_a_detached_result_has_no_gradient(ask: Ask, how: str) -> None:
    observation = ask(f"def f(x):\n    return {how}", gradient_call()).calls["g"]
    assert observation.outcome == "ok"
    assert not observation.flows
    assert observation.gradient is None


def test_a_students_own_autograd_function_is_recognised_behind_a_function(ask: Ask) -> None:
    code = (
        "class Twice(torch.autograd.Function):\n"
        "    @staticmethod\n    def forward(ctx, x):\n        return 2 * x\n"
        "    @staticmethod\n    def backward(ctx, g):\n        return 2 * g\n"
        "def f(x):\n    return Twice.apply(x) + 0\n"
    )
    assert ask(code, gradient_call()).calls["g"].custom


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("def f(x): return x", "function"),
        ("f = lambda x: x", "function"),
        ("import functools\nf = functools.partial(torch.add, other=0)", "function"),
        ("class C:\n    def __call__(self, x): return x\nf = C()", "instance"),
        ("class f:\n    def forward(self, x): return x", "instance"),
        ("class M(torch.nn.Module):\n    def forward(self, x): return x\nf = M()", "module"),
        ("class f(torch.nn.Module):\n    def forward(self, x): return x", "module"),
        (
            "class F(torch.autograd.Function):\n"
            "    @staticmethod\n    def forward(ctx, x): return x.clone()\n"
            "    @staticmethod\n    def backward(ctx, g): return g\nf = F.apply",
            "autograd_function",
        ),
    ],
)
def test_forms(ask: Ask, code: str, form: str) -> None:
    run = ask(code)
    assert run.setup.form == form
    assert run.calls["a"].value is not None
    assert run.calls["a"].value.numbers().tolist() == ROWS


def test_a_required_further_parameter_is_filled_by_name(ask: Ask) -> None:
    run = ask("def f(x, dim):\n    return x.sum(dim, keepdim=True) + 0 * x", fills={"dim": -1})
    assert run.calls["a"].value is not None
    assert run.calls["a"].value.numbers().tolist() == [[7.0] * 3, [17.0] * 3]


def test_without_a_call_the_statements_are_run_all_the_same(sandbox: Sandbox) -> None:
    assert (
        sandbox.run(Program((statement("def f(x): return x"),), "f"), []).setup.form == "function"
    )


def test_what_is_no_function_is_said_at_setup(ask: Ask) -> None:
    run = ask("f = torch.zeros(3)")
    assert run.setup.outcome == "raised"
    assert run.calls["a"].outcome == "not_run"
    assert "not a function but of type Tensor" in run.setup.faults[0][1].message


def test_a_failing_statement_does_not_stop_the_next(sandbox: Sandbox) -> None:
    statements = (statement("y = 1 / 0"), statement("import torch"), statement(EXP, cell=2))
    run = sandbox.run(Program(statements, "f"), [call()])
    assert run.calls["a"].outcome == "ok"
    assert [(number, fault.type) for number, fault in run.setup.faults] == [
        (0, "ZeroDivisionError")
    ]


def test_a_name_only_an_annotation_needs_costs_nothing(ask: Ask) -> None:
    assert ask("def f(x: Tensor) -> Tensor:\n    return x").calls["a"].outcome == "ok"


def test_watched_operators_are_seen_under_any_name(ask: Ask) -> None:
    run = ask("def f(x):\n    return getattr(x, 'ex' + 'p')()", watch=("aten::exp*",))
    assert run.calls["a"].ops == ("aten::exp",)


def test_a_call_of_very_many_operators_is_answered_without_watching(ask: Ask) -> None:
    code = "def f(x):\n    for _ in range(30_000):\n        x = x + 0\n    return x"
    observation = ask(code, watch=("aten::exp",)).calls["a"]
    assert observation.value is not None
    assert observation.value.numbers().tolist() == ROWS


@pytest.mark.parametrize("how", ["nudge", "roll"])
def test_poison_changes_an_answer_that_comes_from_the_library(ask: Ask, how: str) -> None:
    poison = Poison(("aten::exp",), (), how)  # type: ignore[arg-type]  # literals by parametrize
    honest, poisoned = ask(EXP).calls["a"], ask(EXP, poison=poison).calls["a"]
    assert poisoned.outcome == "ok"
    assert honest.value != poisoned.value


@pytest.mark.parametrize("how", ["nudge", "roll"])
def test_poison_leaves_alone_what_only_asserts_against_the_library(ask: Ask, how: str) -> None:
    code = "def f(x):\n    y = x * 2\n    assert torch.equal(torch.exp(x), torch.exp(x) + 0)\n"
    code += "    return y"
    poison = Poison(("aten::exp",), (), how)  # type: ignore[arg-type]  # literals by parametrize
    assert ask(code).calls["a"].value == ask(code, poison=poison).calls["a"].value


def test_sample_data_is_varied_and_nothing_else(sandbox: Sandbox) -> None:
    statements = (
        statement("import torch"),
        statement("data = torch.zeros(2, 3)", binds=("data",), data="random"),
        statement("fixed = torch.zeros(2, 3)", binds=("fixed",)),
        statement("def f(x):\n    return torch.stack([data, fixed])"),
    )
    seen = [
        sandbox.run(Program(statements, "f", vary=number), [call()]).calls["a"].value
        for number in (None, 1, 2)
    ]
    numbers = [value.numbers() for value in seen if value is not None]
    assert [bool(found[0].any()) for found in numbers] == [False, True, True]
    assert not any(found[1].any() for found in numbers)
    assert numbers[1][0].max() < -300
    assert abs(numbers[2][0]).max() <= 2


def test_accelerators_become_the_cpu(ask: Ask) -> None:
    code = (
        "dev = torch.device('cuda')\n"
        "def f(x):\n"
        "    torch.cuda.synchronize()\n"
        "    y = x.cuda().to(dev) + torch.zeros(1, device='cuda:0')\n"
        "    return torch.nn.Linear(3, 3).cuda()(y) * 0 + y.to('mps')"
    )
    observation = ask(code, devices=True).calls["a"]
    assert observation.fault is None
    assert observation.value is not None
    assert observation.value.numbers().tolist() == ROWS


def test_dice_are_the_same_for_every_call(ask: Ask) -> None:
    code = "import random, numpy\ndef f(x):\n    return torch.rand(3) + random.random()"
    run = ask(code + " + numpy.random.rand()", call("a"), call("b"))
    assert run.calls["a"].value == run.calls["b"].value


@pytest.mark.parametrize("module", ["grader", "grader.sandbox.wire", "grader.core.report"])
def test_our_own_package_cannot_be_imported(ask: Ask, module: str) -> None:
    run = ask(f"def f(x):\n    import {module}\n    return x")
    assert run.calls["a"].fault is not None
    assert run.calls["a"].fault.type == "ModuleNotFoundError"


def test_the_environment_is_clean(ask: Ask) -> None:
    run = ask("import os\ndef f(x):\n    raise ValueError(' '.join(sorted(os.environ)))")
    assert run.calls["a"].fault is not None
    assert set(run.calls["a"].fault.message.split()) == {
        "HOME",
        "LANG",
        "MKL_NUM_THREADS",
        "MPLBACKEND",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PATH",
        "TMPDIR",
    }


def test_no_descriptor_of_ours_is_open_in_the_child(ask: Ask) -> None:
    code = (
        "import os\n"
        "def f(x):\n"
        "    open_ = []\n"
        "    for n in range(100):\n"
        "        try:\n            os.fstat(n)\n            open_.append(float(n))\n"
        "        except OSError:\n            pass\n"
        "    return open_"
    )
    value = ask(code).calls["a"].value
    assert value is not None
    assert value.numbers().tolist() == [0, 1, 2, 20]


def test_a_child_that_speaks_out_of_turn_is_stopped(ask: Ask) -> None:
    code = (
        "import os, struct\nos.write(20, struct.pack('<BIQ', 4, 2, 0) + b'{}')\ndef f(x): return x"
    )
    run = ask(code)
    assert run.setup.outcome == "killed"


def test_an_oversized_frame_is_refused_before_it_is_read(ask: Ask) -> None:
    code = (
        "import os, struct, time\n"
        "def f(x):\n"
        "    os.write(20, struct.pack('<BIQ', 4, 2, 2**50))\n"
        "    time.sleep(60)"
    )
    began = time.monotonic()
    assert ask(code).calls["a"].outcome == "killed"
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("without", [{"seccomp"}, {"seccomp", "namespaces"}])
def test_what_a_child_leaves_running_dies_with_it(without: set[str]) -> None:
    mark = f"left-by-{uuid.uuid4().hex}"
    code = (
        "import ctypes, os, time\n"
        "if os.fork() == 0:\n"
        f"    ctypes.CDLL(None).prctl(15, b'{mark[:15]}', 0, 0, 0)\n"
        "    time.sleep(600)\n"
        "def f(x):\n    return x"
    )
    program = Program((statement("import torch"), statement(code, cell=2)), "f")
    with Sandbox("best-effort", without=frozenset(without)) as sandbox:
        assert sandbox.run(program, [call()]).calls["a"].outcome == "ok"
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and _named(mark[:15]):
            time.sleep(0.01)  # it is killed; whoever reaps it has yet to
        assert not _named(mark[:15])


def _named(name: str) -> list[str]:
    """Processes of that name on the whole machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if path.read_text(encoding="utf-8", errors="replace").strip() == name:
                found.append(path.parent.name)
    return found


def test_a_zygote_that_dies_is_replaced(sandbox: Sandbox) -> None:
    program = Program((statement("import torch"), statement(EXP, cell=2)), "f")
    before = sandbox.run(program, [call()]).calls["a"]
    os.kill(sandbox._zygote._process.pid, signal.SIGKILL)
    after = sandbox.run(program, [call()]).calls["a"]
    assert before.value == after.value


def test_a_large_call_may_take_longer() -> None:
    small, large = call(), call(rows=[[0.0] * 1000])
    limits = Limits()
    assert seconds_for(small, limits) < limits.call_seconds + 0.01
    assert seconds_for(large, limits) >= 10
    assert seconds_for(large, limits.doubled()) == 2 * seconds_for(large, limits)
