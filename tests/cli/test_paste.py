from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.cli.paste import call_lines, literal, numbers
from grader.core.fixture import Argument, Fixture, Layout, Truth
from grader.core.tensor import DTYPES, RawTensor, pack


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
