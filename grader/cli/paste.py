"""A fixture as lines that a person can paste, and numbers as a person reads them.

The lines stand below a notebook that has imported `torch`, and numpy as `np` where it uses arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grader.core.fixture import Argument, Fixture
from grader.core.observation import Call
from grader.core.slice import Slice
from grader.core.tensor import RawTensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["call_lines", "convention_lines", "literal", "numbers"]

_DEFAULT_DTYPES: Final = {
    "torch": frozenset({"float32", "int64", "bool"}),
    "np": frozenset({"float64", "int64", "bool"}),
}
_CONTEXT: Final = (
    'ctx = type("Context", (), {"save_for_backward": '
    'lambda self, *saved: setattr(self, "saved_tensors", saved)})()'
)
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
            return [
                _CONTEXT,
                f"{symbol}.forward(ctx, {before})",
                f"{symbol}.{cut.method}(ctx, {given})",
            ]
        case "gradient":
            upstream = literal(call.upstream) if call.upstream else ""
            leaf = call.arguments[call.wrt]
            passed = _with_leaf(call.arguments, call.wrt, leaf.name)
            return [
                f"{leaf.name} = {_argument(leaf)}.requires_grad_()",
                f"{symbol}.apply({passed}).backward({upstream}); {leaf.name}.grad",
            ]


def call_lines(symbol: str, fixture: Fixture, *, gradient: bool = False, wrt: int = 0) -> list[str]:
    """Python that makes the call of `fixture`; `gradient`: backpropagates its upstream too."""
    if not gradient or fixture.upstream is None:
        given = ", ".join(_argument(one) for one in fixture.arguments)
        return [f"{symbol}({given})"]
    leaf = fixture.arguments[wrt]
    made = f"{_argument(leaf)}.requires_grad_()"
    given = _with_leaf(fixture.arguments, wrt, f"{leaf.name} * 1")
    upstream = literal(fixture.upstream)
    return [f"{leaf.name} = {made}", f"{symbol}({given}).backward({upstream}); {leaf.name}.grad"]


def literal(tensor: RawTensor, *, array: bool = False) -> str:
    """`torch.tensor([[0., 89.]])`, with `dtype=` where that would be guessed otherwise.

    `array`: a numpy array instead, `np.array([[0., 89.]], dtype=np.float32)`; of a dtype that numpy
    lacks a tensor all the same.
    """
    library = "np" if array and tensor.dtype != "bfloat16" else "torch"
    values = tensor.numbers()
    dtype = f"dtype={library}.{tensor.dtype}"
    if not values.size:
        return f"{library}.zeros({tuple(tensor.shape)}, {dtype})"
    made = f"{library}.{'array' if library == 'np' else 'tensor'}"
    told = "" if tensor.dtype in _DEFAULT_DTYPES[library] else f", {dtype}"
    return f"{made}({_nested(values)}{told})"


def numbers(tensor: RawTensor | NDArray[np.float64]) -> str:
    """Values to six digits for comparing by eye; only the shape where they are many."""
    values = tensor.numbers() if isinstance(tensor, RawTensor) else tensor
    if values.size > _SHOWN:
        return f"{values.size} numbers of shape {tuple(int(size) for size in values.shape)}"
    return _listed(values.tolist())


def _with_leaf(arguments: Sequence[Argument], wrt: int, leaf: str) -> str:
    """The arguments of a call, with `leaf` for the one that is differentiated."""
    return ", ".join(
        leaf if position == wrt else _argument(one) for position, one in enumerate(arguments)
    )


def _argument(argument: Argument) -> str:
    """The argument, laid out in memory as the fixture says."""
    tensor, layout = argument.tensor, argument.layout
    if layout == "array":
        return literal(tensor, array=True)
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
