"""A fixture as lines that a person can paste, and numbers as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grader.core.fixture import Argument, Fixture
from grader.core.observation import Call
from grader.core.slice import Slice
from grader.core.tensor import RawTensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["call_lines", "convention_lines", "literal", "numbers"]

_DEFAULT_DTYPES: Final = frozenset({"float32", "int64", "bool"})
_SHOWN: Final = 8


def convention_lines(cut: Slice, call: Call) -> list[str]:
    """Python that makes a call whose form the student chose."""
    given = ", ".join(_argument(one) for one in call.arguments)
    before = ", ".join(_argument(one) for one in call.before)
    symbol = cut.symbol
    match call.mode:
        case "value":
            return [f"{symbol}({given})"]
        case "method":
            fresh = any(f"class {symbol}" in statement.code for statement in cut.statements)
            made = f"{symbol}()" if fresh else symbol
            first = [f"made.forward({before})"] if call.before else []
            return [f"made = {made}", *first, f"made.{cut.method}({given})"]
        case "context":
            return [f"{symbol}.forward(ctx, {before})", f"{symbol}.{cut.method}(ctx, {given})"]
        case "gradient":
            upstream = literal(call.upstream) if call.upstream else ""
            name = call.arguments[0].name
            return [
                f"{name} = {given}.requires_grad_()",
                f"{symbol}.apply({name}).backward({upstream}); {name}.grad",
            ]


def call_lines(symbol: str, fixture: Fixture, *, gradient: bool = False, wrt: int = 0) -> list[str]:
    """Python that makes the call of `fixture`; `gradient`: backpropagates its upstream too."""
    if not gradient or fixture.upstream is None:
        given = ", ".join(_argument(one) for one in fixture.arguments)
        return [f"{symbol}({given})"]
    leaf = fixture.arguments[wrt]
    made = f"{_argument(leaf)}.requires_grad_()"
    given = ", ".join(
        f"{leaf.name} * 1" if position == wrt else _argument(one)
        for position, one in enumerate(fixture.arguments)
    )
    upstream = literal(fixture.upstream)
    return [f"{leaf.name} = {made}", f"{symbol}({given}).backward({upstream}); {leaf.name}.grad"]


def literal(tensor: RawTensor) -> str:
    """`torch.tensor([[0., 89.]])`, with `dtype=` where that would be guessed otherwise."""
    values = tensor.numbers()
    if not values.size:
        return f"torch.zeros({tuple(tensor.shape)}, dtype=torch.{tensor.dtype})"
    dtype = "" if tensor.dtype in _DEFAULT_DTYPES else f", dtype=torch.{tensor.dtype}"
    return f"torch.tensor({_nested(values)}{dtype})"


def numbers(tensor: RawTensor | NDArray[np.float64]) -> str:
    """Values to six digits for comparing by eye; only the shape where they are many."""
    values = tensor.numbers() if isinstance(tensor, RawTensor) else tensor
    if values.size > _SHOWN:
        return f"{values.size} numbers of shape {tuple(int(size) for size in values.shape)}"
    return _listed(values.tolist())


def _argument(argument: Argument) -> str:
    """The argument, laid out in memory as the fixture says."""
    tensor, layout = argument.tensor, argument.layout
    if layout == "transposed" and len(tensor.shape) == 2:
        return f"{literal(tensor)}.T.contiguous().T"
    if layout == "strided" and tensor.shape:
        return f"{literal(tensor)}.repeat_interleave(2, -1)[..., ::2]"
    if layout == "expanded" and tensor.shape and tensor.shape[0]:
        row = RawTensor(
            tensor.dtype, (1, *tensor.shape[1:]), tensor.data[: len(tensor.data) // tensor.shape[0]]
        )
        return f"{literal(row)}.expand{tuple(tensor.shape)}"
    return literal(tensor)


def _nested(values: NDArray[Any]) -> str:
    if values.ndim:
        return "[" + ", ".join(_nested(part) for part in values) + "]"
    value = values.item()
    if not isinstance(value, float):
        return repr(value)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return f"float('{value}')"
    short = f"{value:.9g}"
    told = short if float(short) == value else repr(value)
    return told if any(letter in told for letter in ".e") else f"{told}."


def _listed(values: object) -> str:
    if isinstance(values, list):
        return "[" + ", ".join(_listed(one) for one in values) + "]"
    return f"{values:.6g}" if isinstance(values, float) else repr(values)
