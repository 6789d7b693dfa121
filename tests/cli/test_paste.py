from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.cli.main import main
from grader.cli.paste import call_lines, convention_lines, literal, numbers
from grader.core.fixture import Argument, Fixture, Layout, Truth
from grader.core.observation import Call
from grader.core.slice import Slice
from grader.core.tensor import DTYPES, RawTensor, pack

ASSIGNMENTS: Final = Path(__file__).parents[2] / "grader" / "assignments"
ROW: Final = Argument("x", pack(np.array([[1.0, 2.0]]), "float32"))
CLASS: Final = Argument("target", pack(np.array([1]), "int64"))


def _fixture(tensor: RawTensor, layout: Layout = "contiguous", **more: Any) -> Fixture:
    truth = Truth(np.zeros(tensor.shape), np.zeros(tensor.shape))
    return Fixture(
        name="g/f",
        says="",
        kind="ordinary",
        dtype=tensor.dtype,
        visibility="visible",
        scored=True,
        literal=True,
        arguments=(Argument("x", tensor, layout),),
        truth=truth,
        digest="",
        **more,
    )


def _evaluated(text: str) -> torch.Tensor:
    value = eval(text, {"torch": torch, "good_f": lambda x: x})  # noqa: S307 - our own line
    assert isinstance(value, torch.Tensor)
    return value


def test_the_line_of_the_handbook() -> None:
    fixture = _fixture(pack(np.array([[0.0, 89.0]]), "float32"))
    assert call_lines("good_f", fixture) == ["good_f(torch.tensor([[0., 89.]]))"]


def test_other_dtypes_are_named() -> None:
    assert literal(pack(np.array([1.5]), "float16")) == "torch.tensor([1.5], dtype=torch.float16)"
    assert literal(pack(np.array([1]), "int64")) == "torch.tensor([1])"
    assert literal(RawTensor("float32", (0, 5), b"")) == "torch.zeros((0, 5), dtype=torch.float32)"


@given(
    st.sampled_from(sorted(set(DTYPES) - {"bool"})),
    st.sampled_from([(), (1,), (4,), (2, 2), (0, 3)]),
    st.data(),
)
def test_a_literal_gives_the_very_values(
    dtype: Any, shape: tuple[int, ...], data: st.DataObject
) -> None:
    count = int(np.prod(shape))
    entry = st.integers(-9, 9) if dtype.startswith("int") else st.floats(width=32)
    drawn = data.draw(st.lists(entry, min_size=count, max_size=count))
    tensor = pack(np.array(drawn, dtype=np.float64).reshape(shape), dtype)
    made = _evaluated(literal(tensor))
    assert str(made.dtype) == f"torch.{dtype}"
    assert made.shape == shape
    np.testing.assert_array_equal(made.to(torch.float64).numpy(), tensor.numbers())


@given(
    st.sampled_from(sorted(set(DTYPES) - {"bool", "bfloat16"})),
    st.sampled_from([(), (1,), (4,), (2, 2), (0, 3)]),
    st.data(),
)
def test_a_literal_array_gives_the_very_values(
    dtype: Any, shape: tuple[int, ...], data: st.DataObject
) -> None:
    count = int(np.prod(shape))
    entry = st.integers(-9, 9) if dtype.startswith("int") else st.floats(width=16)
    drawn = data.draw(st.lists(entry, min_size=count, max_size=count))
    tensor = pack(np.array(drawn, dtype=np.float64).reshape(shape), dtype)
    made = eval(literal(tensor, array=True), {"np": np})  # noqa: S307 - our own line
    assert isinstance(made, np.ndarray)
    assert (str(made.dtype), made.shape) == (dtype, shape)
    np.testing.assert_array_equal(made.astype(np.float64), tensor.numbers())


def test_numpy_has_no_bfloat16() -> None:
    line = literal(pack(np.array([1.5]), "bfloat16"), array=True)
    assert line == "torch.tensor([1.5], dtype=torch.bfloat16)"


def test_arrays_and_integers_are_passed_as_they_are() -> None:
    fixture = _fixture(ROW.tensor, "array")
    assert call_lines("f", fixture) == ["f(np.array([[1., 2.]], dtype=np.float32))"]
    call = Call("a", (ROW, CLASS))
    (line,) = convention_lines(Slice("backward", "found", symbol="g"), call)
    assert line == "g(torch.tensor([[1., 2.]]), torch.tensor([1]))"


APPLIED = """
import torch
class Pick(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, target):
        ctx.save_for_backward(x, target)
        return x[torch.arange(len(x)), target].square().sum()
    @staticmethod
    def backward(ctx, g):
        x, target = ctx.saved_tensors
        grad = torch.zeros_like(x)
        grad[torch.arange(len(x)), target] = 2 * x[torch.arange(len(x)), target]
        return g * grad, None
"""
UPSTREAM = pack(np.array(-3.0), "float32")


def _ran(code: str, lines: list[str]) -> Any:
    """What the last of the lines gives, below the notebook."""
    space: dict[str, Any] = {}
    exec(code, space)  # noqa: S102 - our own code
    *first, last = "; ".join(lines).split("; ")
    exec("\n".join(first), space)  # noqa: S102 - our own lines
    return eval(last, space)  # noqa: S307 - likewise


def test_an_applied_function_gets_all_its_arguments() -> None:
    cut = Slice("backward", "found", symbol="Pick", method="backward")
    call = Call("a", (ROW, CLASS), "gradient", UPSTREAM)
    lines = convention_lines(cut, call)
    assert lines[0] == "x = torch.tensor([[1., 2.]]).requires_grad_()"
    assert _ran(APPLIED, lines).tolist() == [[0.0, -12.0]]


def test_a_context_is_made_before_it_is_passed() -> None:
    cut = Slice("backward", "found", symbol="Pick", method="backward")
    code = APPLIED.replace("(torch.autograd.Function)", "")
    call = Call("a", (Argument("upstream", UPSTREAM),), "context", before=(ROW, CLASS))
    gradient, nothing = _ran(code, convention_lines(cut, call))
    assert gradient.tolist() == [[0.0, -12.0]]
    assert nothing is None


def test_gradient_lines_keep_the_other_arguments() -> None:
    truth = Truth(np.zeros(()), np.zeros(()))
    fixture = Fixture(
        "g/f", "", "ordinary", "float32", "visible", scored=True, literal=True,
        arguments=(ROW, CLASS), truth=truth, digest="", upstream=UPSTREAM,
    )  # fmt: skip
    code = "import torch\ndef f(x, target):\n    return 2 * x[0, target].sum()"
    lines = call_lines("f", fixture, gradient=True)
    assert _ran(code, lines).tolist() == [[0.0, -6.0]]


@pytest.mark.parametrize(
    ("reference", "criterion"),
    [
        ("cross_entropy/references/wrong/sum-not-mean.py", "batch"),
        ("cross_entropy/references/wrong/log-base-2.py", "differentiable"),
        ("cross_entropy/references/backward/sign-flipped.py", "backward-batch"),
        ("numpy_softmax/references/wrong/global-max.py", "per-row-shift"),
    ],
)
def test_what_an_explanation_says_comes_back_below_the_notebook(
    reference: str,
    criterion: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = (ASSIGNMENTS / reference).read_text(encoding="utf-8")
    (tmp_path / "a.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for command in (
        ("grade", "a.py", "--rubric", reference.partition("/")[0], "--out", "out"),
        ("explain", "a.py", criterion, "--out", "out"),
    ):
        with pytest.raises(SystemExit):
            main(command)
        shown = capsys.readouterr().out
    before, _, after = shown.partition("came back")
    lines = [line.strip() for line in before.splitlines() if line.startswith(6 * " ")][:-1]
    said = np.array(
        re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?|nan", after.split("(float32)")[0]), float
    )
    assert said.size
    with np.errstate(all="ignore"):
        found = np.asarray(_ran(source, lines))
    np.testing.assert_allclose(found.reshape(-1), said[: found.size], rtol=1e-5)


@pytest.mark.parametrize("layout", ["contiguous", "transposed", "strided", "expanded"])
def test_layouts_hold_the_same_values(layout: Layout) -> None:
    tensor = pack(np.array([[1.0, 2.0], [1.0, 2.0]]), "float32")
    (line,) = call_lines("good_f", _fixture(tensor, layout))
    made = _evaluated(line)
    assert made.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert made.is_contiguous() == (layout == "contiguous")


def test_gradient_lines_run() -> None:
    one = pack(np.array([[1.0, 0.0]]), "float32")
    lines = call_lines("good_f", _fixture(one, upstream=one), gradient=True)
    space: dict[str, Any] = {"torch": torch, "good_f": lambda x: 3 * x}
    exec("\n".join(lines), space)  # noqa: S102 - our own lines
    assert space["x"].grad.tolist() == [[3.0, 0.0]]


def test_numbers_are_short() -> None:
    assert numbers(np.array([[1 / 3, np.nan, np.inf]])) == "[[0.333333, nan, inf]]"
    assert numbers(pack(np.zeros((3, 4)), "float32")) == "12 numbers of shape (3, 4)"
    assert numbers(pack(np.array([True]), "bool")) == "[True]"
